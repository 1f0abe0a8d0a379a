#include "formats/parquet/arrow_arrays.h"

#ifdef MILLRACE_WITH_PARQUET

#include <arrow/array.h>
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <fmt/core.h>

#include <cstring>

#include "data/bitmap.h"

namespace millrace::formats {
namespace {

using data::ColumnPtr;
using data::Type;
using data::TypeKind;
using data::Width;
using ArrowTypePtr = std::shared_ptr<arrow::DataType>;
using ArrowBufferPtr = std::shared_ptr<arrow::Buffer>;

ArrowBufferPtr copied(const void* from, size_t bytes) {
  return arrow::Buffer::FromString(std::string(static_cast<const char*>(from), bytes));
}

ArrowBufferPtr bitmap(const Buffer& words, uint32_t rows) {
  return copied(words.data(), (size_t{rows} + 7) / 8);
}

ArrowTypePtr time_type(const Type& type) {
  const auto unit = type.counts_ns() ? arrow::TimeUnit::NANO : arrow::TimeUnit::MICRO;
  if (type.kind() == TypeKind::kTime) return arrow::time64(unit);
  return type.kind() == TypeKind::kTimestampLtz ? arrow::timestamp(unit, "UTC")
                                                : arrow::timestamp(unit);
}

Result<ArrowTypePtr> nested_type(const Type& type) {
  std::vector<std::shared_ptr<arrow::Field>> fields;
  for (const data::Field& field : type.fields()) {
    fields.push_back(arrow::field(field.name, MILLRACE_TRY(arrow_type_of(field.type))));
  }
  if (type.kind() == TypeKind::kArray) return arrow::list(fields[0]);
  // Only the values of a map may be missing.
  if (type.kind() == TypeKind::kMap) return arrow::map(fields[0]->type(), fields[1]->type());
  return arrow::struct_(fields);
}

std::shared_ptr<arrow::ArrayData> array_data(const ColumnPtr& column, const ArrowTypePtr& type);

// Lengths and bytes, one behind the other.
void add_texts(const data::Column& column, arrow::ArrayData& to) {
  std::vector<int32_t> ends(size_t{column.rows()} + 1, 0);
  std::string bytes;
  const auto* views = column.data<data::Text>();
  for (uint32_t row = 0; row < column.rows(); ++row) {
    if (!column.is_null(row)) bytes += column.text_of(views[row]);
    ends[row + 1] = static_cast<int32_t>(bytes.size());
  }
  to.buffers.push_back(copied(ends.data(), ends.size() * sizeof(int32_t)));
  to.buffers.push_back(arrow::Buffer::FromString(std::move(bytes)));
}

void add_decimals(const data::Column& column, arrow::ArrayData& to) {
  if (column.width() == Width::k128) {
    to.buffers.push_back(copied(column.values().data(), column.rows() * sizeof(data::Int128)));
    return;
  }
  std::vector<data::Int128> wide(column.rows());
  const auto* narrow = column.data<int64_t>();
  for (uint32_t row = 0; row < column.rows(); ++row) wide[row] = narrow[row];
  to.buffers.push_back(copied(wide.data(), wide.size() * sizeof(data::Int128)));
}

// Elements that belong to no row of the list are left out.
void add_lists(const data::Column& column, arrow::ArrayData& to) {
  const auto* offsets = column.data<uint32_t>();
  const uint32_t first = offsets[0];
  std::vector<int32_t> ends(size_t{column.rows()} + 1);
  for (uint32_t row = 0; row <= column.rows(); ++row) {
    ends[row] = static_cast<int32_t>(offsets[row] - first);
  }
  to.buffers.push_back(copied(ends.data(), ends.size() * sizeof(int32_t)));
  const uint32_t count = offsets[column.rows()] - first;
  to.child_data.push_back(
      array_data(data::slice(column.children()[0], first, count), to.type->field(0)->type()));
}

void add_values(const data::Column& column, arrow::ArrayData& to) {
  switch (column.width()) {
    case Width::k1:
      to.buffers.push_back(bitmap(column.values(), column.rows()));
      return;
    case Width::kView:
      return add_texts(column, to);
    case Width::kList:
      return add_lists(column, to);
    case Width::kGroup:
      for (size_t at = 0; at < column.children().size(); ++at) {
        to.child_data.push_back(
            array_data(column.children()[at], to.type->field(static_cast<int>(at))->type()));
      }
      return;
    default:
      if (column.type().kind() == TypeKind::kDecimal) return add_decimals(column, to);
      to.buffers.push_back(
          copied(column.values().data(), column.rows() * data::bytes_per_value(column.width())));
  }
}

// REQUIRES: `type` is arrow_type_of(column->type()), where only nullability may differ.
std::shared_ptr<arrow::ArrayData> array_data(const ColumnPtr& column, const ArrowTypePtr& type) {
  const ColumnPtr flat = data::flatten(column);
  const uint32_t rows = flat->rows();
  auto made = std::make_shared<arrow::ArrayData>(type, rows);
  made->buffers.push_back(flat->may_have_nulls() ? bitmap(flat->validity(), rows) : nullptr);
  add_values(*flat, *made);
  return made;
}

}  // namespace

Result<ArrowTypePtr> arrow_type_of(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return arrow::boolean();
    case TypeKind::kTinyint:
      return arrow::int8();
    case TypeKind::kSmallint:
      return arrow::int16();
    case TypeKind::kInt:
      return arrow::int32();
    case TypeKind::kBigint:
      return arrow::int64();
    case TypeKind::kFloat:
      return arrow::float32();
    case TypeKind::kDouble:
      return arrow::float64();
    case TypeKind::kDecimal:
      return arrow::decimal128(type.precision(), type.scale());
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kJson:
      return arrow::utf8();
    case TypeKind::kBytes:
      return arrow::binary();
    case TypeKind::kDate:
      return arrow::date32();
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return time_type(type);
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kRow:
      return nested_type(type);
    case TypeKind::kNull:
    case TypeKind::kIntervalMonth:
    case TypeKind::kIntervalDay:
      break;
  }
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("Parquet has no place for a {}", type.to_string()))
      .remedy("CAST it to another type.");
}

std::shared_ptr<arrow::Array> to_arrow(const ColumnPtr& column) {
  return arrow::MakeArray(array_data(column, *arrow_type_of(column->type())));
}

}  // namespace millrace::formats

#endif
