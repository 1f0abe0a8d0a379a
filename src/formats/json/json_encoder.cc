#include "formats/json/json_encoder.h"

#include "formats/json/json_text.h"
#include "formats/value_text.h"

namespace millrace::formats {
namespace {

class JsonEncoder final : public RowEncoder {
 public:
  JsonEncoder(const data::SchemaPtr& schema, const JsonOptions& options)
      : options_{options.iso_timestamps ? 'T' : ' ', options.ignore_null_fields} {
    for (const data::Field& field : schema->fields()) {
      std::string name;
      append_json_string(name, field.name);
      names_.push_back(name + ":");
    }
  }

  void encode(const data::Batch& batch, std::string_view terminator, EncodedRecords& to) override {
    batch.for_each_row([&](uint32_t row) {
      append_row(to.bytes, batch, row);
      to.bytes += terminator;
      to.ends.push_back(to.bytes.size());
    });
  }

 private:
  void append_row(std::string& to, const data::Batch& batch, uint32_t row) const {
    char before = '{';
    for (size_t index = 0; index < names_.size(); ++index) {
      const data::Column& column = *batch.column(index);
      if (options_.skip_null_members && column.is_null(row)) continue;
      to += before;
      before = ',';
      to += names_[index];
      append_json_value(to, column, row, options_);
    }
    if (before == '{') to += '{';
    to += '}';
  }

  const ValueTextOptions options_;
  std::vector<std::string> names_;  // quoted, with the colon
};

}  // namespace

std::unique_ptr<RowEncoder> make_json_encoder(const data::SchemaPtr& schema,
                                              const JsonOptions& options) {
  return std::make_unique<JsonEncoder>(schema, options);
}

}  // namespace millrace::formats
