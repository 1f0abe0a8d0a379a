#include "formats/json/json_decoder.h"

#include <fmt/core.h>

#include <cstring>

#include "formats/json/json_row_parser.h"
#include "formats/json/json_text.h"
#include "formats/text_input.h"

namespace millrace::formats {
namespace {

constexpr size_t kRowBytesMax = 64 << 20;
constexpr size_t kPrefixBytesMax = 256 << 20;

// What find_row found at the front of the input.
enum class Found : uint8_t {
  kRow,    // row_: [begin, end) of the rest
  kBlank,  // an empty line: a number without a row
  kBad,    // [begin, end) is no row; reason_ says why
  kNeedsBytes,
  kEnd,
};

class JsonFileDecoder final : public FileDecoder {
 public:
  JsonFileDecoder(const DecodeRequest& request, JsonOptions options, std::string name,
                  uint64_t file_bytes, uint64_t offset)
      : options_(std::move(options)),
        name_(std::move(name)),
        parser_(request, options_),
        input_(file_bytes, offset),
        builder_(parser_.schema()) {}

  // Goes on behind a position, whose first word is `mode`.
  void resume(std::string_view mode, int64_t number) {
    mode_ = mode == "end" ? Mode::kEnd : mode == "lines" ? Mode::kLines : Mode::kElements;
    number_ = number;
  }

  std::vector<ByteRange> wanted() override { return input_.wanted(); }
  void supply(ByteRange range, Buffer bytes) override { input_.supply(range, std::move(bytes)); }

  Result<Progress> decode(uint32_t rows_max, Decoded& to) override {
    to = Decoded();
    while (mode_ == Mode::kUnknown) {
      const bool known = MILLRACE_TRY(find_start());
      if (!known && !input_.advance()) return Progress::kNeedsBytes;
    }
    int64_t first = number_;
    while (builder_.rows() < rows_max) {
      if (builder_.empty()) first = number_;
      const Found found = MILLRACE_TRY(find_row());
      if (found == Found::kNeedsBytes) {
        if (input_.advance()) continue;
        // What is there goes on first; the rest comes with the next block.
        return builder_.empty() ? Progress::kNeedsBytes : finish(first, to);
      }
      if (found == Found::kEnd) return builder_.empty() ? Progress::kDone : finish(first, to);
      const std::string_view row = input_.rest().substr(begin_, end_ - begin_);
      if (found == Found::kRow && parser_.parse(row, builder_)) [[likely]] {
        step_over();
        continue;
      }
      if (found == Found::kBlank) {
        // A gap in the numbers ends the batch.
        if (!builder_.empty()) return finish(first, to);
        step_over();
        continue;
      }
      to.bad.push_back(bad_row(found, row));
      step_over();
      return finish(first, to);
    }
    return finish(first, to);
  }

 private:
  enum class Mode : uint8_t { kUnknown, kLines, kElements, kOneRow, kEnd };

  Progress finish(int64_t first, Decoded& to) {
    to.first_row = first;
    if (!builder_.empty()) to.batch = builder_.finish();
    const char* mode = mode_ == Mode::kEnd ? "end" : mode_ == Mode::kLines ? "lines" : "elements";
    to.behind = TextPosition{mode, input_.offset(), number_}.to_string();
    return Progress::kRows;
  }

  BadRow bad_row(Found found, std::string_view row) {
    BadRow bad;
    const FieldFailure& failure = parser_.failure();
    bad.code = found == Found::kRow ? failure.code : ErrorCode::kMalformedRow;
    bad.reason = found == Found::kRow ? failure.reason : reason_;
    bad.where =
        mode_ == Mode::kLines ? fmt::format(":{}", number_ + 1) : fmt::format("[{}]", number_);
    bad.number = number_;
    bad.offset = input_.offset() + begin_;
    bad.raw = row.substr(0, kRawBytesMax);
    return bad;
  }

  void step_over() {
    input_.consume(next_);
    ++number_;
    scanned_ = 0;
    if (mode_ == Mode::kOneRow || ends_here_) mode_ = Mode::kEnd;
  }

  // Lines or elements, and where they begin. False: more bytes are needed.
  Result<bool> find_start() {
    const std::string_view rest = input_.rest();
    if (rest.empty() && !input_.whole()) return false;
    if (!checked_head_) {
      MILLRACE_TRY(check_head(rest));
      checked_head_ = true;
      if (rest.starts_with("\xef\xbb\xbf")) input_.consume(3);
    }
    if (options_.has_path) return find_path();
    if (options_.layout == JsonLayout::kLines) {
      mode_ = Mode::kLines;
      return true;
    }
    const std::string_view text = input_.rest();
    const size_t at = skip_json_blanks(text, 0);
    if (at == text.size() && !input_.whole()) return false;
    if (at < text.size() && text[at] == '[') {
      input_.consume(at + 1);
      mode_ = Mode::kElements;
      return true;
    }
    if (options_.layout == JsonLayout::kArray && at < text.size()) {
      return malformed("the file does not begin with '['").remedy("Leave out 'json.layout'.");
    }
    mode_ = Mode::kLines;
    return true;
  }

  Result<void> check_head(std::string_view head) {
    const std::string_view kind = recognise_binary(head);
    if (kind.empty()) return {};
    return malformed(fmt::format("the file is {}, not JSON text", kind))
        .remedy(kind == "a Parquet file" ? "Say 'format' = 'parquet' for it."
                                         : "Give a file of JSON text.");
  }

  Result<bool> find_path() {
    const std::string_view text = input_.rest();
    size_t at = 0;
    std::string reason;
    const JsonFind found = find_json_member(text, options_.path.names, at, reason);
    if (found == JsonFind::kCut && !input_.whole()) {
      if (text.size() > kPrefixBytesMax) {
        return malformed("no rows are found at 'json.path' in the first 256 MiB");
      }
      return false;
    }
    if (found == JsonFind::kCut) return malformed("the file ends before the rows of 'json.path'");
    if (found == JsonFind::kMissing) {
      return malformed(std::move(reason)).remedy("Check the option 'json.path'.");
    }
    if (options_.path.each && text[at] != '[') {
      return malformed("what stands at 'json.path' is no array")
          .remedy("Check the option 'json.path'.");
    }
    mode_ = text[at] == '[' ? Mode::kElements : Mode::kOneRow;
    input_.consume(mode_ == Mode::kElements ? at + 1 : at);
    return true;
  }

  Error malformed(std::string what) const {
    return Error(ErrorCode::kMalformedFile, std::move(what)).at(name_);
  }

  Result<Found> find_row() {
    ends_here_ = false;
    if (mode_ == Mode::kEnd) return Found::kEnd;
    if (input_.rest().size() > kRowBytesMax && scanned_ > kRowBytesMax) {
      return malformed(fmt::format("a row is longer than {} MiB", kRowBytesMax >> 20));
    }
    if (mode_ == Mode::kLines) return find_line();
    return find_element();
  }

  Found find_line() {
    const std::string_view rest = input_.rest();
    const char* newline = rest.size() > scanned_
                              ? static_cast<const char*>(std::memchr(rest.data() + scanned_, '\n',
                                                                     rest.size() - scanned_))
                              : nullptr;
    if (newline == nullptr && !input_.whole()) {
      scanned_ = rest.size();
      return Found::kNeedsBytes;
    }
    if (newline == nullptr && rest.empty()) return Found::kEnd;
    begin_ = 0;
    end_ = newline != nullptr ? static_cast<size_t>(newline - rest.data()) : rest.size();
    next_ = newline != nullptr ? end_ + 1 : end_;
    while (end_ > 0 && static_cast<uint8_t>(rest[end_ - 1]) <= ' ') --end_;
    return end_ == 0 ? Found::kBlank : Found::kRow;
  }

  // The input stands behind '[' or behind an element.
  Found find_element() {
    const std::string_view rest = input_.rest();
    size_t at = skip_json_blanks(rest, 0);
    if (mode_ == Mode::kElements) {
      if (at < rest.size() && rest[at] == ',') at = skip_json_blanks(rest, at + 1);
      if (at < rest.size() && rest[at] == ']') return end_of_array(at + 1);
    }
    begin_ = at;
    size_t end = at;
    const JsonSkip skip = skip_json_value(rest, end);
    if (skip == JsonSkip::kCut) {
      if (!input_.whole()) {
        scanned_ = rest.size();
        return Found::kNeedsBytes;
      }
      return rest_is_bad(at, at == rest.size() ? "the file ends before its array does"
                                               : "the file ends in the middle of a row");
    }
    if (skip == JsonSkip::kBad)
      return rest_is_bad(at, "here the array is not JSON; the rest is left out");
    end_ = next_ = end;
    return options_.path.row_names.empty() ? Found::kRow : find_inside(rest);
  }

  Found end_of_array(size_t at) {
    const std::string_view rest = input_.rest();
    at = skip_json_blanks(rest, at);
    if (at == rest.size() && !input_.whole()) return Found::kNeedsBytes;
    mode_ = Mode::kEnd;
    // Behind an array inside a document there is the document's rest.
    if (at == rest.size() || options_.has_path) return Found::kEnd;
    return rest_is_bad(at, "something follows the array");
  }

  Found rest_is_bad(size_t at, const char* reason) {
    begin_ = at;
    end_ = next_ = input_.rest().size();
    reason_ = reason;
    ends_here_ = true;
    return Found::kBad;
  }

  // Narrows [begin_, end_) from an element to its row.
  Found find_inside(std::string_view rest) {
    const std::string_view element = rest.substr(begin_, end_ - begin_);
    size_t at = 0;
    if (find_json_member(element, options_.path.row_names, at, reason_) != JsonFind::kFound) {
      if (reason_.empty()) reason_ = "the element has no such member";
      return Found::kBad;
    }
    size_t end = at;
    skip_json_value(element, end);
    end_ = begin_ + end;
    begin_ += at;
    return Found::kRow;
  }

  const JsonOptions options_;
  const std::string name_;
  JsonRowParser parser_;
  TextInput input_;
  data::BatchBuilder builder_;
  Mode mode_ = Mode::kUnknown;
  bool checked_head_ = false;
  bool ends_here_ = false;  // nothing comes behind the row found last
  int64_t number_ = 0;      // of the next line or element
  size_t scanned_ = 0;      // of the rest: no row ends before
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t next_ = 0;  // behind the row and its separator
  std::string reason_;
};

class JsonRecordDecoder final : public RecordDecoder {
 public:
  JsonRecordDecoder(const DecodeRequest& request, const JsonOptions& options)
      : parser_(request, options), builder_(parser_.schema()) {}

  void decode(std::span<const std::string_view> values, DecodedRecords& to) override {
    to.bad.clear();
    for (uint32_t index = 0; index < values.size(); ++index) {
      if (parser_.parse(values[index], builder_)) continue;
      to.bad.push_back({index, parser_.failure().code, parser_.failure().reason});
    }
    to.batch = builder_.finish();
  }

 private:
  JsonRowParser parser_;
  data::BatchBuilder builder_;
};

}  // namespace

Result<std::unique_ptr<FileDecoder>> open_json_file(const DecodeRequest& request,
                                                    const JsonOptions& options, std::string name,
                                                    uint64_t file_bytes, const Position& from) {
  MILLRACE_TRY(check_json_columns(request));
  TextPosition position;
  if (!from.empty()) position = MILLRACE_TRY(TextPosition::parse(from, file_bytes, name));
  auto decoder = std::make_unique<JsonFileDecoder>(request, options, std::move(name), file_bytes,
                                                   position.offset);
  if (!from.empty()) decoder->resume(position.mode, position.number);
  return decoder;
}

std::unique_ptr<RecordDecoder> make_json_record_decoder(const DecodeRequest& request,
                                                        const JsonOptions& options) {
  return std::make_unique<JsonRecordDecoder>(request, options);
}

}  // namespace millrace::formats
