// Moving rows between columns: flatten, gather, slice, concatenate. One kernel per width.

#include <algorithm>

#include "base/assert.h"
#include "data/column.h"

namespace millrace::data {
namespace {

template <class T, class Index>
Buffer gather_values(const Column& column, const Index* selection, uint32_t count) {
  Buffer values = Buffer::allocate(count * sizeof(T));
  T* const to = values.mutable_as<T>();
  const T* const from = column.data<T>();
  for (uint32_t n = 0; n < count; ++n) to[n] = from[selection[n]];
  return values;
}

template <class Index>
Buffer gather_bits(const uint64_t* from, const Index* selection, uint32_t count) {
  Buffer bits = Buffer::allocate(bitmap_bytes(count));
  pack_bits(bits.mutable_as<uint64_t>(), count,
            [&](size_t n) { return get_bit(from, selection[n]); });
  return bits;
}

// Empty where no row is NULL.
template <class Index>
Buffer gather_validity(const Column& column, const Index* selection, uint32_t count) {
  if (!column.may_have_nulls()) return Buffer();
  Buffer bits = gather_bits(column.validity_words(), selection, count);
  return count_ones(bits.as<uint64_t>(), count) == count ? Buffer() : bits;
}

template <class Index>
void gather_lists(const Column& column, const Index* selection, uint32_t count,
                  Column::Parts& parts) {
  const uint32_t* from = column.data<uint32_t>();
  Buffer offsets = Buffer::allocate((size_t{count} + 1) * sizeof(uint32_t));
  uint32_t* to = offsets.mutable_as<uint32_t>();
  std::vector<uint32_t> elements;
  to[0] = 0;
  for (uint32_t n = 0; n < count; ++n) {
    const uint32_t row = selection[n];
    if (!column.is_null(row)) {
      for (uint32_t at = from[row]; at < from[row + 1]; ++at) elements.push_back(at);
    }
    to[n + 1] = static_cast<uint32_t>(elements.size());
  }
  parts.values = std::move(offsets);
  parts.children.push_back(
      gather(column.children()[0], elements.data(), static_cast<uint32_t>(elements.size())));
}

template <class Index>
ColumnPtr gather_flat(const Column& column, const Index* selection, uint32_t count) {
  Column::Parts parts;
  parts.type = column.type();
  parts.rows = count;
  parts.validity = gather_validity(column, selection, count);
  switch (column.width()) {
    case Width::kNone:
      break;
    case Width::k1:
      parts.values = gather_bits(column.data<uint64_t>(), selection, count);
      break;
    case Width::k8:
      parts.values = gather_values<int8_t>(column, selection, count);
      break;
    case Width::k16:
      parts.values = gather_values<int16_t>(column, selection, count);
      break;
    case Width::k32:
    case Width::kF32:
      parts.values = gather_values<int32_t>(column, selection, count);
      break;
    case Width::k64:
    case Width::kF64:
      parts.values = gather_values<int64_t>(column, selection, count);
      break;
    case Width::k128:
      parts.values = gather_values<Int128>(column, selection, count);
      break;
    case Width::kView:
      parts.values = gather_values<Int128>(column, selection, count);
      parts.heaps = column.heaps();
      break;
    case Width::kList:
      gather_lists(column, selection, count, parts);
      break;
    case Width::kGroup:
      for (const ColumnPtr& child : column.children()) {
        parts.children.push_back(gather(child, selection, count));
      }
  }
  return Column::flat(std::move(parts));
}

template <class Index>
ColumnPtr gather_any(const ColumnPtr& column, const Index* selection, uint32_t count) {
  switch (column->encoding()) {
    case Encoding::kConstant:
      return Column::constant(column->constant_row(), count);
    case Encoding::kDictionary:
      return Column::dictionary(column->dictionary(),
                                gather_values<uint32_t>(*column, selection, count),
                                gather_validity(*column, selection, count), count);
    case Encoding::kFlat:
      break;
  }
  return gather_flat(*column, selection, count);
}

Buffer slice_bits(const Buffer& bits, uint32_t first, uint32_t count) {
  if (first % 64 == 0) return bits.slice(first / 8, bitmap_bytes(count));
  Buffer part = Buffer::allocate(bitmap_bytes(count));
  copy_bits(part.mutable_as<uint64_t>(), 0, bits.as<uint64_t>(), first, count);
  return part;
}

Buffer slice_validity(const Column& column, uint32_t first, uint32_t count) {
  return column.may_have_nulls() ? slice_bits(column.validity(), first, count) : Buffer();
}

// `part` of `rows` more rows behind `at` rows of a validity for `rows_all`; made when first needed.
void append_validity(Buffer& validity, const Column& column, uint32_t at, uint32_t rows_all) {
  if (!column.may_have_nulls() && column.width() != Width::kNone) {
    if (validity) fill_ones(validity.mutable_as<uint64_t>(), at, column.rows());
    return;
  }
  if (!validity) {
    validity = Buffer::allocate(bitmap_bytes(rows_all));
    fill_ones(validity.mutable_as<uint64_t>(), 0, at);
  }
  uint64_t* words = validity.mutable_as<uint64_t>();
  if (column.width() == Width::kNone) {
    for (uint32_t row = 0; row < column.rows(); ++row) clear_bit(words, at + row);
  } else {
    copy_bits(words, at, column.validity_words(), 0, column.rows());
  }
}

void append_texts(Column::Parts& parts, Text* to, const Column& column) {
  const auto heaps_before = static_cast<uint32_t>(parts.heaps.size());
  const Text* from = column.data<Text>();
  std::copy_n(from, column.rows(), to);
  if (column.heaps().empty()) return;
  parts.heaps.insert(parts.heaps.end(), column.heaps().begin(), column.heaps().end());
  if (heaps_before == 0) return;
  for (uint32_t row = 0; row < column.rows(); ++row) {
    if (!to[row].is_inline()) to[row].place.heap += heaps_before;
  }
}

void append_lists(uint32_t* offsets, uint32_t at, const Column& column, uint32_t& elements,
                  std::vector<ColumnPtr>& pieces) {
  const uint32_t* from = column.data<uint32_t>();
  const uint32_t first = from[0];
  const uint32_t last = from[column.rows()];
  for (uint32_t row = 0; row < column.rows(); ++row) {
    offsets[at + row + 1] = elements + from[row + 1] - first;
  }
  elements += last - first;
  pieces.push_back(slice(column.children()[0], first, last - first));
}

void concatenate_children(Column::Parts& parts, const std::vector<ColumnPtr>& columns) {
  for (size_t child = 0; child < parts.type.fields().size(); ++child) {
    std::vector<ColumnPtr> pieces;
    for (const ColumnPtr& column : columns) {
      const ColumnPtr& piece = column->children()[child];
      pieces.push_back(piece->rows() == column->rows() ? piece : slice(piece, 0, column->rows()));
    }
    parts.children.push_back(concatenate(pieces));
  }
}

ColumnPtr concatenate_flat(const std::vector<ColumnPtr>& columns, uint32_t rows_all) {
  Column::Parts parts;
  parts.type = columns[0]->type();
  parts.rows = rows_all;
  const Width width = columns[0]->width();
  const size_t bytes = bytes_per_value(width);
  if (width == Width::k1) {
    parts.values = Buffer::allocate(bitmap_bytes(rows_all));
  } else if (width == Width::kList) {
    parts.values = Buffer::allocate((size_t{rows_all} + 1) * sizeof(uint32_t));
    parts.values.mutable_as<uint32_t>()[0] = 0;
  } else {
    parts.values = Buffer::allocate(bytes * rows_all);
  }
  uint32_t at = 0;
  uint32_t elements = 0;
  std::vector<ColumnPtr> pieces;
  for (const ColumnPtr& column : columns) {
    append_validity(parts.validity, *column, at, rows_all);
    if (width == Width::kView) {
      append_texts(parts, parts.values.mutable_as<Text>() + at, *column);
    } else if (width == Width::kList) {
      append_lists(parts.values.mutable_as<uint32_t>(), at, *column, elements, pieces);
    } else if (width == Width::k1) {
      copy_bits(parts.values.mutable_as<uint64_t>(), at, column->data<uint64_t>(), 0,
                column->rows());
    } else if (bytes != 0 && column->rows() != 0) {
      std::memcpy(parts.values.mutable_data() + at * bytes, column->values().data(),
                  column->rows() * bytes);
    }
    at += column->rows();
  }
  if (width == Width::kList) parts.children.push_back(concatenate(pieces));
  if (width == Width::kGroup) concatenate_children(parts, columns);
  return Column::flat(std::move(parts));
}

ColumnPtr concatenate_dictionary(const std::vector<ColumnPtr>& columns, uint32_t rows_all) {
  Buffer indices = Buffer::allocate(size_t{rows_all} * sizeof(uint32_t));
  Buffer validity;
  uint32_t at = 0;
  for (const ColumnPtr& column : columns) {
    append_validity(validity, *column, at, rows_all);
    std::copy_n(column->data<uint32_t>(), column->rows(), indices.mutable_as<uint32_t>() + at);
    at += column->rows();
  }
  return Column::dictionary(columns[0]->dictionary(), std::move(indices), std::move(validity),
                            rows_all);
}

}  // namespace

ColumnPtr gather(const ColumnPtr& column, const uint32_t* selection, uint32_t count) {
  return gather_any(column, selection, count);
}

ColumnPtr gather(const ColumnPtr& column, const uint16_t* selection, uint32_t count) {
  return gather_any(column, selection, count);
}

ColumnPtr flatten(const ColumnPtr& column) {
  switch (column->encoding()) {
    case Encoding::kFlat:
      return column;
    case Encoding::kConstant: {
      const std::vector<uint32_t> zeros(column->rows(), 0);
      return gather_flat(*column->constant_row(), zeros.data(), column->rows());
    }
    case Encoding::kDictionary: {
      const ColumnPtr values =
          gather_flat(*column->dictionary(), column->data<uint32_t>(), column->rows());
      return column->may_have_nulls() ? values->with_validity(column->validity()) : values;
    }
  }
  return column;
}

ColumnPtr slice(const ColumnPtr& column, uint32_t first, uint32_t count) {
  MILLRACE_ASSERT(size_t{first} + count <= column->rows());
  if (first == 0 && count == column->rows()) return column;
  if (column->encoding() == Encoding::kConstant) {
    return Column::constant(column->constant_row(), count);
  }
  if (column->encoding() == Encoding::kDictionary) {
    return Column::dictionary(
        column->dictionary(),
        column->values().slice(size_t{first} * sizeof(uint32_t), size_t{count} * sizeof(uint32_t)),
        slice_validity(*column, first, count), count);
  }
  Column::Parts parts;
  parts.type = column->type();
  parts.rows = count;
  parts.validity = slice_validity(*column, first, count);
  parts.heaps = column->heaps();
  const Width width = column->width();
  if (width == Width::k1) {
    parts.values = slice_bits(column->values(), first, count);
  } else if (width == Width::kList) {
    parts.values = column->values().slice(size_t{first} * sizeof(uint32_t),
                                          (size_t{count} + 1) * sizeof(uint32_t));
    parts.children = column->children();
  } else if (width == Width::kGroup) {
    for (const ColumnPtr& child : column->children()) {
      parts.children.push_back(slice(child, first, count));
    }
  } else if (width != Width::kNone) {
    const size_t bytes = bytes_per_value(width);
    parts.values = column->values().slice(first * bytes, count * bytes);
  }
  return Column::flat(std::move(parts));
}

ColumnPtr concatenate(const std::vector<ColumnPtr>& columns) {
  MILLRACE_ASSERT(!columns.empty());
  if (columns.size() == 1) return columns[0];
  uint32_t rows_all = 0;
  bool one_dictionary = true;
  for (const ColumnPtr& column : columns) {
    rows_all += column->rows();
    one_dictionary &= column->encoding() == Encoding::kDictionary &&
                      column->dictionary() == columns[0]->dictionary();
  }
  if (one_dictionary) return concatenate_dictionary(columns, rows_all);
  std::vector<ColumnPtr> flat;
  flat.reserve(columns.size());
  for (const ColumnPtr& column : columns) flat.push_back(flatten(column));
  return concatenate_flat(flat, rows_all);
}

}  // namespace millrace::data
