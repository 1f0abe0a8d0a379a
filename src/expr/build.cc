#include "expr/build.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/nearest.h"

namespace millrace::expr {
namespace {

using data::Type;
using data::TypeKind;
using data::Value;

ExpressionPtr make(ExpressionNode node, Type type, bool nullable) {
  return std::make_shared<const Expression>(std::move(node), std::move(type), nullable);
}

bool any_nullable(const std::vector<ExpressionPtr>& operands) {
  return std::any_of(operands.begin(), operands.end(),
                     [](const ExpressionPtr& operand) { return operand->nullable(); });
}

bool is_text_literal(const Expression& expression) {
  return expression.as<Literal>() != nullptr && expression.type().is_text();
}

Error no_conversion(const Expression& operand, const Type& type) {
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("{} is {}, which does not become {}", to_string(operand),
                           operand.type().to_string(), type.to_string()));
}

Result<ExpressionPtr> as_boolean(ExpressionPtr operand) {
  if (operand->type().kind() == TypeKind::kBoolean) return operand;
  if (operand->type().kind() == TypeKind::kNull) return make_null(TypeKind::kBoolean);
  return Error(ErrorCode::kTypeMismatch,
               fmt::format("a condition is BOOLEAN, but {} is {}", to_string(*operand),
                           operand->type().to_string()));
}

Result<ExpressionPtr> make_logical(bool is_and, std::vector<ExpressionPtr> operands) {
  std::vector<ExpressionPtr> flat;
  for (ExpressionPtr& operand : operands) {
    ExpressionPtr part = MILLRACE_TRY(as_boolean(std::move(operand)));
    const auto* inner = part->as<Logical>();
    if (inner != nullptr && inner->is_and == is_and) {
      flat.insert(flat.end(), inner->operands.begin(), inner->operands.end());
    } else {
      flat.push_back(std::move(part));
    }
  }
  if (flat.empty()) return make_boolean(is_and);
  if (flat.size() == 1) return flat[0];
  const bool nullable = any_nullable(flat);
  return make(Logical{is_and, std::move(flat)}, TypeKind::kBoolean, nullable);
}

// A literal of `type` from one of another type, where the conversion cannot wait for rows.
Result<ExpressionPtr> convert_literal(const Expression& literal, const Type& type) {
  const Value& value = literal.as<Literal>()->value;
  Result<Value> converted = cast_value(value, literal.type(), type);
  if (converted) return make_literal(std::move(*converted), type);
  return Error(ErrorCode::kTypeMismatch, converted.error().message());
}

std::optional<data::Comparison> comparison_named(std::string_view name) {
  using data::Comparison;
  if (name == "=") return Comparison::kEqual;
  if (name == "<>") return Comparison::kNotEqual;
  if (name == "<") return Comparison::kLess;
  if (name == "<=") return Comparison::kLessOrEqual;
  if (name == ">") return Comparison::kGreater;
  if (name == ">=") return Comparison::kGreaterOrEqual;
  return std::nullopt;
}

data::Comparison mirrored(data::Comparison comparison) {
  using data::Comparison;
  switch (comparison) {
    case Comparison::kLess:
      return Comparison::kGreater;
    case Comparison::kLessOrEqual:
      return Comparison::kGreaterOrEqual;
    case Comparison::kGreater:
      return Comparison::kLess;
    case Comparison::kGreaterOrEqual:
      return Comparison::kLessOrEqual;
    default:
      return comparison;
  }
}

}  // namespace

ExpressionPtr make_column(const data::Schema& schema, uint32_t index) {
  const data::Field& field = schema.field(index);
  return make_column(index, field.name, field.type, field.nullable);
}

ExpressionPtr make_column(uint32_t index, std::string name, Type type, bool nullable) {
  return make(ColumnRef{index, std::move(name)}, std::move(type), nullable);
}

ExpressionPtr make_literal(Value value, Type type) {
  const bool nullable = value.is_null();
  return make(Literal{std::move(value)}, std::move(type), nullable);
}

ExpressionPtr make_null(Type type) {
  return make_literal(Value(), std::move(type));
}
ExpressionPtr make_boolean(bool value) {
  return make_literal(value, TypeKind::kBoolean);
}

Result<ExpressionPtr> make_cast(ExpressionPtr operand, Type type, CastMode mode) {
  if (operand->type() == type) return operand;
  if (operand->type().kind() == TypeKind::kNull) return make_null(std::move(type));
  if (!conversion(operand->type(), type)) return no_conversion(*operand, type);
  const bool nullable = operand->nullable() || mode == CastMode::kTry;
  return make(Cast{std::move(operand), mode}, std::move(type), nullable);
}

Result<ExpressionPtr> convert(ExpressionPtr operand, const Type& type, Conversion context) {
  if (operand->type() == type) return operand;
  if (operand->type().kind() == TypeKind::kNull) return make_null(type);
  const bool is_literal = operand->as<Literal>() != nullptr;
  if (is_text_literal(*operand) && conversion(operand->type(), type) &&
      (!type.is_text() || text_fits(operand->as<Literal>()->value, type))) {
    return convert_literal(*operand, type);
  }
  if (!converts(operand->type(), type, context)) return no_conversion(*operand, type);
  if (is_literal && context == Conversion::kImplicit) return convert_literal(*operand, type);
  return make_cast(std::move(operand), type,
                   context == Conversion::kAssignment ? CastMode::kAssign : CastMode::kCast);
}

Result<std::vector<ExpressionPtr>> unify(std::vector<ExpressionPtr> operands) {
  std::vector<Type> types;
  for (const ExpressionPtr& operand : operands) {
    if (!is_text_literal(*operand)) types.push_back(operand->type());
  }
  auto common = common_type(types);
  if (common && common->kind() == TypeKind::kNull && types.size() < operands.size()) {
    common = Type(TypeKind::kVarchar);  // text literals and NULLs only
  }
  if (!common) {
    std::string list;
    for (const Type& type : types) list += (list.empty() ? "" : ", ") + type.to_string();
    return Error(ErrorCode::kTypeMismatch, "there is no common type of " + list);
  }
  const auto is_longer = [&](const ExpressionPtr& operand) {
    return is_text_literal(*operand) && !text_fits(operand->as<Literal>()->value, *common);
  };
  if (common->is_text() && std::ranges::any_of(operands, is_longer)) {
    common = Type(TypeKind::kVarchar);
  }
  for (ExpressionPtr& operand : operands) {
    operand = MILLRACE_TRY(convert(std::move(operand), *common));
  }
  return operands;
}

Result<ExpressionPtr> make_and(std::vector<ExpressionPtr> operands) {
  return make_logical(true, std::move(operands));
}

Result<ExpressionPtr> make_or(std::vector<ExpressionPtr> operands) {
  return make_logical(false, std::move(operands));
}

Result<ExpressionPtr> make_not(ExpressionPtr operand) {
  ExpressionPtr condition = MILLRACE_TRY(as_boolean(std::move(operand)));
  const bool nullable = condition->nullable();
  return make(Not{std::move(condition)}, TypeKind::kBoolean, nullable);
}

Result<ExpressionPtr> make_case(std::vector<CaseBranch> branches, ExpressionPtr otherwise) {
  std::vector<ExpressionPtr> results;
  for (CaseBranch& branch : branches) {
    branch.when = MILLRACE_TRY(as_boolean(std::move(branch.when)));
    results.push_back(std::move(branch.then));
  }
  results.push_back(otherwise != nullptr ? std::move(otherwise) : make_null());
  results = MILLRACE_TRY(unify(std::move(results)));
  for (size_t at = 0; at < branches.size(); ++at) branches[at].then = results[at];
  const bool nullable = any_nullable(results);
  Type type = results[0]->type();
  return make(Case{std::move(branches), std::move(results.back())}, std::move(type), nullable);
}

Result<ExpressionPtr> make_coalesce(std::vector<ExpressionPtr> operands) {
  if (operands.empty()) {
    return Error(ErrorCode::kTypeMismatch, "COALESCE needs at least one argument");
  }
  operands = MILLRACE_TRY(unify(std::move(operands)));
  if (operands.size() == 1) return operands[0];
  const bool nullable = std::all_of(operands.begin(), operands.end(),
                                    [](const ExpressionPtr& part) { return part->nullable(); });
  Type type = operands[0]->type();
  return make(Coalesce{std::move(operands)}, std::move(type), nullable);
}

Result<ExpressionPtr> make_test(TestKind kind, ExpressionPtr operand, bool negated) {
  if (kind != TestKind::kNull) operand = MILLRACE_TRY(as_boolean(std::move(operand)));
  return make(Test{kind, negated, std::move(operand)}, TypeKind::kBoolean, false);
}

Result<ExpressionPtr> make_in_list(ExpressionPtr operand, std::vector<ExpressionPtr> list,
                                   bool negated) {
  std::vector<ExpressionPtr> all = std::move(list);
  all.insert(all.begin(), std::move(operand));
  all = MILLRACE_TRY(unify(std::move(all)));
  InList in{.operand = all[0], .negated = negated};
  const Type& type = all[0]->type();
  for (size_t at = 1; at < all.size(); ++at) {
    const auto* literal = all[at]->as<Literal>();
    if (literal == nullptr) {
      return Error(ErrorCode::kTypeMismatch,
                   fmt::format("{} in an IN list is not a constant", to_string(*all[at])));
    }
    if (literal->value.is_null()) {
      in.has_null = true;
    } else {
      in.list.push_back(literal->value);
    }
  }
  const auto less = [&](const Value& a, const Value& b) { return data::compare(a, b, type) < 0; };
  const auto twins = [&](const Value& a, const Value& b) { return data::compare(a, b, type) == 0; };
  std::sort(in.list.begin(), in.list.end(), less);
  in.list.erase(std::unique(in.list.begin(), in.list.end(), twins), in.list.end());
  const bool nullable = in.has_null || all[0]->nullable();
  return make(std::move(in), TypeKind::kBoolean, nullable);
}

Result<ExpressionPtr> make_field(ExpressionPtr operand, const std::string& name) {
  if (operand->type().kind() != TypeKind::kRow) {
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("{} is {}, which has no fields", to_string(*operand),
                             operand->type().to_string()));
  }
  const std::vector<data::Field>& fields = operand->type().fields();
  std::vector<std::string_view> names;
  std::optional<size_t> found;
  for (size_t at = 0; at < fields.size() && !found; ++at) {
    if (fields[at].name == name) found = at;
    names.push_back(fields[at].name);
  }
  const auto same_letters = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (size_t at = 0; at < fields.size() && !found; ++at) {
    const std::string& field = fields[at].name;
    if (std::equal(field.begin(), field.end(), name.begin(), name.end(), same_letters)) found = at;
  }
  if (!found) {
    return Error(ErrorCode::kColumnNotFound,
                 fmt::format("{} has no field '{}'", to_string(*operand), name))
        .remedy(nearest_remedy(name, names));
  }
  const data::Field& field = fields[*found];
  const bool nullable = operand->nullable() || field.nullable;
  Type type = field.type;
  return make(FieldAccess{std::move(operand), static_cast<uint32_t>(*found)}, std::move(type),
              nullable);
}

std::vector<ExpressionPtr> conjuncts(const ExpressionPtr& predicate) {
  const auto* logical = predicate->as<Logical>();
  return logical != nullptr && logical->is_and ? logical->operands
                                               : std::vector<ExpressionPtr>{predicate};
}

ExpressionPtr conjunction(std::vector<ExpressionPtr> predicates) {
  return *make_and(std::move(predicates));
}

std::optional<data::SimplePredicate> as_simple_predicate(const Expression& predicate) {
  if (const auto* test = predicate.as<Test>()) {
    const auto* column = test->operand->as<ColumnRef>();
    if (column == nullptr || test->kind != TestKind::kNull) return std::nullopt;
    return data::SimplePredicate{
        column->index, test->negated ? data::Comparison::kIsNotNull : data::Comparison::kIsNull,
        Value()};
  }
  const auto* call = predicate.as<Call>();
  if (call == nullptr || call->arguments.size() != 2) return std::nullopt;
  auto comparison = comparison_named(call->function->name);
  if (!comparison) return std::nullopt;
  const auto* column = call->arguments[0]->as<ColumnRef>();
  const auto* constant = call->arguments[1]->as<Literal>();
  if (column == nullptr) {
    column = call->arguments[1]->as<ColumnRef>();
    constant = call->arguments[0]->as<Literal>();
    comparison = mirrored(*comparison);
  }
  if (column == nullptr || constant == nullptr || constant->value.is_null()) return std::nullopt;
  return data::SimplePredicate{column->index, *comparison, constant->value};
}

}  // namespace millrace::expr
