#include "formats/csv/csv_decoder.h"

#include <fmt/core.h>

#include <cstring>

#include "formats/csv/csv_row_parser.h"
#include "formats/text_input.h"

namespace millrace::formats {
namespace {

// A quote that is not closed within this many bytes is taken for a mistake in its line.
constexpr size_t kQuotedBytesMax = 4 << 20;
constexpr size_t kRowBytesMax = 64 << 20;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

class CsvFileDecoder final : public FileDecoder {
 public:
  CsvFileDecoder(const DecodeRequest& request, const CsvOptions& options, std::string name,
                 uint64_t file_bytes, const TextPosition& position)
      : options_(options),
        name_(std::move(name)),
        splitter_(options),
        parser_(request, options),
        header_(file_bytes, 0),
        input_(file_bytes, position.offset),
        builder_(parser_.schema()),
        number_(position.number),
        needs_header_(options.header && position.offset > 0),
        at_start_(position.offset == 0) {}

  std::vector<ByteRange> wanted() override {
    if (!needs_header_) return input_.wanted();
    std::vector<ByteRange> ranges = header_.wanted();
    if (ranges.size() > 1) ranges.resize(1);
    return ranges;
  }

  void supply(ByteRange range, Buffer bytes) override {
    (needs_header_ ? header_ : input_).supply(range, std::move(bytes));
  }

  Result<Progress> decode(uint32_t rows_max, Decoded& to) override {
    to = Decoded();
    if (needs_header_) {
      const bool known = MILLRACE_TRY(read_header(header_));
      if (!known) return Progress::kNeedsBytes;
      needs_header_ = false;
    }
    if (at_start_) {
      const bool started = MILLRACE_TRY(start());
      if (!started) return Progress::kNeedsBytes;
      at_start_ = false;
    }
    int64_t first = number_;
    while (builder_.rows() < rows_max) {
      if (builder_.empty()) first = number_;
      if (input_.at_end()) return builder_.empty() ? Progress::kDone : finish(first, to);
      const std::string_view rest = input_.rest();
      const size_t skipped = skipped_line(rest);
      if (skipped != 0) {
        // A gap in the numbers ends the batch.
        if (!builder_.empty()) return finish(first, to);
        step_over(skipped, 1);
        continue;
      }
      const CsvSplit split = rest.empty() ? CsvSplit::kCut : splitter_.split(rest, input_.whole());
      if (cut(split, rest)) {
        if (rest.size() > kRowBytesMax) return malformed("a row is longer than 64 MiB");
        if (input_.advance()) continue;
        return builder_.empty() ? Progress::kNeedsBytes : finish(first, to);
      }
      const std::string_view row = rest.substr(0, splitter_.size());
      if (split == CsvSplit::kRow && parser_.parse(splitter_, row, builder_)) [[likely]] {
        const uint32_t lines = splitter_.lines();
        step_over(splitter_.size(), lines);
        if (lines > 1) return finish(first, to);
        continue;
      }
      reject(split, rest, to);
      return finish(first, to);
    }
    return finish(first, to);
  }

 private:
  // The row goes on behind what has been read.
  bool cut(CsvSplit split, std::string_view rest) const {
    if (input_.whole()) return false;
    switch (split) {
      case CsvSplit::kRow:
        return false;
      case CsvSplit::kCut:
        return true;
      case CsvSplit::kUnclosed:
        return rest.size() <= kQuotedBytesMax;
      case CsvSplit::kBehindQuote:
        return splitter_.size() == rest.size() && rest.back() != '\n';
    }
    return false;
  }

  void step_over(size_t bytes, uint32_t lines) {
    input_.consume(bytes);
    number_ += lines;
  }

  Progress finish(int64_t first, Decoded& to) {
    to.first_row = first;
    if (!builder_.empty()) to.batch = builder_.finish();
    to.behind = TextPosition{"csv", input_.offset(), number_}.to_string();
    return Progress::kRows;
  }

  // Bytes of a line without a row at the front: a blank one or a comment; 0: it is a row, or the
  // line is not all there.
  size_t skipped_line(std::string_view rest) const {
    if (rest.empty()) return 0;
    const bool comment = options_.comments && rest[0] == '#';
    if (!comment && parser_.fields_expected() == 1) return 0;
    if (rest[0] != '\n' && rest[0] != '\r' && !comment) return 0;
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      return input_.whole() && (comment || rest.size() == 1) ? rest.size() : 0;
    }
    return comment || end == (rest[0] == '\r' ? 1U : 0U) ? end + 1 : 0;
  }

  void reject(CsvSplit split, std::string_view rest, Decoded& to) {
    size_t bytes = splitter_.size();
    uint32_t lines = splitter_.lines();
    FieldFailure failure;
    if (split == CsvSplit::kUnclosed) {
      // The line alone is lost, not what follows.
      const size_t end = rest.find('\n');
      bytes = end == std::string_view::npos ? rest.size() : end + 1;
      lines = 1;
      failure = {ErrorCode::kMalformedRow, "a quote is never closed"};
    } else if (split == CsvSplit::kBehindQuote) {
      failure = {ErrorCode::kMalformedRow, "a field goes on behind its closing quote"};
    } else {
      failure = parser_.failure_of(splitter_, number_ == 0);
    }
    BadRow bad;
    bad.code = failure.code;
    bad.reason = std::move(failure.reason);
    bad.where = fmt::format(":{}", number_ + 1);
    bad.number = number_;
    bad.offset = input_.offset();
    std::string_view raw = rest.substr(0, bytes);
    while (!raw.empty() && (raw.back() == '\n' || raw.back() == '\r')) raw.remove_suffix(1);
    bad.raw = raw.substr(0, kRawBytesMax);
    to.bad.push_back(std::move(bad));
    step_over(bytes, std::max(lines, 1U));
  }

  // The first line of the file as a header, from `input`. False: more bytes are needed.
  Result<bool> read_header(TextInput& input) {
    while (true) {
      skip_byte_order_mark(input);
      const std::string_view rest = input.rest();
      const CsvSplit split = rest.empty() ? CsvSplit::kCut : splitter_.split(rest, input.whole());
      if (split == CsvSplit::kRow) break;
      if (input.whole() || (split != CsvSplit::kCut && split != CsvSplit::kUnclosed)) {
        return malformed("the file does not begin with a header line");
      }
      if (!input.advance()) return false;
    }
    const Result<void> used = parser_.use_header(splitter_);
    if (!used) return Error(used.error()).at(name_ + ":1");
    return true;
  }

  // At the beginning of the file: is it text, and what does its header say.
  Result<bool> start() {
    if (input_.rest().empty() && !input_.whole() && !input_.advance()) return false;
    const std::string_view kind = recognise_binary(input_.rest());
    if (!kind.empty()) {
      return malformed(fmt::format("the file is {}, not CSV text", kind))
          .remedy(kind == "a Parquet file" ? "Say 'format' = 'parquet' for it."
                                           : "Give a file of text.");
    }
    skip_byte_order_mark(input_);
    if (options_.header && !input_.at_end()) {
      const bool known = MILLRACE_TRY(read_header(input_));
      if (!known) return false;
      step_over(splitter_.size(), splitter_.lines());
    }
    return true;
  }

  static void skip_byte_order_mark(TextInput& input) {
    if (input.offset() == 0 && input.rest().starts_with(kByteOrderMark)) {
      input.consume(kByteOrderMark.size());
    }
  }

  Error malformed(std::string what) const {
    return Error(ErrorCode::kMalformedFile, std::move(what)).at(name_);
  }

  const CsvOptions options_;
  const std::string name_;
  CsvRowSplitter splitter_;
  CsvRowParser parser_;
  TextInput header_;
  TextInput input_;
  data::BatchBuilder builder_;
  int64_t number_;  // of the next line
  bool needs_header_;
  bool at_start_;
};

class CsvRecordDecoder final : public RecordDecoder {
 public:
  CsvRecordDecoder(const DecodeRequest& request, const CsvOptions& options)
      : splitter_(options), parser_(request, options), builder_(parser_.schema()) {}

  void decode(std::span<const std::string_view> values, DecodedRecords& to) override {
    to.bad.clear();
    for (uint32_t index = 0; index < values.size(); ++index) {
      const CsvSplit split = splitter_.split(values[index], true);
      if (split == CsvSplit::kRow && splitter_.size() == values[index].size()) {
        if (parser_.parse(splitter_, values[index], builder_)) continue;
        const FieldFailure failure = parser_.failure_of(splitter_, false);
        to.bad.push_back({index, failure.code, failure.reason});
        continue;
      }
      to.bad.push_back({index, ErrorCode::kMalformedRow,
                        split == CsvSplit::kRow ? "the record is more than one row"
                        : split == CsvSplit::kUnclosed
                            ? "a quote is never closed"
                            : "a field goes on behind its closing quote"});
    }
    to.batch = builder_.finish();
  }

 private:
  CsvRowSplitter splitter_;
  CsvRowParser parser_;
  data::BatchBuilder builder_;
};

}  // namespace

Result<std::unique_ptr<FileDecoder>> open_csv_file(const DecodeRequest& request,
                                                   const CsvOptions& options, std::string name,
                                                   uint64_t file_bytes, const Position& from) {
  MILLRACE_TRY(check_csv_columns(request));
  TextPosition position;
  if (!from.empty()) position = MILLRACE_TRY(TextPosition::parse(from, file_bytes, name));
  return std::make_unique<CsvFileDecoder>(request, options, std::move(name), file_bytes, position);
}

Result<std::unique_ptr<RecordDecoder>> make_csv_record_decoder(const DecodeRequest& request,
                                                               const CsvOptions& options) {
  MILLRACE_TRY(check_csv_columns(request));
  return std::make_unique<CsvRecordDecoder>(request, options);
}

}  // namespace millrace::formats
