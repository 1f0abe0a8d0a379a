#include "operators/rows/reject_rows.h"

#include <cmath>
#include <utility>

#include "expr/json_text.h"

namespace millrace::operators {
namespace {

void append_json(std::string& to, const data::Value& value, const data::Type& type);

void append_json_list(std::string& to, const data::Value::List& values, const data::Type& type) {
  to += '[';
  for (size_t n = 0; n < values.size(); ++n) {
    if (n > 0) to += ',';
    append_json(to, values[n], type);
  }
  to += ']';
}

void append_json_row(std::string& to, const data::Value::List& values, const data::Type& type) {
  to += '{';
  for (size_t n = 0; n < values.size(); ++n) {
    if (n > 0) to += ',';
    expr::append_json_quoted(to, type.fields()[n].name);
    to += ':';
    append_json(to, values[n], type.fields()[n].type);
  }
  to += '}';
}

void append_json_map(std::string& to, const data::Value::List& values, const data::Type& type) {
  to += '{';
  for (size_t n = 0; n + 1 < values.size(); n += 2) {
    if (n > 0) to += ',';
    expr::append_json_quoted(to, data::to_string(values[n], type.fields()[0].type));
    to += ':';
    append_json(to, values[n + 1], type.fields()[1].type);
  }
  to += '}';
}

void append_json(std::string& to, const data::Value& value, const data::Type& type) {
  using data::TypeKind;
  if (value.is_null()) {
    to += "null";
    return;
  }
  switch (type.kind()) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return expr::append_json_quoted(to, value.text());
    case TypeKind::kArray:
      return append_json_list(to, value.list(), type.fields()[0].type);
    case TypeKind::kMap:
      return append_json_map(to, value.list(), type);
    case TypeKind::kRow:
      return append_json_row(to, value.list(), type);
    case TypeKind::kJson:
      to += value.text();
      return;
    default:
      break;
  }
  const std::string text = data::to_string(value, type);
  const bool is_bare = type.kind() == TypeKind::kBoolean ||
                       (type.is_numeric() && !(type.is_float() && !std::isfinite(value.real())));
  if (is_bare) {
    to += text;
  } else {
    expr::append_json_quoted(to, text);
  }
}

}  // namespace

std::string row_as_json(const data::Batch& batch, uint32_t row) {
  std::string text = "{";
  for (size_t index = 0; index < batch.columns().size(); ++index) {
    if (index > 0) text += ',';
    const data::Column& column = *batch.column(index);
    expr::append_json_quoted(text, batch.schema()->field(index).name);
    text += ':';
    append_json(text, column.value(row), column.type());
  }
  return text += '}';
}

void reject_row(const data::Batch& batch, uint32_t row, ErrorCode code, std::string reason,
                std::string_view name, engine::Output& output) {
  engine::Rejection rejection;
  rejection.code = code;
  rejection.reason = std::move(reason);
  rejection.table = std::string(name);
  rejection.row = row_as_json(batch, row);
  rejection.batch_row = row;
  output.reject(std::move(rejection));
}

void reject_rows(const data::Batch& batch, const expr::RowErrors& errors, std::string_view name,
                 engine::Output& output) {
  for (const expr::RowError& error : errors.list()) {
    reject_row(batch, error.row, error.code, error.message, name, output);
  }
}

}  // namespace millrace::operators
