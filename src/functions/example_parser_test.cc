#include "functions/example_parser_test.h"

#include "expr/build.h"
#include "expr/conversion.h"

namespace millrace::functions {
namespace {

using data::Type;
using data::TypeKind;
using expr::ExpressionPtr;

// Longer ones before those that they begin with.
constexpr std::string_view kInfix[] = {"IS DISTINCT FROM",
                                       "SIMILAR TO",
                                       "ILIKE",
                                       "LIKE",
                                       "->>",
                                       "->",
                                       "!~*",
                                       "!~",
                                       "~*",
                                       "~",
                                       "||",
                                       "<=",
                                       ">=",
                                       "<>",
                                       "<<",
                                       ">>",
                                       "<",
                                       ">",
                                       "=",
                                       "+",
                                       "-",
                                       "*",
                                       "/",
                                       "%",
                                       "&",
                                       "|",
                                       "#"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool in_name(char c) {
  return (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

}  // namespace

Error ExampleParser::unexpected() const {
  return Error(ErrorCode::kSyntaxError, "unexpected: " + std::string(rest_));
}

void ExampleParser::space() {
  while (rest_.starts_with(' ')) rest_.remove_prefix(1);
}

bool ExampleParser::take(std::string_view word) {
  space();
  if (!rest_.starts_with(word)) return false;
  rest_.remove_prefix(word.size());
  return true;
}

std::string ExampleParser::quoted() {
  std::string text;
  rest_.remove_prefix(1);
  while (!rest_.empty()) {
    if (rest_[0] == '\'' && !rest_.starts_with("''")) break;
    if (rest_[0] == '\'') rest_.remove_prefix(1);
    text += rest_[0];
    rest_.remove_prefix(1);
  }
  rest_.remove_prefix(1);
  return text;
}

Result<ExpressionPtr> ExampleParser::number() {
  size_t end = rest_[0] == '-' ? 1 : 0;
  while (end < rest_.size() && (is_digit(rest_[end]) || rest_[end] == '.')) ++end;
  const std::string_view text = rest_.substr(0, end);
  rest_.remove_prefix(end);
  const size_t point = text.find('.');
  const data::Value value{std::string(text)};
  if (point != std::string_view::npos) {
    const int scale = static_cast<int>(text.size() - point - 1);
    const int digits = static_cast<int>(text.size()) - 1 - (text[0] == '-' ? 1 : 0);
    const Type type = Type::decimal(std::max(digits, 1), scale);
    return expr::make_literal(MILLRACE_TRY(expr::cast_value(value, TypeKind::kVarchar, type)),
                              type);
  }
  const data::Value whole =
      MILLRACE_TRY(expr::cast_value(value, TypeKind::kVarchar, TypeKind::kBigint));
  const bool is_int = whole.integer() == static_cast<int32_t>(whole.integer());
  return expr::make_literal(whole, is_int ? TypeKind::kInt : TypeKind::kBigint);
}

Result<std::vector<ExpressionPtr>> ExampleParser::list(char end) {
  std::vector<ExpressionPtr> values;
  if (take({&end, 1})) return values;
  do {
    values.push_back(MILLRACE_TRY(expression()));
  } while (take(","));
  if (!take({&end, 1})) return unexpected();
  return values;
}

Result<ExpressionPtr> ExampleParser::named(std::string_view name) {
  if (name == "NULL") return expr::make_null();
  if (name == "TRUE" || name == "FALSE") return expr::make_boolean(name == "TRUE");
  space();
  if (name == "DATE" && rest_.starts_with('\'')) {
    return expr::convert(expr::make_literal(quoted(), TypeKind::kVarchar), TypeKind::kDate);
  }
  if (name == "TIMESTAMP" && rest_.starts_with('\'')) {
    const std::string text = quoted();
    const size_t point = text.find('.');
    const int digits = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
    return expr::convert(expr::make_literal(text, TypeKind::kVarchar), Type::timestamp(digits));
  }
  if (!take("(")) return unexpected();
  std::vector<ExpressionPtr> arguments = MILLRACE_TRY(list(')'));
  return registry_.call(name, std::move(arguments), dialect_);
}

Result<ExpressionPtr> ExampleParser::operand() {
  space();
  if (rest_.empty()) return unexpected();
  if (rest_[0] == '\'') return expr::make_literal(quoted(), TypeKind::kVarchar);
  if (is_digit(rest_[0])) return number();
  if (rest_[0] == '-') {
    if (rest_.size() > 1 && is_digit(rest_[1])) return number();
    rest_.remove_prefix(2);
    std::vector<ExpressionPtr> negated = MILLRACE_TRY(list(')'));
    return registry_.call("NEGATE", std::move(negated));
  }
  size_t end = 0;
  while (end < rest_.size() && in_name(rest_[end])) ++end;
  const std::string_view name = rest_.substr(0, end);
  rest_.remove_prefix(end);
  return named(name);
}

Result<ExpressionPtr> ExampleParser::expression() {
  ExpressionPtr left = MILLRACE_TRY(operand());
  space();
  for (const std::string_view infix : kInfix) {
    if (!take(infix)) continue;
    ExpressionPtr right = MILLRACE_TRY(operand());
    return registry_.call(infix, {std::move(left), std::move(right)}, dialect_);
  }
  return left;
}

Result<ExpressionPtr> ExampleParser::parse() {
  ExpressionPtr parsed = MILLRACE_TRY(expression());
  space();
  if (!rest_.empty()) return unexpected();
  return parsed;
}

Result<std::vector<ExpressionPtr>> ExampleParser::parse_values() {
  const size_t over = rest_.find(" over ");
  if (over == std::string_view::npos) return unexpected();
  rest_.remove_prefix(over + 6);
  std::vector<ExpressionPtr> values;
  do {
    values.push_back(MILLRACE_TRY(operand()));
  } while (take(","));
  return expr::unify(std::move(values));
}

}  // namespace millrace::functions
