#include "session/change_rows.h"

#include "data/builder.h"

namespace millrace::session {

data::SchemaPtr change_schema(const data::Schema& query) {
  std::vector<data::Field> fields = query.fields();
  fields.push_back({.name = "_op", .type = data::TypeKind::kVarchar, .nullable = false});
  fields.push_back({.name = "_epoch", .type = data::TypeKind::kBigint, .nullable = false});
  return data::make_schema(std::move(fields));
}

data::Batch change_rows(const data::SchemaPtr& schema, const jobs::ResultRows::Chunk& chunk) {
  const data::Batch changes = data::Batch(chunk.batch).compact();
  const uint32_t rows = changes.rows();
  data::ColumnBuilder op(data::TypeKind::kVarchar, rows);
  data::ColumnBuilder number(data::TypeKind::kBigint, rows);
  for (uint32_t row = 0; row < rows; ++row) {
    op.append_text(data::to_string(changes.sign(row)));
    number.append_integer(static_cast<int64_t>(chunk.epoch.value()));
  }
  std::vector<data::ColumnPtr> columns = changes.columns();
  columns.push_back(op.finish());
  columns.push_back(number.finish());
  return {schema, std::move(columns), rows};
}

}  // namespace millrace::session
