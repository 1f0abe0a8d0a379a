#include "formats/csv/csv_encoder.h"

#include "formats/value_text.h"

namespace millrace::formats {
namespace {

class CsvEncoder final : public RowEncoder {
 public:
  CsvEncoder(const data::SchemaPtr& schema, const CsvOptions& options) : options_(options) {
    if (!options_.header) return;
    for (const data::Field& field : schema->fields()) {
      if (!header_.empty()) header_ += options_.delimiter;
      append_field(header_, field.name);
    }
    header_ += '\n';
  }

  std::string_view file_header() const override { return header_; }

  void encode(const data::Batch& batch, std::string_view terminator, EncodedRecords& to) override {
    batch.for_each_row([&](uint32_t row) {
      for (size_t index = 0; index < batch.columns().size(); ++index) {
        if (index != 0) to.bytes += options_.delimiter;
        append_value(to.bytes, *batch.column(index), row);
      }
      to.bytes += terminator;
      to.ends.push_back(to.bytes.size());
    });
  }

 private:
  void append_value(std::string& to, const data::Column& column, uint32_t row) {
    if (column.is_null(row)) {
      to += options_.null_literal;
    } else if (column.type().kind() == data::TypeKind::kArray) {
      append_list(to, column, row);
    } else {
      scratch_.clear();
      append_plain_value(scratch_, column, row, {});
      append_field(to, scratch_);
    }
  }

  // The elements of an array with the delimiter that reading expects.
  void append_list(std::string& to, const data::Column& column, uint32_t row) {
    const uint32_t place = column.is_flat() ? row : 0;
    const uint32_t* offsets = column.data<uint32_t>();
    const data::Column& elements = *column.children()[0];
    std::string list;
    for (uint32_t at = offsets[place]; at < offsets[place + 1]; ++at) {
      if (at != offsets[place]) list += options_.element_delimiter;
      if (elements.is_null(at)) {
        list += options_.null_literal;
      } else {
        append_plain_value(list, elements, at, {});
      }
    }
    append_field(to, list);
  }

  void append_field(std::string& to, std::string_view text) const {
    bool quote = text == options_.null_literal;
    for (const char c : text) {
      quote |= c == options_.delimiter || c == options_.quote || c == '\n' || c == '\r' ||
               (options_.escape != '\0' && c == options_.escape);
    }
    // A line that begins with '#' might be read as a comment, and one of blanks as none.
    quote |= !text.empty() && text[0] == '#';
    // At the beginning of a file it would be read as a byte order mark.
    quote |= text.starts_with("\xEF\xBB\xBF");
    if (!quote || !options_.quotes) {
      to += text;
      return;
    }
    to += options_.quote;
    for (const char c : text) {
      const bool special = c == options_.quote || (options_.escape != '\0' && c == options_.escape);
      if (special) to += options_.escape != '\0' ? options_.escape : options_.quote;
      to += c;
    }
    to += options_.quote;
  }

  const CsvOptions options_;
  std::string header_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<RowEncoder> make_csv_encoder(const data::SchemaPtr& schema,
                                             const CsvOptions& options) {
  return std::make_unique<CsvEncoder>(schema, options);
}

}  // namespace millrace::formats
