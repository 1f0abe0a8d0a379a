#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace millrace::data {

// Every type of the SQL dialect. The numbers are part of the on-disk format: never reused.
enum class TypeKind : uint8_t {
  kNull = 0,  // the type of a bare NULL
  kBoolean = 1,
  kTinyint = 2,
  kSmallint = 3,
  kInt = 4,
  kBigint = 5,
  kFloat = 6,
  kDouble = 7,
  kDecimal = 8,   // precision 1..38, scale 0..precision
  kChar = 9,      // precision = length in characters
  kVarchar = 10,  // precision = most characters; 0: unbounded (STRING, TEXT)
  kBytes = 11,
  kDate = 12,
  kTime = 13,  // precision 0..9
  kTimestamp = 14,
  kTimestampLtz = 15,
  kIntervalMonth = 16,  // INTERVAL YEAR TO MONTH
  kIntervalDay = 17,    // INTERVAL DAY TO SECOND
  kArray = 18,
  kMap = 19,
  kRow = 20,
  kJson = 21,
};

// How a column of a type is laid out. Kernels are written per width, not per SQL type.
enum class Width : uint8_t {
  kNone,   // kNull: no values
  k1,      // kBoolean: a bit per row, least significant first
  k8,      // kTinyint: int8
  k16,     // kSmallint: int16
  k32,     // kInt, kDate (days since 1970-01-01), kIntervalMonth (months): int32
  k64,     // kBigint, kDecimal p <= 18 (unscaled), kTime (µs since midnight; ns if p > 6),
           // kTimestamp* (µs since 1970; ns if p > 6), kIntervalDay (µs): int64
  k128,    // kDecimal p > 18 (unscaled): __int128
  kF32,    // kFloat
  kF64,    // kDouble
  kView,   // kChar, kVarchar, kBytes, kJson: 16-byte Text
  kList,   // kArray; kMap as a list of (key, value) rows: uint32 offsets, one more than rows
  kGroup,  // kRow: only children
};

using Int128 = __int128;

struct Field;

// Type: a SQL type without nullability (that is the Field's). Immutable value, cheap to copy.
class Type {
 public:
  Type() = default;                                       // kNull
  Type(TypeKind kind, int precision = 0, int scale = 0);  // NOLINT: kind alone is the usual case
  static Type decimal(int precision, int scale);
  static Type timestamp(int precision);
  static Type timestamp_ltz(int precision);
  static Type array(Type element);
  static Type map(Type key, Type value);
  static Type row(std::vector<Field> fields);

  TypeKind kind() const { return kind_; }
  // kChar, kVarchar: the length in characters (up to 2^31 - 1).
  int precision() const { return precision_; }
  int scale() const { return scale_; }
  Width width() const;
  // kArray: one ("element"); kMap: two ("key", "value"); kRow: its fields; else empty.
  const std::vector<Field>& fields() const;

  bool is_integer() const { return kind_ >= TypeKind::kTinyint && kind_ <= TypeKind::kBigint; }
  bool is_float() const { return kind_ == TypeKind::kFloat || kind_ == TypeKind::kDouble; }
  bool is_numeric() const { return kind_ >= TypeKind::kTinyint && kind_ <= TypeKind::kDecimal; }
  bool is_text() const { return kind_ == TypeKind::kChar || kind_ == TypeKind::kVarchar; }
  bool is_timestamp() const {
    return kind_ == TypeKind::kTimestamp || kind_ == TypeKind::kTimestampLtz;
  }
  // kTime and kTimestamp*: whether values count nanoseconds instead of microseconds.
  bool counts_ns() const { return precision_ > 6; }

  // As SQL writes it: "DECIMAL(10, 2)", "ROW<a INT, b STRING>", "TIMESTAMP(3)".
  std::string to_string() const;
  friend bool operator==(const Type& a, const Type& b);

 private:
  TypeKind kind_ = TypeKind::kNull;
  int32_t precision_ = 0;
  int32_t scale_ = 0;
  std::shared_ptr<const std::vector<Field>> fields_;
};

struct Field {
  std::string name;
  Type type;
  bool nullable = true;
  friend bool operator==(const Field&, const Field&) = default;
};

// Bytes of one value of a fixed width; 16 for kView; 0 for kNone, k1, kList, kGroup.
size_t bytes_per_value(Width width);

}  // namespace millrace::data
