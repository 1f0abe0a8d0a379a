#include <algorithm>

#include "base/assert.h"
#include "expr/program.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Width;

bool from_constant(const MergeSource& source) {
  return source.column->encoding() == data::Encoding::kConstant;
}

uint32_t covered(const std::vector<MergeSource>& sources) {
  uint32_t rows = 0;
  for (const MergeSource& source : sources) rows += source.rows.count;
  return rows;
}

// A bit per row that some source has and that is not NULL there; empty if that is all rows.
Buffer merge_validity(const std::vector<MergeSource>& sources, uint32_t physical,
                      MemoryAccount* memory) {
  const bool nulls = std::any_of(sources.begin(), sources.end(), [](const MergeSource& source) {
    return source.column->may_have_nulls();
  });
  if (!nulls && covered(sources) == physical) return {};
  Buffer validity = Buffer::zeroed(data::bitmap_bytes(physical), memory);
  auto* const words = validity.mutable_as<uint64_t>();
  for (const MergeSource& source : sources) {
    const uint64_t* const from = source.column->validity_words();
    const uint32_t mask = from_constant(source) ? 0 : ~uint32_t{0};
    source.rows.for_each([&](uint32_t row) {
      if (from == nullptr || data::get_bit(from, row & mask)) data::set_bit(words, row);
    });
  }
  return validity;
}

template <class T>
Buffer merge_fixed(const std::vector<MergeSource>& sources, uint32_t physical,
                   MemoryAccount* memory) {
  Buffer values = covered(sources) == physical
                      ? Buffer::allocate(size_t{physical} * sizeof(T), memory)
                      : Buffer::zeroed(size_t{physical} * sizeof(T), memory);
  T* const to = values.mutable_as<T>();
  for (const MergeSource& source : sources) {
    const T* const from = source.column->data<T>();
    const uint32_t mask = from_constant(source) ? 0 : ~uint32_t{0};
    source.rows.for_each([&](uint32_t row) { to[row] = from[row & mask]; });
  }
  return values;
}

Buffer merge_bits(const std::vector<MergeSource>& sources, uint32_t physical,
                  MemoryAccount* memory) {
  Buffer values = Buffer::zeroed(data::bitmap_bytes(physical), memory);
  auto* const to = values.mutable_as<uint64_t>();
  for (const MergeSource& source : sources) {
    const auto* const from = source.column->data<uint64_t>();
    const uint32_t mask = from_constant(source) ? 0 : ~uint32_t{0};
    source.rows.for_each([&](uint32_t row) {
      if (data::get_bit(from, row & mask)) data::set_bit(to, row);
    });
  }
  return values;
}

// Texts keep their heaps; their numbers move.
Buffer merge_texts(const std::vector<MergeSource>& sources, uint32_t physical,
                   std::vector<Buffer>& heaps, MemoryAccount* memory) {
  Buffer values = Buffer::zeroed(size_t{physical} * sizeof(data::Text), memory);
  auto* const to = values.mutable_as<data::Text>();
  for (const MergeSource& source : sources) {
    const Column& column = *source.column;
    const auto first_heap = static_cast<uint32_t>(heaps.size());
    heaps.insert(heaps.end(), column.heaps().begin(), column.heaps().end());
    const auto* const from = column.data<data::Text>();
    const uint64_t* const validity = column.validity_words();
    const uint32_t mask = from_constant(source) ? 0 : ~uint32_t{0};
    source.rows.for_each([&](uint32_t row) {
      if (validity != nullptr && !data::get_bit(validity, row & mask)) return;
      data::Text text = from[row & mask];
      if (!text.is_inline()) text.place.heap += first_heap;
      to[row] = text;
    });
  }
  return values;
}

// All sources are constants: their values, and for each row which one.
ColumnPtr merge_constants(const std::vector<MergeSource>& sources, uint32_t physical,
                          MemoryAccount* memory) {
  std::vector<ColumnPtr> entries;
  Buffer indices = Buffer::zeroed(size_t{physical} * sizeof(uint32_t), memory);
  auto* const to = indices.mutable_as<uint32_t>();
  for (const MergeSource& source : sources) {
    if (source.column->is_null(0)) continue;
    const auto entry = static_cast<uint32_t>(entries.size());
    entries.push_back(source.column->constant_row());
    source.rows.for_each([&](uint32_t row) { to[row] = entry; });
  }
  Buffer validity = merge_validity(sources, physical, memory);
  return Column::dictionary(data::concatenate(entries), std::move(indices), std::move(validity),
                            physical);
}

ColumnPtr merge_nested(const data::Type& type, const std::vector<MergeSource>& sources,
                       uint32_t physical, Buffer validity) {
  std::vector<ColumnPtr> all;
  std::vector<uint32_t> places(physical, 0);
  uint32_t first = 0;
  for (const MergeSource& source : sources) {
    source.rows.for_each([&](uint32_t row) { places[row] = first + row; });
    all.push_back(data::flatten(source.column));
    first += all.back()->rows();
  }
  if (all.empty()) return Column::nulls(type, physical);
  const ColumnPtr column = data::gather(data::concatenate(all), places.data(), physical);
  return validity.empty() ? column : data::flatten(column)->with_validity(std::move(validity));
}

}  // namespace

ColumnPtr merge_rows(const data::Type& type, std::vector<MergeSource> sources, uint32_t physical,
                     MemoryAccount* memory) {
  const Width width = type.width();
  const auto is_null = [](const MergeSource& source) {
    return from_constant(source) && source.column->is_null(0);
  };
  if (width == Width::kNone || std::all_of(sources.begin(), sources.end(), is_null)) {
    return Column::nulls(type, physical);
  }
  if (width == Width::kView && std::all_of(sources.begin(), sources.end(), from_constant)) {
    return merge_constants(sources, physical, memory);
  }
  for (MergeSource& source : sources) {
    if (!from_constant(source)) source.column = data::flatten(source.column);
  }
  Buffer validity = merge_validity(sources, physical, memory);
  std::vector<Buffer> heaps;
  Buffer values;
  switch (width) {
    case Width::k1:
      values = merge_bits(sources, physical, memory);
      break;
    case Width::k8:
      values = merge_fixed<uint8_t>(sources, physical, memory);
      break;
    case Width::k16:
      values = merge_fixed<uint16_t>(sources, physical, memory);
      break;
    case Width::k32:
    case Width::kF32:
      values = merge_fixed<uint32_t>(sources, physical, memory);
      break;
    case Width::k64:
    case Width::kF64:
      values = merge_fixed<uint64_t>(sources, physical, memory);
      break;
    case Width::k128:
      values = merge_fixed<data::Int128>(sources, physical, memory);
      break;
    case Width::kView:
      values = merge_texts(sources, physical, heaps, memory);
      break;
    default:
      return merge_nested(type, sources, physical, std::move(validity));
  }
  return Column::flat({.type = type,
                       .rows = physical,
                       .values = std::move(values),
                       .validity = std::move(validity),
                       .heaps = std::move(heaps)});
}

}  // namespace millrace::expr
