#include "data/predicate.h"

#include <cmath>

#include "base/assert.h"

namespace millrace::data {
namespace {

template <class T>
int order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int compare_reals(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return order(std::isnan(a), std::isnan(b));
  return order(a, b);
}

Int128 widened(const Value& value) {
  return value.holds<Int128>() ? value.wide() : Int128{value.integer()};
}

int compare_nullable(const Value& a, const Value& b, const Type& type) {
  if (a.is_null() || b.is_null()) return order(a.is_null(), b.is_null());
  return compare(a, b, type);
}

int compare_lists(const Value::List& a, const Value::List& b, const Type& type) {
  for (size_t index = 0; index < a.size() && index < b.size(); ++index) {
    const size_t field = type.kind() == TypeKind::kRow   ? index
                         : type.kind() == TypeKind::kMap ? index % 2
                                                         : 0;
    const int result = compare_nullable(a[index], b[index], type.fields()[field].type);
    if (result != 0) return result;
  }
  return order(a.size(), b.size());
}

bool satisfies(Comparison comparison, int order) {
  switch (comparison) {
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kNotEqual:
      return order != 0;
    case Comparison::kLess:
      return order < 0;
    case Comparison::kLessOrEqual:
      return order <= 0;
    case Comparison::kGreater:
      return order > 0;
    case Comparison::kGreaterOrEqual:
      return order >= 0;
    default:
      return false;
  }
}

}  // namespace

std::string_view to_string(Comparison comparison) {
  switch (comparison) {
    case Comparison::kEqual:
      return "=";
    case Comparison::kNotEqual:
      return "<>";
    case Comparison::kLess:
      return "<";
    case Comparison::kLessOrEqual:
      return "<=";
    case Comparison::kGreater:
      return ">";
    case Comparison::kGreaterOrEqual:
      return ">=";
    case Comparison::kIsNull:
      return "IS NULL";
    case Comparison::kIsNotNull:
      return "IS NOT NULL";
  }
  return "?";
}

std::string SimplePredicate::to_string(const Schema& schema) const {
  const Field& field = schema.field(column);
  std::string text = field.name;
  text += ' ';
  text += data::to_string(comparison);
  if (comparison == Comparison::kIsNull || comparison == Comparison::kIsNotNull) return text;
  text += ' ';
  const bool quoted = field.type.width() == Width::kView || field.type.is_timestamp() ||
                      field.type.kind() == TypeKind::kDate || field.type.kind() == TypeKind::kTime;
  if (quoted) text += '\'';
  append_value(text, constant, field.type);
  if (quoted) text += '\'';
  return text;
}

int compare(const Value& a, const Value& b, const Type& type) {
  MILLRACE_ASSERT(!a.is_null() && !b.is_null());
  switch (type.width()) {
    case Width::kNone:
      return 0;
    case Width::k1:
      return order(a.boolean(), b.boolean());
    case Width::k128:
      return order(widened(a), widened(b));
    case Width::kF32:
    case Width::kF64:
      return compare_reals(a.real(), b.real());
    case Width::kView:
      return order(a.text().compare(b.text()), 0);
    case Width::kList:
    case Width::kGroup:
      return compare_lists(a.list(), b.list(), type);
    default:
      return order(a.integer(), b.integer());
  }
}

bool matches(const SimplePredicate& predicate, const Value& value, const Type& type) {
  if (predicate.comparison == Comparison::kIsNull) return value.is_null();
  if (predicate.comparison == Comparison::kIsNotNull) return !value.is_null();
  return !value.is_null() &&
         satisfies(predicate.comparison, compare(value, predicate.constant, type));
}

bool may_match(const SimplePredicate& predicate, const ColumnStatistics& statistics,
               const Type& type) {
  if (predicate.comparison == Comparison::kIsNull) return statistics.nulls != uint64_t{0};
  if (statistics.nulls && *statistics.nulls == statistics.rows) return false;
  const std::optional<Value>& min = statistics.min;
  const std::optional<Value>& max = statistics.max;
  const Value& constant = predicate.constant;
  switch (predicate.comparison) {
    case Comparison::kEqual:
      return (!min || compare(*min, constant, type) <= 0) &&
             (!max || compare(*max, constant, type) >= 0);
    case Comparison::kNotEqual:
      return !min || !max || compare(*min, constant, type) != 0 ||
             compare(*max, constant, type) != 0;
    case Comparison::kLess:
      return !min || compare(*min, constant, type) < 0;
    case Comparison::kLessOrEqual:
      return !min || compare(*min, constant, type) <= 0;
    case Comparison::kGreater:
      return !max || compare(*max, constant, type) > 0;
    case Comparison::kGreaterOrEqual:
      return !max || compare(*max, constant, type) >= 0;
    default:
      return true;
  }
}

}  // namespace millrace::data
