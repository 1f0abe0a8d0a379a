#include "operators/rows/order_encoding.h"

#include <bit>
#include <cmath>

#include "base/assert.h"
#include "base/endian.h"
#include "data/canonical_bits.h"

namespace millrace::operators {
namespace {

using data::Width;

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr char kNullFirst = 0;
constexpr char kValue = 1;
constexpr char kNullLast = 2;
// Ends a text or list; a zero byte within a text is followed by kEscape.
constexpr std::string_view kEnd("\0\0", 2);
constexpr char kEscape = '\xff';

void append_word(std::string& to, uint64_t word) {
  char bytes[8];
  store_be(bytes, word);
  to.append(bytes, sizeof(bytes));
}

void append_integer(std::string& to, int64_t value) {
  append_word(to, static_cast<uint64_t>(value) ^ kSignBit);
}

void append_real(std::string& to, double value) {
  const uint64_t bits = data::canonical_bits(value);
  append_word(to, (bits & kSignBit) != 0 ? ~bits : bits | kSignBit);
}

void append_wide(std::string& to, data::Int128 value) {
  append_integer(to, static_cast<int64_t>(value >> 64));
  append_word(to, static_cast<uint64_t>(value));
}

void append_text(std::string& to, std::string_view text) {
  for (const char byte : text) {
    to += byte;
    if (byte == '\0') to += kEscape;
  }
  to.append(kEnd);
}

// Physical place of a row's value, and the flat column that has it.
struct Place {
  const data::Column* column;
  uint32_t row;
};

Place place_of(const data::Column& column, uint32_t row) {
  switch (column.encoding()) {
    case data::Encoding::kConstant:
      return {&column, 0};
    case data::Encoding::kDictionary:
      return {column.dictionary().get(), column.values().as<uint32_t>()[row]};
    default:
      return {&column, row};
  }
}

void append_value(std::string& to, const data::Column& column, uint32_t row) {
  const auto [flat, at] = place_of(column, row);
  switch (column.width()) {
    case Width::kNone:
      return;
    case Width::k1:
      to += data::get_bit(flat->data<uint64_t>(), at) ? '\1' : '\0';
      return;
    case Width::k8:
      return append_integer(to, flat->data<int8_t>()[at]);
    case Width::k16:
      return append_integer(to, flat->data<int16_t>()[at]);
    case Width::k32:
      return append_integer(to, flat->data<int32_t>()[at]);
    case Width::k64:
      return append_integer(to, flat->data<int64_t>()[at]);
    case Width::k128:
      return append_wide(to, flat->data<data::Int128>()[at]);
    case Width::kF32:
      return append_real(to, flat->data<float>()[at]);
    case Width::kF64:
      return append_real(to, flat->data<double>()[at]);
    case Width::kView:
      return append_text(to, column.text(row));
    case Width::kList: {
      const uint32_t* offsets = flat->data<uint32_t>();
      for (uint32_t element = offsets[at]; element < offsets[at + 1]; ++element) {
        append_ordered(to, *flat->children()[0], element);
      }
      to.append(kEnd);
      return;
    }
    case Width::kGroup:
      for (const data::ColumnPtr& child : flat->children()) append_ordered(to, *child, at);
      return;
  }
}

int64_t integer_from(std::string_view bytes) {
  return static_cast<int64_t>(load_be<uint64_t>(bytes.data()) ^ kSignBit);
}

double real_from(std::string_view bytes) {
  const auto bits = load_be<uint64_t>(bytes.data());
  return std::bit_cast<double>((bits & kSignBit) != 0 ? bits & ~kSignBit : ~bits);
}

std::string text_from(std::string_view bytes) {
  std::string text;
  bytes.remove_suffix(kEnd.size());
  for (size_t at = 0; at < bytes.size(); ++at) {
    text += bytes[at];
    if (bytes[at] == '\0') ++at;
  }
  return text;
}

}  // namespace

void append_ordered(std::string& to, const data::Column& column, uint32_t row, ValueOrder order) {
  if (column.is_null(row)) {
    to += order.nulls_first ? kNullFirst : kNullLast;
    return;
  }
  to += kValue;
  const size_t from = to.size();
  append_value(to, column, row);
  if (!order.descending) return;
  for (size_t at = from; at < to.size(); ++at) to[at] = static_cast<char>(~to[at]);
}

void append_from_ordered(std::string_view bytes, data::ColumnBuilder& to) {
  bytes.remove_prefix(1);
  switch (to.width()) {
    case Width::k1:
      return to.append_boolean(bytes[0] != 0);
    case Width::k8:
    case Width::k16:
    case Width::k32:
    case Width::k64:
      return to.append_integer(integer_from(bytes));
    case Width::k128: {
      const auto high = static_cast<unsigned __int128>(integer_from(bytes));
      const auto low = load_be<uint64_t>(bytes.data() + 8);
      return to.append(static_cast<data::Int128>(high << 64 | low));
    }
    case Width::kF32:
      return to.append(static_cast<float>(real_from(bytes)));
    case Width::kF64:
      return to.append(real_from(bytes));
    case Width::kView:
      return to.append_text(text_from(bytes));
    default:
      MILLRACE_ASSERT(false);
  }
}

}  // namespace millrace::operators
