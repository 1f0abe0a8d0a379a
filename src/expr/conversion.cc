#include "expr/conversion.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::expr {
namespace {

using data::Type;
using data::TypeKind;

constexpr int kDigitsMax = 38;

int integer_digits(TypeKind kind) {
  switch (kind) {
    case TypeKind::kTinyint:
      return 3;
    case TypeKind::kSmallint:
      return 5;
    case TypeKind::kInt:
      return 10;
    default:
      return 19;
  }
}

bool is_exact(const Type& type) {
  return type.is_integer() || type.kind() == TypeKind::kDecimal;
}
bool is_temporal(const Type& type) {
  return type.kind() == TypeKind::kDate || type.is_timestamp();
}
bool is_nested(const Type& type) {
  return type.kind() == TypeKind::kArray || type.kind() == TypeKind::kMap ||
         type.kind() == TypeKind::kRow;
}

std::optional<Conversion> number_conversion(const Type& from, const Type& to) {
  if (from.is_integer() && to.is_integer()) {
    return from.kind() <= to.kind() ? Conversion::kImplicit : Conversion::kAssignment;
  }
  if (is_exact(from) && to.kind() == TypeKind::kDecimal) {
    const Type exact = decimal_for(from);
    const bool fits = to.scale() >= exact.scale() &&
                      to.precision() - to.scale() >= exact.precision() - exact.scale();
    return fits ? Conversion::kImplicit : Conversion::kAssignment;
  }
  if (to.is_float()) {
    return from.kind() == TypeKind::kDouble && to.kind() == TypeKind::kFloat
               ? Conversion::kAssignment
               : Conversion::kImplicit;
  }
  return Conversion::kAssignment;
}

std::optional<Conversion> text_conversion(const Type& from, const Type& to) {
  if (from.kind() == to.kind() && from.precision() == to.precision()) return Conversion::kImplicit;
  const bool fits =
      to.kind() == TypeKind::kVarchar &&
      (to.precision() == 0 || (from.precision() != 0 && from.precision() <= to.precision()));
  return fits ? Conversion::kImplicit : Conversion::kAssignment;
}

std::optional<Conversion> temporal_conversion(const Type& from, const Type& to) {
  if (from.kind() == to.kind()) {
    return from.precision() <= to.precision() ? Conversion::kImplicit : Conversion::kAssignment;
  }
  // DATE < TIMESTAMP < TIMESTAMP_LTZ.
  return from.kind() < to.kind() ? Conversion::kImplicit : Conversion::kAssignment;
}

std::optional<Conversion> nested_conversion(const Type& from, const Type& to) {
  if (from.kind() != to.kind() || from.fields().size() != to.fields().size()) return std::nullopt;
  Conversion needed = Conversion::kImplicit;
  for (size_t at = 0; at < from.fields().size(); ++at) {
    const auto part = conversion(from.fields()[at].type, to.fields()[at].type);
    if (!part) return std::nullopt;
    needed = std::max(needed, *part);
  }
  return needed;
}

std::optional<Conversion> to_text_conversion(const Type& from) {
  return from.kind() == TypeKind::kBytes ? Conversion::kExplicit : Conversion::kAssignment;
}

std::optional<Conversion> from_text_conversion(const Type& to) {
  if (is_nested(to) || to.kind() == TypeKind::kNull) return std::nullopt;
  return Conversion::kExplicit;
}

Type common_decimal(const Type& a, const Type& b) {
  const Type x = decimal_for(a);
  const Type y = decimal_for(b);
  const int whole = std::max(x.precision() - x.scale(), y.precision() - y.scale());
  const int scale = std::min(std::max(x.scale(), y.scale()), kDigitsMax - whole);
  return Type::decimal(whole + scale, scale);
}

std::optional<Type> common_number(const Type& a, const Type& b) {
  if (a.is_integer() && b.is_integer()) return a.kind() >= b.kind() ? a : b;
  if (is_exact(a) && is_exact(b)) return common_decimal(a, b);
  if (a.kind() == TypeKind::kFloat && b.kind() == TypeKind::kFloat) return a;
  return Type(TypeKind::kDouble);
}

std::optional<Type> common_text(const Type& a, const Type& b) {
  if (a == b) return a;
  if (a.precision() == 0 || b.precision() == 0) return Type(TypeKind::kVarchar);
  return Type(TypeKind::kVarchar, std::max(a.precision(), b.precision()));
}

std::optional<Type> common_temporal(const Type& a, const Type& b) {
  const TypeKind kind = std::max(a.kind(), b.kind());
  if (kind == TypeKind::kDate) return a;
  int precision = 0;
  for (const Type* type : {&a, &b}) {
    if (type->is_timestamp()) precision = std::max(precision, type->precision());
  }
  return Type(kind, precision);
}

std::optional<Type> common_of_two(const Type& a, const Type& b);

std::optional<Type> common_nested(const Type& a, const Type& b) {
  if (a.kind() != b.kind() || a.fields().size() != b.fields().size()) return std::nullopt;
  std::vector<data::Field> fields = a.fields();
  for (size_t at = 0; at < fields.size(); ++at) {
    const auto part = common_of_two(a.fields()[at].type, b.fields()[at].type);
    if (!part) return std::nullopt;
    fields[at].type = *part;
    fields[at].nullable |= b.fields()[at].nullable;
  }
  switch (a.kind()) {
    case TypeKind::kArray:
      return Type::array(fields[0].type);
    case TypeKind::kMap:
      return Type::map(fields[0].type, fields[1].type);
    default:
      return Type::row(std::move(fields));
  }
}

std::optional<Type> common_of_two(const Type& a, const Type& b) {
  if (a == b || b.kind() == TypeKind::kNull) return a;
  if (a.kind() == TypeKind::kNull) return b;
  if (a.is_numeric() && b.is_numeric()) return common_number(a, b);
  if (a.is_text() && b.is_text()) return common_text(a, b);
  if (is_temporal(a) && is_temporal(b)) return common_temporal(a, b);
  if (is_nested(a)) return common_nested(a, b);
  if (a.kind() == TypeKind::kTime && b.kind() == TypeKind::kTime) {
    return Type(TypeKind::kTime, std::max(a.precision(), b.precision()));
  }
  return std::nullopt;
}

}  // namespace

Type decimal_for(const Type& type) {
  MILLRACE_ASSERT(is_exact(type));
  return type.is_integer() ? Type::decimal(integer_digits(type.kind()), 0) : type;
}

std::optional<Conversion> conversion(const Type& from, const Type& to) {
  if (from == to || from.kind() == TypeKind::kNull) return Conversion::kImplicit;
  if (from.is_numeric() && to.is_numeric()) return number_conversion(from, to);
  if (from.is_text() && to.is_text()) return text_conversion(from, to);
  if (is_temporal(from) && is_temporal(to)) return temporal_conversion(from, to);
  if (to.is_text()) return to_text_conversion(from);
  if (from.is_text()) return from_text_conversion(to);
  if (is_nested(from)) return nested_conversion(from, to);
  if (from.kind() == TypeKind::kTime && to.kind() == TypeKind::kTime) {
    return from.precision() <= to.precision() ? Conversion::kImplicit : Conversion::kAssignment;
  }
  if (from.is_timestamp() && to.kind() == TypeKind::kTime) return Conversion::kAssignment;
  const bool to_truth = from.is_integer() && to.kind() == TypeKind::kBoolean;
  const bool from_truth = from.kind() == TypeKind::kBoolean && to.is_integer();
  if (to_truth || from_truth) return Conversion::kExplicit;
  return std::nullopt;
}

bool conversion_may_fail(const Type& from, const Type& to) {
  if (from == to || from.kind() == TypeKind::kNull) return false;
  if (to.is_text()) return from.is_text() && to.precision() != 0;
  if (from.is_integer() && to.kind() == TypeKind::kBoolean) return false;
  if (from.kind() == TypeKind::kBoolean) return false;
  if (from.kind() == TypeKind::kDecimal && to.kind() == TypeKind::kDouble) return false;
  if (is_nested(from)) {
    for (size_t at = 0; at < from.fields().size(); ++at) {
      if (conversion_may_fail(from.fields()[at].type, to.fields()[at].type)) return true;
    }
    return false;
  }
  if (from.is_timestamp() && to.is_timestamp()) return from.counts_ns() != to.counts_ns();
  if (from.is_timestamp()) return false;
  const auto context = conversion(from, to);
  return !context || *context != Conversion::kImplicit || to.counts_ns();
}

bool text_fits(const data::Value& text, const Type& type) {
  if (text.is_null() || type.precision() == 0) return true;
  const auto is_first = [](char byte) { return (static_cast<uint8_t>(byte) & 0xc0) != 0x80; };
  return std::ranges::count_if(text.text(), is_first) <= type.precision();
}

std::optional<Type> common_type(std::span<const Type> types) {
  Type common;
  for (const Type& type : types) {
    const auto next = common_of_two(common, type);
    if (!next) return std::nullopt;
    common = *next;
  }
  return common;
}

}  // namespace millrace::expr
