#include "data/column.h"

#include "base/assert.h"
#include "data/builder.h"

namespace millrace::data {
namespace {

bool holds_rows(const Column::Parts& parts, Width width) {
  if (!parts.validity.empty() && parts.validity.bytes() < bitmap_bytes(parts.rows)) return false;
  switch (width) {
    case Width::kNone:
      return true;
    case Width::k1:
      return parts.values.bytes() >= bitmap_bytes(parts.rows);
    case Width::kList:
      return parts.values.bytes() >= (size_t{parts.rows} + 1) * sizeof(uint32_t) &&
             parts.children.size() == 1;
    case Width::kGroup: {
      bool fits = parts.children.size() == parts.type.fields().size();
      for (const ColumnPtr& child : parts.children) fits &= child->rows() >= parts.rows;
      return fits;
    }
    default:
      return parts.values.bytes() >= parts.rows * bytes_per_value(width);
  }
}

Value fixed_value(const Column& column, uint32_t row) {
  switch (column.width()) {
    case Width::k1:
      return Value(get_bit(column.data<uint64_t>(), row));
    case Width::k8:
      return Value(int64_t{column.data<int8_t>()[row]});
    case Width::k16:
      return Value(int64_t{column.data<int16_t>()[row]});
    case Width::k32:
      return Value(int64_t{column.data<int32_t>()[row]});
    case Width::k64:
      return Value(column.data<int64_t>()[row]);
    case Width::k128:
      return Value(column.data<Int128>()[row]);
    case Width::kF32:
      return Value(static_cast<double>(column.data<float>()[row]));
    case Width::kF64:
      return Value(column.data<double>()[row]);
    default:
      return Value();
  }
}

Value nested_value(const Column& column, uint32_t row) {
  Value::List values;
  if (column.width() == Width::kGroup) {
    for (const ColumnPtr& child : column.children()) values.push_back(child->value(row));
    return Value(std::move(values));
  }
  const uint32_t* offsets = column.data<uint32_t>();
  const Column& elements = *column.children()[0];
  for (uint32_t at = offsets[row]; at < offsets[row + 1]; ++at) {
    if (column.type().kind() == TypeKind::kMap) {
      Value entry = elements.value(at);
      for (const Value& part : entry.list()) values.push_back(part);
    } else {
      values.push_back(elements.value(at));
    }
  }
  return Value(std::move(values));
}

}  // namespace

ColumnPtr Column::flat(Parts parts) {
  const std::shared_ptr<Column> column(new Column);
  column->width_ = parts.type.width();
  MILLRACE_ASSERT(holds_rows(parts, column->width_));
  column->parts_ = std::move(parts);
  return column;
}

ColumnPtr Column::constant(const Type& type, const Value& value, uint32_t rows) {
  ColumnBuilder builder(type, 1);
  builder.append_value(value);
  const std::shared_ptr<Column> column(new Column(*builder.finish()));
  column->encoding_ = Encoding::kConstant;
  column->parts_.rows = rows;
  return column;
}

ColumnPtr Column::constant(const ColumnPtr& row, uint32_t rows) {
  MILLRACE_ASSERT(row->rows() == 1 && row->is_flat());
  const std::shared_ptr<Column> column(new Column(*row));
  column->encoding_ = Encoding::kConstant;
  column->parts_.rows = rows;
  return column;
}

ColumnPtr Column::nulls(const Type& type, uint32_t rows) {
  return constant(type, Value(), rows);
}

ColumnPtr Column::dictionary(ColumnPtr dictionary, Buffer indices, Buffer validity, uint32_t rows) {
  MILLRACE_ASSERT(dictionary->is_flat() && !dictionary->may_have_nulls());
  MILLRACE_ASSERT(indices.bytes() >= size_t{rows} * sizeof(uint32_t));
  MILLRACE_ASSERT(validity.empty() || validity.bytes() >= bitmap_bytes(rows));
  const std::shared_ptr<Column> column(new Column);
  column->parts_.type = dictionary->type();
  column->parts_.rows = rows;
  column->parts_.values = std::move(indices);
  column->parts_.validity = std::move(validity);
  column->width_ = dictionary->width();
  column->encoding_ = Encoding::kDictionary;
  column->dictionary_ = std::move(dictionary);
  return column;
}

ColumnPtr Column::with_validity(Buffer validity) const {
  MILLRACE_ASSERT(encoding_ != Encoding::kConstant);
  MILLRACE_ASSERT(validity.empty() || validity.bytes() >= bitmap_bytes(rows()));
  const std::shared_ptr<Column> column(new Column(*this));
  column->parts_.validity = std::move(validity);
  return column;
}

ColumnPtr Column::constant_row() const {
  MILLRACE_ASSERT(encoding_ == Encoding::kConstant);
  const std::shared_ptr<Column> column(new Column(*this));
  column->encoding_ = Encoding::kFlat;
  column->parts_.rows = 1;
  return column;
}

bool Column::is_null(uint32_t row) const {
  if (width_ == Width::kNone) return true;
  if (!may_have_nulls()) return false;
  return !get_bit(validity_words(), encoding_ == Encoding::kConstant ? 0 : row);
}

Value Column::value(uint32_t row) const {
  if (is_null(row)) return Value();
  if (encoding_ == Encoding::kDictionary) return dictionary_->value(data<uint32_t>()[row]);
  const uint32_t place = encoding_ == Encoding::kConstant ? 0 : row;
  if (width_ == Width::kView) return Value(std::string(text_of(data<Text>()[place])));
  if (width_ == Width::kList || width_ == Width::kGroup) return nested_value(*this, place);
  return fixed_value(*this, place);
}

std::string_view Column::text(uint32_t row) const {
  if (encoding_ == Encoding::kDictionary) return dictionary_->text(data<uint32_t>()[row]);
  return text_of(data<Text>()[encoding_ == Encoding::kConstant ? 0 : row]);
}

size_t Column::pinned_bytes() const {
  size_t bytes = parts_.values.pinned_bytes() + parts_.validity.pinned_bytes();
  for (const Buffer& heap : parts_.heaps) bytes += heap.pinned_bytes();
  for (const ColumnPtr& child : parts_.children) bytes += child->pinned_bytes();
  if (dictionary_ != nullptr) bytes += dictionary_->pinned_bytes();
  return bytes;
}

}  // namespace millrace::data
