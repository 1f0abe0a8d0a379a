#include "data/type.h"

#include <fmt/core.h>

#include "base/assert.h"

namespace millrace::data {
namespace {

constexpr int kShortDecimalDigits = 18;
constexpr int kDecimalDigitsMax = 38;

// As SQL writes a name: quoted unless it is a plain word.
std::string quoted_name(const std::string& name) {
  bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9');
  for (const char c : name) {
    plain &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  if (plain) return name;
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string element_to_string(const Field& field) {
  return field.type.to_string() + (field.nullable ? "" : " NOT NULL");
}

std::string row_to_string(const std::vector<Field>& fields) {
  std::string text = "ROW<";
  for (const Field& field : fields) {
    if (text.back() != '<') text += ", ";
    text += quoted_name(field.name) + " " + element_to_string(field);
  }
  return text + ">";
}

}  // namespace

Type::Type(TypeKind kind, int precision, int scale)
    : kind_(kind), precision_(precision), scale_(scale) {}

Type Type::decimal(int precision, int scale) {
  MILLRACE_ASSERT(precision >= 1 && precision <= kDecimalDigitsMax);
  MILLRACE_ASSERT(scale >= 0 && scale <= precision);
  return Type(TypeKind::kDecimal, precision, scale);
}

Type Type::timestamp(int precision) {
  return Type(TypeKind::kTimestamp, precision);
}

Type Type::timestamp_ltz(int precision) {
  return Type(TypeKind::kTimestampLtz, precision);
}

Type Type::array(Type element) {
  Type type(TypeKind::kArray);
  type.fields_ = std::make_shared<const std::vector<Field>>(
      std::vector<Field>{{"element", std::move(element), true}});
  return type;
}

Type Type::map(Type key, Type value) {
  Type type(TypeKind::kMap);
  type.fields_ = std::make_shared<const std::vector<Field>>(
      std::vector<Field>{{"key", std::move(key), false}, {"value", std::move(value), true}});
  return type;
}

Type Type::row(std::vector<Field> fields) {
  Type type(TypeKind::kRow);
  type.fields_ = std::make_shared<const std::vector<Field>>(std::move(fields));
  return type;
}

Width Type::width() const {
  switch (kind_) {
    case TypeKind::kNull:
      return Width::kNone;
    case TypeKind::kBoolean:
      return Width::k1;
    case TypeKind::kTinyint:
      return Width::k8;
    case TypeKind::kSmallint:
      return Width::k16;
    case TypeKind::kInt:
    case TypeKind::kDate:
    case TypeKind::kIntervalMonth:
      return Width::k32;
    case TypeKind::kBigint:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
    case TypeKind::kIntervalDay:
      return Width::k64;
    case TypeKind::kDecimal:
      return precision_ <= kShortDecimalDigits ? Width::k64 : Width::k128;
    case TypeKind::kFloat:
      return Width::kF32;
    case TypeKind::kDouble:
      return Width::kF64;
    case TypeKind::kChar:
    case TypeKind::kVarchar:
    case TypeKind::kBytes:
    case TypeKind::kJson:
      return Width::kView;
    case TypeKind::kArray:
    case TypeKind::kMap:
      return Width::kList;
    case TypeKind::kRow:
      return Width::kGroup;
  }
  return Width::kNone;
}

const std::vector<Field>& Type::fields() const {
  static const std::vector<Field> kNoFields;
  return fields_ == nullptr ? kNoFields : *fields_;
}

std::string Type::to_string() const {
  switch (kind_) {
    case TypeKind::kNull:
      return "NULL";
    case TypeKind::kBoolean:
      return "BOOLEAN";
    case TypeKind::kTinyint:
      return "TINYINT";
    case TypeKind::kSmallint:
      return "SMALLINT";
    case TypeKind::kInt:
      return "INT";
    case TypeKind::kBigint:
      return "BIGINT";
    case TypeKind::kFloat:
      return "FLOAT";
    case TypeKind::kDouble:
      return "DOUBLE";
    case TypeKind::kDecimal:
      return fmt::format("DECIMAL({}, {})", precision_, scale_);
    case TypeKind::kChar:
      return fmt::format("CHAR({})", precision_);
    case TypeKind::kVarchar:
      return precision_ == 0 ? "STRING" : fmt::format("VARCHAR({})", precision_);
    case TypeKind::kBytes:
      return "BYTES";
    case TypeKind::kDate:
      return "DATE";
    case TypeKind::kTime:
      return fmt::format("TIME({})", precision_);
    case TypeKind::kTimestamp:
      return fmt::format("TIMESTAMP({})", precision_);
    case TypeKind::kTimestampLtz:
      return fmt::format("TIMESTAMP_LTZ({})", precision_);
    case TypeKind::kIntervalMonth:
      return "INTERVAL YEAR TO MONTH";
    case TypeKind::kIntervalDay:
      return "INTERVAL DAY TO SECOND";
    case TypeKind::kArray:
      return "ARRAY<" + element_to_string(fields()[0]) + ">";
    case TypeKind::kMap:
      return "MAP<" + fields()[0].type.to_string() + ", " + element_to_string(fields()[1]) + ">";
    case TypeKind::kRow:
      return row_to_string(fields());
    case TypeKind::kJson:
      return "JSON";
  }
  return "?";
}

bool operator==(const Type& a, const Type& b) {
  return a.kind_ == b.kind_ && a.precision_ == b.precision_ && a.scale_ == b.scale_ &&
         (a.fields_ == b.fields_ || a.fields() == b.fields());
}

size_t bytes_per_value(Width width) {
  switch (width) {
    case Width::k8:
      return 1;
    case Width::k16:
      return 2;
    case Width::k32:
    case Width::kF32:
      return 4;
    case Width::k64:
    case Width::kF64:
      return 8;
    case Width::k128:
    case Width::kView:
      return 16;
    default:
      return 0;
  }
}

}  // namespace millrace::data
