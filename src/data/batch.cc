#include "data/batch.h"

namespace millrace::data {
namespace {

Buffer gather_signs(const Batch& batch) {
  Buffer signs = Buffer::allocate(batch.size());
  Sign* to = signs.mutable_as<Sign>();
  for (uint32_t n = 0; n < batch.size(); ++n) to[n] = batch.sign(batch.row(n));
  return signs;
}

}  // namespace

std::string_view to_string(Sign sign) {
  constexpr std::string_view kNames[] = {"+I", "-U", "+U", "-D"};
  return kNames[static_cast<uint8_t>(sign) & 3];
}

Batch Batch::with_signs(Buffer signs) && {
  MILLRACE_ASSERT(!signs || signs.bytes() >= rows_);
  signs_ = std::move(signs);
  return std::move(*this);
}

Batch Batch::with_selection(Buffer selection, uint32_t count) && {
  MILLRACE_ASSERT(selection.bytes() >= count * sizeof(uint16_t) && count <= rows_);
  selection_ = std::move(selection);
  selected_ = count;
  return std::move(*this);
}

Batch Batch::with_columns(SchemaPtr schema, std::vector<ColumnPtr> columns) && {
  MILLRACE_ASSERT(schema == nullptr || schema->columns() == columns.size());
  schema_ = std::move(schema);
  columns_ = std::move(columns);
  return std::move(*this);
}

Batch Batch::with_origin(RowOriginPtr origin) && {
  origin_ = std::move(origin);
  return std::move(*this);
}

Batch Batch::compact() && {
  if (!has_selection()) return std::move(*this);
  std::vector<ColumnPtr> columns;
  columns.reserve(columns_.size());
  for (const ColumnPtr& column : columns_)
    columns.push_back(gather(column, selection(), selected_));
  Batch dense(schema_, std::move(columns), selected_);
  if (has_signs()) dense.signs_ = gather_signs(*this);
  dense.origin_ = gather_origin(origin_, std::span(selection(), selected_));
  return dense;
}

Batch Batch::slice(uint32_t first, uint32_t count) const {
  MILLRACE_ASSERT(size_t{first} + count <= size());
  Batch part(*this);
  if (has_selection()) {
    part.selection_ = selection_.slice(first * sizeof(uint16_t), count * sizeof(uint16_t));
    part.selected_ = count;
    return part;
  }
  for (ColumnPtr& column : part.columns_) column = data::slice(column, first, count);
  if (has_signs()) part.signs_ = signs_.slice(first, count);
  part.origin_ = slice_origin(std::move(part.origin_), first);
  part.rows_ = count;
  return part;
}

size_t Batch::pinned_bytes() const {
  size_t bytes = signs_.pinned_bytes() + selection_.pinned_bytes();
  for (const ColumnPtr& column : columns_) bytes += column->pinned_bytes();
  return bytes;
}

std::string Batch::to_string() const {
  std::string text;
  for (uint32_t n = 0; n < size(); ++n) {
    Value::List values;
    std::vector<Field> fields;
    for (size_t index = 0; index < columns_.size(); ++index) {
      values.push_back(columns_[index]->value(row(n)));
      fields.push_back({"", columns_[index]->type(), true});
    }
    text += data::to_string(sign(row(n)));
    text += ' ';
    append_value(text, Value(std::move(values)), Type::row(std::move(fields)));
    text += '\n';
  }
  return text;
}

Batch concatenate(std::span<const Batch> batches) {
  MILLRACE_ASSERT(!batches.empty());
  if (batches.size() == 1) return Batch(batches[0]).compact();
  std::vector<Batch> dense;
  dense.reserve(batches.size());
  uint32_t rows = 0;
  bool any_signs = false;
  for (const Batch& batch : batches) {
    dense.push_back(Batch(batch).compact());
    rows += dense.back().rows();
    any_signs |= batch.has_signs();
  }
  std::vector<ColumnPtr> columns;
  for (size_t index = 0; index < batches[0].columns().size(); ++index) {
    std::vector<ColumnPtr> pieces;
    for (const Batch& batch : dense) pieces.push_back(batch.column(index));
    columns.push_back(concatenate(pieces));
  }
  std::vector<std::pair<RowOriginPtr, uint32_t>> origins;
  for (const Batch& batch : dense) origins.emplace_back(batch.origin(), batch.rows());
  Batch whole = Batch(batches[0].schema(), std::move(columns), rows)
                    .with_origin(concatenate_origins(origins));
  if (!any_signs) return whole;
  Buffer signs = Buffer::zeroed(rows);
  uint32_t at = 0;
  for (const Batch& batch : dense) {
    if (batch.has_signs()) std::copy_n(batch.signs(), batch.rows(), signs.mutable_as<Sign>() + at);
    at += batch.rows();
  }
  return std::move(whole).with_signs(std::move(signs));
}

}  // namespace millrace::data
