#include "data/nested_values.h"

#include <algorithm>

#include "base/varint.h"
#include "data/canonical_bits.h"
#include "data/row_codec.h"

namespace millrace::data {
namespace {

template <class T>
void append_raw(std::string& to, T value) {
  to.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

void append_list_bytes(std::string& to, const Column& column, uint32_t row) {
  const uint32_t first = column.data<uint32_t>()[row];
  const uint32_t last = column.data<uint32_t>()[row + 1];
  const Column& elements = *column.children()[0];
  append_varint(to, last - first);
  if (column.type().kind() != TypeKind::kMap) {
    for (uint32_t at = first; at < last; ++at) append_nested_value(to, elements, at);
    return;
  }
  std::vector<std::string> entries(last - first);
  for (uint32_t at = first; at < last; ++at) {
    append_value_bytes(entries[at - first], elements, at);
  }
  std::sort(entries.begin(), entries.end());
  for (const std::string& entry : entries) to += entry;
}

template <class T>
bool take_raw(std::span<const std::byte>& from, T& value) {
  if (from.size() < sizeof(T)) return false;
  std::memcpy(&value, from.data(), sizeof(T));
  from = from.subspan(sizeof(T));
  return true;
}

bool take_text(std::span<const std::byte>& from, ColumnBuilder& to) {
  const std::optional<uint64_t> length = take_varint(from);
  if (!length || *length > from.size()) return false;
  to.append_text({reinterpret_cast<const char*>(from.data()), *length});
  from = from.subspan(*length);
  return true;
}

bool take_nested_value(std::span<const std::byte>& from, ColumnBuilder& to) {
  uint8_t present = 0;
  if (!take_raw(from, present) || present > 1) return false;
  if (present != 0) return take_value_bytes(from, to);
  to.append_null();
  return true;
}

bool take_list(std::span<const std::byte>& from, ColumnBuilder& to) {
  const std::optional<uint64_t> count = take_varint(from);
  if (!count || *count > from.size()) return false;
  const bool is_map = to.type().kind() == TypeKind::kMap;
  for (uint64_t n = 0; n < *count; ++n) {
    const bool taken =
        is_map ? take_value_bytes(from, to.child(0)) : take_nested_value(from, to.child(0));
    if (!taken) return false;
  }
  to.end_list();
  return true;
}

}  // namespace

void append_nested_value(std::string& to, const Column& column, uint32_t row) {
  if (column.is_null(row)) {
    to += '\0';
    return;
  }
  to += '\1';
  append_value_bytes(to, column, row);
}

void append_value_bytes(std::string& to, const Column& column, uint32_t row) {
  if (column.encoding() == Encoding::kDictionary) {
    return append_value_bytes(to, *column.dictionary(), column.data<uint32_t>()[row]);
  }
  const uint32_t place = column.is_flat() ? row : 0;
  switch (column.width()) {
    case Width::kNone:
      return;
    case Width::k1:
      to += get_bit(column.data<uint64_t>(), place) ? '\1' : '\0';
      return;
    case Width::k8:
      return append_raw(to, int64_t{column.data<int8_t>()[place]});
    case Width::k16:
      return append_raw(to, int64_t{column.data<int16_t>()[place]});
    case Width::k32:
      return append_raw(to, int64_t{column.data<int32_t>()[place]});
    case Width::k64:
      return append_raw(to, column.data<int64_t>()[place]);
    case Width::k128:
      return append_raw(to, column.data<Int128>()[place]);
    case Width::kF32:
      return append_raw(to, canonical_bits(double{column.data<float>()[place]}));
    case Width::kF64:
      return append_raw(to, canonical_bits(column.data<double>()[place]));
    case Width::kView: {
      const std::string_view bytes = column.text_of(column.data<Text>()[place]);
      append_varint(to, bytes.size());
      to += bytes;
      return;
    }
    case Width::kList:
      return append_list_bytes(to, column, place);
    case Width::kGroup:
      for (const ColumnPtr& child : column.children()) append_nested_value(to, *child, place);
  }
}

void append_null_bytes(std::string& to, const Type& type) {
  if (type.width() == Width::kGroup) {
    to.append(type.fields().size(), '\0');
  } else {
    to += '\0';
  }
}

bool take_value_bytes(std::span<const std::byte>& from, ColumnBuilder& to) {
  int64_t word = 0;
  switch (to.width()) {
    case Width::kNone:
      to.append_null();
      return true;
    case Width::k1: {
      uint8_t bit = 0;
      if (!take_raw(from, bit)) return false;
      to.append_boolean(bit != 0);
      return true;
    }
    case Width::k128: {
      Int128 value = 0;
      if (!take_raw(from, value)) return false;
      to.append(value);
      return true;
    }
    case Width::kF32:
    case Width::kF64: {
      double value = 0;
      if (!take_raw(from, value)) return false;
      to.width() == Width::kF64 ? to.append(value) : to.append(static_cast<float>(value));
      return true;
    }
    case Width::kView:
      return take_text(from, to);
    case Width::kList:
      return take_list(from, to);
    case Width::kGroup:
      for (size_t index = 0; index < to.type().fields().size(); ++index) {
        if (!take_nested_value(from, to.child(index))) return false;
      }
      to.end_row();
      return true;
    default:
      if (!take_raw(from, word)) return false;
      to.append_integer(word);
      return true;
  }
}

}  // namespace millrace::data
