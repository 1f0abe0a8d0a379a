#include "connectors/log/error_records.h"

#include <fmt/core.h>

#include "data/builder.h"
#include "formats/base64.h"
#include "formats/utf8.h"
#include "formats/value_text.h"
#include "record/batch_builder.h"

namespace millrace::connectors {
namespace {

constexpr int64_t kUsPerMs = 1'000;

data::SchemaPtr error_schema() {
  const data::Type text(data::TypeKind::kVarchar);
  return data::make_schema({{"job", text},
                            {"code", text},
                            {"reason", text},
                            {"source", text},
                            {"place", text},
                            {"raw", text},
                            {"rejected_at", data::Type::timestamp_ltz(3)}});
}

std::string readable(const std::string& row) {
  if (formats::is_utf8(row)) return row;
  std::string text = "base64:";
  formats::append_base64(text, row);
  return text;
}

}  // namespace

Result<Buffer> encode_rejections(std::string_view job,
                                 std::span<const engine::Rejection> rejections, int64_t now_us) {
  data::BatchBuilder rows(error_schema(), static_cast<uint32_t>(rejections.size()));
  for (const engine::Rejection& rejection : rejections) {
    rows.append_row(std::vector<data::Value>{
        std::string(job), fmt::format("MR-{}", static_cast<int>(rejection.code)), rejection.reason,
        rejection.table, rejection.place, readable(rejection.row), now_us});
  }
  const data::Batch batch = rows.finish();
  record::BatchBuilder records;
  std::string value;
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    value = "{";
    for (size_t index = 0; index < batch.columns().size(); ++index) {
      value += fmt::format("{}\"{}\":", index == 0 ? "" : ",", batch.schema()->field(index).name);
      formats::append_json_value(value, *batch.column(index), row, {});
    }
    value += '}';
    MILLRACE_TRY(records.append({.timestamp_ms = now_us / kUsPerMs, .value = value}));
  }
  return records.build();
}

}  // namespace millrace::connectors
