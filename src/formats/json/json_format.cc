#include "formats/json/json_format.h"

#include "formats/json/json_decoder.h"
#include "formats/json/json_encoder.h"
#include "formats/json/json_options.h"
#include "formats/json/json_row_parser.h"

namespace millrace::formats {
namespace {

constexpr traits::OptionSpec kJsonOptions[] = {
    {.name = "json.layout",
     .type = traits::OptionType::kChoice,
     .default_value = "auto",
     .choices = "auto|lines|array",
     .documentation =
         "Files: one object per line, or one array of objects; 'auto' looks at the first "
         "character."},
    {.name = "json.path",
     .documentation = "Files that are one document: where its rows are, '$.features[*]'."},
    {.name = "json.fail-on-missing-field",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation =
         "A row without one of the columns is a bad row; otherwise the column is NULL."},
    {.name = "json.ignore-parse-errors",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation = "A field that cannot be converted becomes NULL instead of making a bad row."},
    {.name = "json.timestamp-format.standard",
     .type = traits::OptionType::kChoice,
     .default_value = "SQL",
     .choices = "SQL|ISO-8601",
     .documentation =
         "Written times: '2024-02-29 23:56:05' or '2024-02-29T23:56:05'. Both are read."},
    {.name = "json.encode.ignore-null-fields",
     .type = traits::OptionType::kBoolean,
     .default_value = "false",
     .documentation = "Leaves columns that are NULL out of written objects."},
};

constexpr traits::FormatTraits kTraits = {
    .name = "json",
    .summary = "One JSON object per row: a record, a line, an element of an array.",
    .decodes = true,
    .encodes = true,
    .takes_columns = true,
    .options = kJsonOptions,
};

class JsonFormat final : public Format {
 public:
  const traits::FormatTraits& traits() const override { return kTraits; }

  Result<std::unique_ptr<FileDecoder>> open_file(const DecodeRequest& request, std::string name,
                                                 uint64_t file_bytes,
                                                 const Position& from) const override {
    const JsonOptions options = MILLRACE_TRY(JsonOptions::from(request.options));
    return open_json_file(request, options, std::move(name), file_bytes, from);
  }

  Result<std::unique_ptr<RecordDecoder>> record_decoder(
      const DecodeRequest& request) const override {
    MILLRACE_TRY(check_json_columns(request));
    const JsonOptions options = MILLRACE_TRY(JsonOptions::from(request.options));
    return make_json_record_decoder(request, options);
  }

  Result<std::unique_ptr<RowEncoder>> encoder(const data::SchemaPtr& schema,
                                              const traits::Options& options) const override {
    return make_json_encoder(schema, MILLRACE_TRY(JsonOptions::from(options)));
  }
};

}  // namespace

Result<JsonOptions> JsonOptions::from(const traits::Options& options) {
  JsonOptions json;
  const std::string& layout = options.text("json.layout");
  json.layout = layout == "lines"   ? JsonLayout::kLines
                : layout == "array" ? JsonLayout::kArray
                                    : JsonLayout::kAuto;
  json.has_path = options.has("json.path");
  if (json.has_path) json.path = MILLRACE_TRY(JsonPath::parse(options.text("json.path")));
  json.fail_on_missing_field = options.boolean("json.fail-on-missing-field");
  json.null_on_error = options.boolean("json.ignore-parse-errors");
  json.iso_timestamps = options.text("json.timestamp-format.standard") == "ISO-8601";
  json.ignore_null_fields = options.boolean("json.encode.ignore-null-fields");
  return json;
}

traits::OptionTable JsonOptions::table() {
  return kJsonOptions;
}

std::unique_ptr<Format> make_json_format() {
  return std::make_unique<JsonFormat>();
}

}  // namespace millrace::formats
