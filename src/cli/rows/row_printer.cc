#include "cli/rows/row_printer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/nearest.h"
#include "cli/rows/aligned_printer.h"

namespace millrace::cli {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"table", "json", "jsonl", "csv", "markdown"};

// Records of a format, one behind the other.
class EncodedPrinter final : public RowPrinter {
 public:
  EncodedPrinter(std::unique_ptr<formats::RowEncoder> encoder, Write write)
      : encoder_(std::move(encoder)), write_(std::move(write)) {
    if (!encoder_->file_header().empty()) write_(encoder_->file_header());
  }
  void rows(const data::Batch& batch) override {
    records_.clear();
    encoder_->encode(batch, encoder_->record_end(), records_);
    count_ += records_.size();
    write_(records_.bytes);
  }
  uint64_t finish() override { return count_; }

 private:
  const std::unique_ptr<formats::RowEncoder> encoder_;
  const Write write_;
  formats::EncodedRecords records_;
  uint64_t count_ = 0;
};

// A text as JSON writes it.
std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<unsigned char>(c) < ' ') {
      json += fmt::format("\\u{:04x}", static_cast<int>(c));
    } else {
      json += c;
    }
  }
  return json + '"';
}

// A result inside of the document: its columns, and a JSON object a row.
class JsonPrinter final : public RowPrinter {
 public:
  JsonPrinter(const data::Schema& schema, std::unique_ptr<formats::RowEncoder> encoder, Write write)
      : encoder_(std::move(encoder)), write_(std::move(write)) {
    std::string head = "{\"columns\":[";
    for (const data::Field& field : schema.fields()) {
      if (head.back() == '}') head += ',';
      head += fmt::format("{{\"name\":{},\"type\":{}}}", quoted(field.name),
                          quoted(field.type.to_string()));
    }
    write_(head + "],\"rows\":[");
  }
  void rows(const data::Batch& batch) override {
    records_.clear();
    encoder_->encode(batch, "", records_);
    for (size_t n = 0; n < records_.size(); ++n) {
      write_(count_++ == 0 ? "\n  " : ",\n  ");
      write_(records_[n]);
    }
  }
  uint64_t finish() override {
    write_(count_ == 0 ? "]}" : "\n]}");
    return count_;
  }

 private:
  const std::unique_ptr<formats::RowEncoder> encoder_;
  const Write write_;
  formats::EncodedRecords records_;
  uint64_t count_ = 0;
};

// Of two equal keys of an object most readers would drop one: the second a is a_2.
data::SchemaPtr with_unique_names(const data::Schema& schema) {
  std::vector<data::Field> fields = schema.fields();
  std::set<std::string> taken;
  for (data::Field& field : fields) {
    const std::string name = field.name;
    for (int number = 2; !taken.insert(field.name).second; ++number) {
      field.name = fmt::format("{}_{}", name, number);
    }
  }
  return data::make_schema(std::move(fields));
}

std::unique_ptr<formats::RowEncoder> make_encoder(OutputFormat format,
                                                  const data::SchemaPtr& schema,
                                                  const formats::Formats& formats) {
  const bool csv = format == OutputFormat::kCsv;
  const auto encoding = formats.find(csv ? "csv" : "json");
  MILLRACE_ASSERT(encoding.has_value());
  std::vector<traits::WrittenOption> written;
  if (csv) written.push_back({.name = "csv.header", .value = "true"});
  const auto options =
      traits::Options::parse(std::array{(*encoding)->traits().options}, written, "output format");
  MILLRACE_ASSERT(options.has_value());
  auto encoder = (*encoding)->encoder(schema, *options);
  MILLRACE_ASSERT(encoder.has_value());
  return std::move(*encoder);
}

}  // namespace

Result<OutputFormat> parse_output_format(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return static_cast<OutputFormat>(found - kNames.begin());
  return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no output format", name))
      .at("--output")
      .remedy(nearest_remedy(name, kNames));
}

std::unique_ptr<RowPrinter> make_row_printer(Look look, data::SchemaPtr schema,
                                             const formats::Formats& formats, Write write) {
  if (look.format == OutputFormat::kTable || look.format == OutputFormat::kMarkdown) {
    return std::make_unique<AlignedPrinter>(
        std::move(schema), look.format == OutputFormat::kMarkdown, look, std::move(write));
  }
  if (look.format != OutputFormat::kCsv) schema = with_unique_names(*schema);
  auto encoder = make_encoder(look.format, schema, formats);
  if (look.format == OutputFormat::kJson) {
    return std::make_unique<JsonPrinter>(*schema, std::move(encoder), std::move(write));
  }
  return std::make_unique<EncodedPrinter>(std::move(encoder), std::move(write));
}

}  // namespace millrace::cli
