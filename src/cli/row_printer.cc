#include "cli/row_printer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/nearest.h"
#include "data/value.h"

namespace millrace::cli {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"table", "json", "jsonl", "csv", "markdown"};

// Columns on a terminal, not bytes: UTF-8 continuation bytes take no room.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string pad(std::string_view text, size_t width, bool right) {
  const size_t own = width_of(text);
  const std::string blanks(width > own ? width - own : 0, ' ');
  return right ? blanks + std::string(text) : std::string(text) + blanks;
}

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

// One JSON array of objects.
class JsonArrayPrinter final : public RowPrinter {
 public:
  JsonArrayPrinter(std::unique_ptr<formats::RowEncoder> encoder, Write write)
      : encoder_(std::move(encoder)), write_(std::move(write)) {}
  void rows(const data::Batch& batch) override {
    records_.clear();
    encoder_->encode(batch, "", records_);
    for (size_t n = 0; n < records_.size(); ++n) {
      write_(count_++ == 0 ? "[\n  " : ",\n  ");
      write_(records_[n]);
    }
  }
  uint64_t finish() override {
    write_(count_ == 0 ? "[]\n" : "\n]\n");
    return count_;
  }

 private:
  const std::unique_ptr<formats::RowEncoder> encoder_;
  const Write write_;
  formats::EncodedRecords records_;
  uint64_t count_ = 0;
};

// Aligned columns: psql's look, or Markdown's.
class AlignedPrinter final : public RowPrinter {
 public:
  AlignedPrinter(data::SchemaPtr schema, bool markdown, Write write)
      : schema_(std::move(schema)), markdown_(markdown), write_(std::move(write)) {
    for (const data::Field& field : schema_->fields()) widths_.push_back(width_of(field.name));
  }

  void rows(const data::Batch& batch) override {
    batch.for_each_row([&](uint32_t row) {
      std::vector<std::string> cells;
      for (size_t index = 0; index < schema_->columns(); ++index) {
        const data::Value value = batch.column(index)->value(row);
        std::string text = value.is_null() ? (markdown_ ? "" : "NULL")
                                           : data::to_string(value, schema_->field(index).type);
        if (markdown_) escape(text);
        widths_[index] = std::max(widths_[index], width_of(text));
        cells.push_back(std::move(text));
      }
      cells_.push_back(std::move(cells));
    });
  }

  // Later rows that are wider stand out of line.
  void show() override {
    if (!names_shown_) {
      std::vector<std::string> names;
      for (const data::Field& field : schema_->fields()) names.push_back(field.name);
      line(names, true);
      rule();
      names_shown_ = true;
    }
    for (const std::vector<std::string>& cells : cells_) line(cells, false);
    count_ += cells_.size();
    cells_.clear();
  }

  uint64_t finish() override {
    show();
    if (!markdown_) write_(fmt::format("({} row{})\n", count_, count_ == 1 ? "" : "s"));
    return count_;
  }

 private:
  static void escape(std::string& text) {
    for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
      text.insert(at, "\\");
    }
    std::ranges::replace(text, '\n', ' ');
  }

  void line(const std::vector<std::string>& cells, bool names) {
    std::string text = markdown_ ? "| " : " ";
    for (size_t index = 0; index < cells.size(); ++index) {
      if (index > 0) text += " | ";
      const bool right = !names && schema_->field(index).type.is_numeric();
      text += pad(cells[index], widths_[index], right);
    }
    if (markdown_) text += " |";
    while (text.ends_with(' ')) text.pop_back();
    write_(text + "\n");
  }

  void rule() {
    std::string text = markdown_ ? "|" : "";
    for (size_t index = 0; index < widths_.size(); ++index) {
      if (index > 0) text += markdown_ ? "|" : "+";
      text += std::string(widths_[index] + 2, '-');
    }
    write_(text + (markdown_ ? "|\n" : "\n"));
  }

  const data::SchemaPtr schema_;
  const bool markdown_;
  const Write write_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> cells_;
  bool names_shown_ = false;
  uint64_t count_ = 0;
};

}  // namespace

Result<OutputFormat> parse_output_format(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return static_cast<OutputFormat>(found - kNames.begin());
  return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no output format", name))
      .at("--output")
      .remedy(nearest_remedy(name, kNames));
}

Result<std::unique_ptr<RowPrinter>> make_row_printer(OutputFormat format, data::SchemaPtr schema,
                                                     const formats::Formats& formats, Write write) {
  const bool aligned = format == OutputFormat::kTable || format == OutputFormat::kMarkdown;
  if (aligned) {
    return std::make_unique<AlignedPrinter>(std::move(schema), format == OutputFormat::kMarkdown,
                                            std::move(write));
  }
  const formats::Format* encoding =
      MILLRACE_TRY(formats.find(format == OutputFormat::kCsv ? "csv" : "json"));
  std::vector<traits::WrittenOption> written;
  if (format == OutputFormat::kCsv) written.push_back({.name = "csv.header", .value = "true"});
  const auto options = MILLRACE_TRY(
      traits::Options::parse(std::array{encoding->traits().options}, written, "output format"));
  auto encoder = MILLRACE_TRY(encoding->encoder(schema, options));
  if (format == OutputFormat::kJson) {
    return std::make_unique<JsonArrayPrinter>(std::move(encoder), std::move(write));
  }
  return std::make_unique<EncodedPrinter>(std::move(encoder), std::move(write));
}

}  // namespace millrace::cli
