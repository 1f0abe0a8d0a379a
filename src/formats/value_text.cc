#include "formats/value_text.h"

#include <fmt/format.h>

#include <cmath>

#include "data/datetime_text.h"
#include "data/decimal.h"
#include "data/value.h"
#include "formats/base64.h"
#include "formats/json/json_text.h"

namespace millrace::formats {
namespace {

using data::Column;
using data::TimeUnit;
using data::Type;
using data::TypeKind;
using data::Width;

int64_t integer_at(const Column& column, uint32_t place) {
  switch (column.width()) {
    case Width::k8:
      return column.data<int8_t>()[place];
    case Width::k16:
      return column.data<int16_t>()[place];
    case Width::k32:
      return column.data<int32_t>()[place];
    default:
      return column.data<int64_t>()[place];
  }
}

void append_integer(std::string& to, int64_t value) {
  const fmt::format_int text(value);
  to.append(text.data(), text.size());
}

TimeUnit unit_of(const Type& type) {
  return type.counts_ns() ? TimeUnit::kNs : TimeUnit::kUs;
}

// Text of what is a string in JSON, without quotes, and which needs no escapes.
void append_bare_text(std::string& to, const Column& column, uint32_t place,
                      const ValueTextOptions& options) {
  const Type& type = column.type();
  switch (type.kind()) {
    case TypeKind::kBytes:
      return append_base64(to, column.text_of(column.data<data::Text>()[place]));
    case TypeKind::kDate:
      return data::append_date(to, integer_at(column, place));
    case TypeKind::kTime:
      return data::append_time(to, integer_at(column, place), unit_of(type), type.precision());
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      data::append_timestamp(to, integer_at(column, place), unit_of(type), type.precision(),
                             options.timestamp_separator);
      if (type.kind() == TypeKind::kTimestampLtz) to += 'Z';
      return;
    case TypeKind::kIntervalMonth:
      return data::append_interval_months(to, integer_at(column, place));
    default:
      return data::append_interval_us(to, integer_at(column, place));
  }
}

template <class Real>
void append_json_real(std::string& to, Real value) {
  const bool finite = std::isfinite(value);
  if (!finite) to += '"';
  data::append_real(to, value);
  if (!finite) to += '"';
}

// Numbers and booleans; false: it is something else.
bool append_bare_value(std::string& to, const Column& column, uint32_t place) {
  switch (column.type().kind()) {
    case TypeKind::kBoolean:
      to += data::get_bit(column.data<uint64_t>(), place) ? "true" : "false";
      return true;
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
      append_integer(to, integer_at(column, place));
      return true;
    case TypeKind::kDecimal:
      data::append_decimal(to,
                           column.width() == Width::k128 ? column.data<data::Int128>()[place]
                                                         : data::Int128{integer_at(column, place)},
                           column.type().scale());
      return true;
    default:
      return false;
  }
}

// JSON text stands in one line: what breaks lines between its tokens becomes a blank.
void append_one_line(std::string& to, std::string_view json) {
  const size_t before = to.size();
  to += json;
  for (size_t index = before; index < to.size(); ++index) {
    if (to[index] == '\n' || to[index] == '\r') to[index] = ' ';
  }
}

void append_row(std::string& to, const Column& column, uint32_t place,
                const ValueTextOptions& options) {
  to += '{';
  const std::vector<data::Field>& fields = column.type().fields();
  bool first = true;
  for (size_t index = 0; index < fields.size(); ++index) {
    const Column& child = *column.children()[index];
    if (options.skip_null_members && child.is_null(place)) continue;
    if (!first) to += ',';
    first = false;
    append_json_string(to, fields[index].name);
    to += ':';
    append_json_value(to, child, place, options);
  }
  to += '}';
}

void append_map(std::string& to, const Column& column, uint32_t place,
                const ValueTextOptions& options) {
  const uint32_t* offsets = column.data<uint32_t>();
  const Column& keys = *column.children()[0]->children()[0];
  const Column& values = *column.children()[0]->children()[1];
  bool first = true;
  std::string key;
  to += '{';
  for (uint32_t at = offsets[place]; at < offsets[place + 1]; ++at) {
    if (options.skip_null_members && values.is_null(at)) continue;
    if (!first) to += ',';
    first = false;
    key.clear();
    if (!keys.is_null(at)) append_plain_value(key, keys, at, options);
    append_json_string(to, key);
    to += ':';
    append_json_value(to, values, at, options);
  }
  to += '}';
}

void append_array(std::string& to, const Column& column, uint32_t place,
                  const ValueTextOptions& options) {
  const uint32_t* offsets = column.data<uint32_t>();
  to += '[';
  for (uint32_t at = offsets[place]; at < offsets[place + 1]; ++at) {
    if (at != offsets[place]) to += ',';
    append_json_value(to, *column.children()[0], at, options);
  }
  to += ']';
}

}  // namespace

void append_json_value(std::string& to, const Column& column, uint32_t row,
                       const ValueTextOptions& options) {
  if (column.is_null(row)) {
    to += "null";
    return;
  }
  if (column.encoding() == data::Encoding::kDictionary) {
    return append_json_value(to, *column.dictionary(), column.data<uint32_t>()[row], options);
  }
  const uint32_t place = column.is_flat() ? row : 0;
  if (append_bare_value(to, column, place)) return;
  switch (column.type().kind()) {
    case TypeKind::kFloat:
      return append_json_real(to, column.data<float>()[place]);
    case TypeKind::kDouble:
      return append_json_real(to, column.data<double>()[place]);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      return append_json_string(to, column.text_of(column.data<data::Text>()[place]));
    case TypeKind::kJson:
      return append_one_line(to, column.text_of(column.data<data::Text>()[place]));
    case TypeKind::kArray:
      return append_array(to, column, place, options);
    case TypeKind::kMap:
      return append_map(to, column, place, options);
    case TypeKind::kRow:
      return append_row(to, column, place, options);
    default:
      to += '"';
      append_bare_text(to, column, place, options);
      to += '"';
  }
}

void append_plain_value(std::string& to, const Column& column, uint32_t row,
                        const ValueTextOptions& options) {
  if (column.encoding() == data::Encoding::kDictionary) {
    return append_plain_value(to, *column.dictionary(), column.data<uint32_t>()[row], options);
  }
  const uint32_t place = column.is_flat() ? row : 0;
  if (append_bare_value(to, column, place)) return;
  switch (column.type().kind()) {
    case TypeKind::kFloat:
      return data::append_real(to, column.data<float>()[place]);
    case TypeKind::kDouble:
      return data::append_real(to, column.data<double>()[place]);
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kJson:
      to += column.text_of(column.data<data::Text>()[place]);
      return;
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kRow:
      return append_json_value(to, column, row, options);
    default:
      return append_bare_text(to, column, place, options);
  }
}

}  // namespace millrace::formats
