#include <fmt/core.h>

#include "expr/expression.h"

namespace millrace::expr {
namespace {

void append(std::string& to, const Expression& expression);

void append_list(std::string& to, const std::vector<ExpressionPtr>& list,
                 std::string_view separator) {
  for (size_t at = 0; at < list.size(); ++at) {
    if (at > 0) to += separator;
    append(to, *list[at]);
  }
}

void append_quoted(std::string& to, std::string_view text) {
  to += '\'';
  for (const char c : text) {
    if (c == '\'') to += c;
    to += c;
  }
  to += '\'';
}

void append_literal(std::string& to, const data::Value& value, const data::Type& type) {
  using data::TypeKind;
  if (value.is_null()) {
    to += "NULL";
    return;
  }
  const std::string text = data::to_string(value, type);
  switch (type.kind()) {
    case TypeKind::kChar:
    case TypeKind::kVarchar:
      append_quoted(to, text);
      return;
    case TypeKind::kBoolean:
      to += value.boolean() ? "TRUE" : "FALSE";
      return;
    case TypeKind::kNull:
    case TypeKind::kTinyint:
    case TypeKind::kSmallint:
    case TypeKind::kInt:
    case TypeKind::kBigint:
    case TypeKind::kFloat:
    case TypeKind::kDouble:
    case TypeKind::kDecimal:
    case TypeKind::kArray:
    case TypeKind::kMap:
    case TypeKind::kRow:
      to += text;
      return;
    case TypeKind::kIntervalMonth:
    case TypeKind::kIntervalDay:
      to += "INTERVAL ";
      break;
    default:
      to += type.to_string() + " ";
      break;
  }
  append_quoted(to, text);
}

void append_call(std::string& to, const Call& call) {
  const std::vector<ExpressionPtr>& arguments = call.arguments;
  switch (call.function->syntax) {
    case Syntax::kInfix:
      to += '(';
      append_list(to, arguments, " " + call.function->name + " ");
      to += ')';
      return;
    case Syntax::kPrefix:
      to += '-';
      append(to, *arguments[0]);
      return;
    case Syntax::kSubscript:
      append(to, *arguments[0]);
      to += '[';
      append(to, *arguments[1]);
      to += ']';
      return;
    case Syntax::kCall:
      to += call.function->name + "(";
      append_list(to, arguments, ", ");
      to += ')';
      return;
  }
}

void append_case(std::string& to, const Case& choice) {
  to += "CASE";
  for (const CaseBranch& branch : choice.branches) {
    to += " WHEN ";
    append(to, *branch.when);
    to += " THEN ";
    append(to, *branch.then);
  }
  to += " ELSE ";
  append(to, *choice.otherwise);
  to += " END";
}

void append_in_list(std::string& to, const InList& in) {
  to += '(';
  append(to, *in.operand);
  to += in.negated ? " NOT IN (" : " IN (";
  bool first = true;
  for (const data::Value& value : in.list) {
    if (!first) to += ", ";
    first = false;
    append_literal(to, value, in.operand->type());
  }
  if (in.has_null) to += first ? "NULL" : ", NULL";
  to += "))";
}

void append_test(std::string& to, const Test& test) {
  to += '(';
  append(to, *test.operand);
  to += test.negated ? " IS NOT " : " IS ";
  to += test.kind == TestKind::kNull ? "NULL" : test.kind == TestKind::kTrue ? "TRUE" : "FALSE";
  to += ')';
}

void append(std::string& to, const Expression& expression) {
  if (const auto* column = expression.as<ColumnRef>()) {
    to += column->name.empty() ? fmt::format("#{}", column->index) : column->name;
  } else if (const auto* literal = expression.as<Literal>()) {
    append_literal(to, literal->value, expression.type());
  } else if (const auto* call = expression.as<Call>()) {
    append_call(to, *call);
  } else if (const auto* cast = expression.as<Cast>()) {
    to += cast->mode == CastMode::kTry ? "TRY_CAST(" : "CAST(";
    append(to, *cast->operand);
    to += " AS " + expression.type().to_string() + ")";
  } else if (const auto* logical = expression.as<Logical>()) {
    to += '(';
    append_list(to, logical->operands, logical->is_and ? " AND " : " OR ");
    to += ')';
  } else if (const auto* negation = expression.as<Not>()) {
    to += "(NOT ";
    append(to, *negation->operand);
    to += ')';
  } else if (const auto* choice = expression.as<Case>()) {
    append_case(to, *choice);
  } else if (const auto* coalesce = expression.as<Coalesce>()) {
    to += "COALESCE(";
    append_list(to, coalesce->operands, ", ");
    to += ')';
  } else if (const auto* test = expression.as<Test>()) {
    append_test(to, *test);
  } else if (const auto* in = expression.as<InList>()) {
    append_in_list(to, *in);
  } else if (const auto* access = expression.as<FieldAccess>()) {
    append(to, *access->operand);
    to += "." + access->operand->type().fields()[access->field].name;
  }
}

}  // namespace

std::string to_string(const Expression& expression) {
  std::string text;
  append(text, expression);
  return text;
}

}  // namespace millrace::expr
