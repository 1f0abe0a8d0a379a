#pragma once

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "data/builder.h"

// Random columns of every type, for the tests of this module.
namespace millrace::data::testing_values {

inline std::vector<Type> every_type() {
  const Type text(TypeKind::kVarchar);
  return {TypeKind::kNull,
          TypeKind::kBoolean,
          TypeKind::kTinyint,
          TypeKind::kSmallint,
          TypeKind::kInt,
          TypeKind::kBigint,
          TypeKind::kFloat,
          TypeKind::kDouble,
          Type::decimal(12, 3),
          Type::decimal(30, 5),
          Type(TypeKind::kChar, 4),
          text,
          TypeKind::kBytes,
          TypeKind::kJson,
          TypeKind::kDate,
          Type(TypeKind::kTime, 3),
          Type::timestamp(6),
          Type::timestamp(9),
          Type::timestamp_ltz(3),
          TypeKind::kIntervalMonth,
          TypeKind::kIntervalDay,
          Type::array(TypeKind::kInt),
          Type::array(text),
          Type::map(text, TypeKind::kBigint),
          Type::row({{"a", TypeKind::kInt}, {"b", text}}),
          Type::array(Type::row({{"x", Type::array(text)}, {"y", TypeKind::kBoolean}}))};
}

inline int64_t random_integer(std::mt19937_64& random, int bits) {
  const int64_t value = static_cast<int64_t>(random()) >> (64 - bits);
  switch (random() % 8) {
    case 0:
      return 0;
    case 1:
      return value < 0 ? int64_t{-1} : int64_t{1};
    default:
      return value;
  }
}

inline Value random_value(const Type& type, std::mt19937_64& random, int null_in = 5) {
  if (type.kind() == TypeKind::kNull || random() % static_cast<unsigned>(null_in) == 0) return {};
  switch (type.width()) {
    case Width::k1:
      return random() % 2 == 0;
    case Width::k8:
      return random_integer(random, 8);
    case Width::k16:
      return random_integer(random, 16);
    case Width::k32:
      return random_integer(random, 22);
    case Width::k64:
      return random_integer(random, 45);
    case Width::k128:
      return Int128{random_integer(random, 60)} * random_integer(random, 30);
    case Width::kF32:
      return static_cast<double>(static_cast<float>(random_integer(random, 20)) / 8);
    case Width::kF64:
      return static_cast<double>(random_integer(random, 40)) / 1024;
    case Width::kView: {
      std::string text(random() % 3 == 0 ? random() % 40 : random() % 14, ' ');
      for (char& c : text) c = static_cast<char>('a' + random() % 3);
      return text;
    }
    case Width::kGroup: {
      Value::List values;
      for (const Field& field : type.fields()) {
        values.push_back(random_value(field.type, random, null_in));
      }
      return values;
    }
    case Width::kList: {
      Value::List values;
      for (size_t count = random() % 4; count > 0; --count) {
        if (type.kind() == TypeKind::kMap) {
          // Keys in ascending order, as state keeps them.
          values.push_back(std::string(1, static_cast<char>('z' - count)));
          values.push_back(random_value(type.fields()[1].type, random, null_in));
        } else {
          values.push_back(random_value(type.fields()[0].type, random, null_in));
        }
      }
      return values;
    }
    default:
      return {};
  }
}

inline ColumnPtr random_column(const Type& type, uint32_t rows, std::mt19937_64& random,
                               int null_in = 5) {
  ColumnBuilder builder(type, rows);
  for (uint32_t row = 0; row < rows; ++row) {
    builder.append_value(random_value(type, random, null_in));
  }
  return builder.finish();
}

}  // namespace millrace::data::testing_values
