#include "formats/csv/csv_format.h"

#include "formats/csv/csv_decoder.h"
#include "formats/csv/csv_encoder.h"
#include "formats/csv/csv_options.h"

namespace millrace::formats {
namespace {

const char* check_character(std::string_view value) {
  return value.size() == 1 || value == "\\t" ? nullptr : "a single character, or '\\t'";
}

constexpr traits::OptionSpec kCsvOptions[] = {
    {.name = "csv.header",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation =
         "Files begin with a line of column names: read, it says where the columns are; "
         "written, it is put first."},
    {.name = "csv.field-delimiter",
     .default_value = ",",
     .check = check_character,
     .documentation = "What stands between two fields."},
    {.name = "csv.quote-character",
     .default_value = "\"",
     .check = check_character,
     .documentation = "What encloses a field that holds delimiters, quotes or line ends."},
    {.name = "csv.disable-quote-character",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation = "Quotes are characters like others."},
    {.name = "csv.escape-character",
     .check = check_character,
     .documentation =
         "Inside quotes, takes away the meaning of the next character; without it a quote "
         "is written twice."},
    {.name = "csv.null-literal",
     .documentation = "The unquoted text that stands for NULL; an empty field if not given."},
    {.name = "csv.allow-comments",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation = "Lines that begin with '#' are skipped."},
    {.name = "csv.ignore-parse-errors",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation = "A field that cannot be converted becomes NULL instead of making a bad row."},
    {.name = "csv.array-element-delimiter",
     .default_value = ";",
     .check = check_character,
     .documentation = "What stands between two elements of an ARRAY."},
};

constexpr traits::FormatTraits kTraits = {
    .name = "csv",
    .summary = "Lines of delimited fields (RFC 4180), with or without a header.",
    .decodes = true,
    .encodes = true,
    .takes_columns = true,
    .options = kCsvOptions,
};

char character(const traits::Options& options, std::string_view name) {
  const std::string& text = options.text(name);
  return text == "\\t" ? '\t' : text[0];
}

class CsvFormat final : public Format {
 public:
  const traits::FormatTraits& traits() const override { return kTraits; }

  Result<std::unique_ptr<FileDecoder>> open_file(const DecodeRequest& request, std::string name,
                                                 uint64_t file_bytes,
                                                 const Position& from) const override {
    return open_csv_file(request, CsvOptions::from(request.options), std::move(name), file_bytes,
                         from);
  }

  Result<std::unique_ptr<RecordDecoder>> record_decoder(
      const DecodeRequest& request) const override {
    return make_csv_record_decoder(request, CsvOptions::from(request.options));
  }

  Result<std::unique_ptr<RowEncoder>> encoder(const data::SchemaPtr& schema,
                                              const traits::Options& options) const override {
    return make_csv_encoder(schema, CsvOptions::from(options));
  }
};

}  // namespace

CsvOptions CsvOptions::from(const traits::Options& options) {
  CsvOptions csv;
  csv.delimiter = character(options, "csv.field-delimiter");
  csv.quotes = !options.boolean("csv.disable-quote-character");
  csv.quote = character(options, "csv.quote-character");
  if (options.has("csv.escape-character")) csv.escape = character(options, "csv.escape-character");
  csv.header = options.boolean("csv.header");
  csv.comments = options.boolean("csv.allow-comments");
  csv.null_on_error = options.boolean("csv.ignore-parse-errors");
  if (options.has("csv.null-literal")) csv.null_literal = options.text("csv.null-literal");
  csv.element_delimiter = character(options, "csv.array-element-delimiter");
  return csv;
}

std::unique_ptr<Format> make_csv_format() {
  return std::make_unique<CsvFormat>();
}

}  // namespace millrace::formats
