#include "plan/bind/bind_type.h"

#include <fmt/core.h>

#include <array>

#include "base/nearest.h"
#include "catalog/qualified_name.h"
#include "sql/ast/statement.h"

namespace millrace::plan {
namespace {

using data::Type;
using data::TypeKind;

struct TypeWord {
  std::string_view word;
  TypeKind kind;
  int parameters_max = 0;
  int parameter_max = 0;      // of the first
  int parameter_default = 0;  // where none is written
};

constexpr int kLengthMax = INT32_MAX;

constexpr auto kWords = std::to_array<TypeWord>({
    {"BOOLEAN", TypeKind::kBoolean},
    {"BOOL", TypeKind::kBoolean},
    {"TINYINT", TypeKind::kTinyint},
    {"SMALLINT", TypeKind::kSmallint},
    {"INT2", TypeKind::kSmallint},
    {"INT", TypeKind::kInt},
    {"INTEGER", TypeKind::kInt},
    {"INT4", TypeKind::kInt},
    {"BIGINT", TypeKind::kBigint},
    {"INT8", TypeKind::kBigint},
    {"FLOAT", TypeKind::kFloat},
    {"REAL", TypeKind::kFloat},
    {"FLOAT4", TypeKind::kFloat},
    {"DOUBLE", TypeKind::kDouble},
    {"FLOAT8", TypeKind::kDouble},
    {"DECIMAL", TypeKind::kDecimal, 2, 38, 10},
    {"NUMERIC", TypeKind::kDecimal, 2, 38, 10},
    {"DEC", TypeKind::kDecimal, 2, 38, 10},
    {"CHAR", TypeKind::kChar, 1, kLengthMax, 1},
    {"CHARACTER", TypeKind::kChar, 1, kLengthMax, 1},
    {"VARCHAR", TypeKind::kVarchar, 1, kLengthMax, 0},
    {"STRING", TypeKind::kVarchar},
    {"TEXT", TypeKind::kVarchar},
    {"BYTES", TypeKind::kBytes},
    {"BYTEA", TypeKind::kBytes},
    {"VARBINARY", TypeKind::kBytes},
    {"DATE", TypeKind::kDate},
    {"TIME", TypeKind::kTime, 1, 9, 0},
    {"TIMESTAMP", TypeKind::kTimestamp, 1, 9, 6},
    {"TIMESTAMP_LTZ", TypeKind::kTimestampLtz, 1, 9, 6},
    {"TIMESTAMPTZ", TypeKind::kTimestampLtz, 1, 9, 6},
    {"JSON", TypeKind::kJson},
    {"JSONB", TypeKind::kJson},
});

Result<Type> bind_named(const sql::NamedType& named, sql::Span span, const sql::SourceText& text) {
  const std::string& word = named.name.parts.back().text;
  for (const TypeWord& known : kWords) {
    if (!catalog::equal_ignoring_case(known.word, word)) continue;
    const auto& parameters = named.parameters;
    if (parameters.size() > static_cast<size_t>(known.parameters_max)) {
      return text.error(ErrorCode::kInvalidDefinition, span,
                        fmt::format("{} takes at most {} numbers", word, known.parameters_max));
    }
    const auto first =
        parameters.empty() ? static_cast<uint32_t>(known.parameter_default) : parameters[0];
    const auto second = parameters.size() > 1 ? parameters[1] : 0U;
    if (first > static_cast<uint32_t>(known.parameter_max) || second > first ||
        (known.kind == TypeKind::kDecimal && first == 0)) {
      return text.error(ErrorCode::kInvalidDefinition, span,
                        fmt::format("{} takes numbers up to {}", word, known.parameter_max));
    }
    if (known.kind == TypeKind::kDecimal) {
      return Type::decimal(static_cast<int>(first), static_cast<int>(second));
    }
    return Type(known.kind, static_cast<int>(first));
  }
  std::vector<std::string_view> words;
  for (const TypeWord& known : kWords) words.push_back(known.word);
  return text.error(ErrorCode::kUnknownType, span, fmt::format("there is no type '{}'", word))
      .remedy(nearest_remedy(word, words));
}

Type bind_interval(const sql::IntervalType& interval) {
  const bool months = interval.qualifier && (interval.qualifier->from == sql::TimeUnit::kYear ||
                                             interval.qualifier->from == sql::TimeUnit::kMonth);
  return Type(months ? TypeKind::kIntervalMonth : TypeKind::kIntervalDay);
}

}  // namespace

Result<Type> bind_type(const sql::TypeName& type, const sql::SourceText& text) {
  if (const auto* named = std::get_if<sql::NamedType>(&type.node)) {
    return bind_named(*named, type.span, text);
  }
  if (const auto* array = std::get_if<sql::ArrayType>(&type.node)) {
    return Type::array(MILLRACE_TRY(bind_type(*array->element, text)));
  }
  if (const auto* map = std::get_if<sql::MapType>(&type.node)) {
    Type key = MILLRACE_TRY(bind_type(*map->key, text));
    Type value = MILLRACE_TRY(bind_type(*map->value, text));
    return Type::map(std::move(key), std::move(value));
  }
  if (const auto* row = std::get_if<sql::RowType>(&type.node)) {
    std::vector<data::Field> fields;
    for (const sql::RowField& field : row->fields) {
      fields.push_back(
          {field.name.text, MILLRACE_TRY(bind_type(field.type, text)), !field.type.not_null});
    }
    return Type::row(std::move(fields));
  }
  if (const auto* interval = std::get_if<sql::IntervalType>(&type.node)) {
    return bind_interval(*interval);
  }
  return text.error(ErrorCode::kNotSupported, type.span, "MULTISET columns cannot be stored yet");
}

}  // namespace millrace::plan
