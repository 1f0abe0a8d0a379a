#include "operators/rows/reject_rows.h"

#include <fmt/core.h>

#include <cmath>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

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
  std::vector<uint32_t> columns(batch.columns().size());
  std::iota(columns.begin(), columns.end(), 0U);
  return row_as_json(batch, row, columns);
}

std::string row_as_json(const data::Batch& batch, uint32_t row, std::span<const uint32_t> columns) {
  std::string text = "{";
  std::map<std::string, int> names;
  for (const uint32_t index : columns) {
    if (text.size() > 1) text += ',';
    const data::Column& column = *batch.column(index);
    std::string name = batch.schema()->field(index).name;
    if (const int number = ++names[name]; number > 1) name += fmt::format("_{}", number);
    expr::append_json_quoted(text, name);
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

void reject_uncomputed(const data::Batch& batch, const expr::RowErrors& errors,
                       std::string_view name, std::span<const uint32_t> read,
                       engine::Output& output) {
  for (const expr::RowError& error : errors.list()) {
    if (data::retracts(batch.sign(error.row))) continue;
    engine::Rejection rejection;
    rejection.code = error.code;
    rejection.reason = error.message;
    rejection.batch_row = error.row;
    rejection.origin = batch.origin();
    if (rejection.origin == nullptr) {
      rejection.table = std::string(name);
      rejection.row = row_as_json(batch, error.row, read);
    }
    output.reject(std::move(rejection));
  }
}

}  // namespace millrace::operators
