#include "expr/expression.h"

#include <algorithm>

#include "base/assert.h"
#include "base/hash.h"
#include "data/key_encoding.h"
#include "expr/build.h"

namespace millrace::expr {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

bool any_nullable(const std::vector<ExpressionPtr>& operands) {
  return std::any_of(operands.begin(), operands.end(),
                     [](const ExpressionPtr& operand) { return operand->nullable(); });
}

// Whether the node can be NULL over these operands; `as_is`: what it was, where that does not
// depend.
bool derive_nullable(const ExpressionNode& node, const std::vector<ExpressionPtr>& operands,
                     bool as_is) {
  return std::visit(
      Overloaded{
          [&](const Call& call) {
            const FunctionProperties& properties = call.function->properties;
            if (properties.null_result == NullResult::kNever) return false;
            return properties.null_result == NullResult::kAlways || any_nullable(operands);
          },
          [&](const Cast& cast) { return cast.mode == CastMode::kTry || any_nullable(operands); },
          [&](const Logical&) { return any_nullable(operands); },
          [&](const Not&) { return any_nullable(operands); },
          [&](const Case&) {
            for (size_t at = 1; at < operands.size(); at += 2) {
              if (operands[at]->nullable()) return true;
            }
            return operands.back()->nullable();
          },
          [&](const Coalesce&) {
            return std::all_of(operands.begin(), operands.end(),
                               [](const ExpressionPtr& operand) { return operand->nullable(); });
          },
          [&](const Test&) { return false; },
          [&](const InList& in) { return in.has_null || any_nullable(operands); },
          [&](const auto&) { return as_is; },
      },
      node);
}

ExpressionNode replace_operands(const ExpressionNode& node, std::vector<ExpressionPtr> operands) {
  return std::visit(
      Overloaded{
          [&](const Call& call) {
            return ExpressionNode(Call{call.function, std::move(operands)});
          },
          [&](const Cast& cast) { return ExpressionNode(Cast{operands[0], cast.mode}); },
          [&](const Logical& logical) {
            return ExpressionNode(Logical{logical.is_and, std::move(operands)});
          },
          [&](const Not&) { return ExpressionNode(Not{operands[0]}); },
          [&](const Case&) {
            Case rebuilt;
            for (size_t at = 0; at + 1 < operands.size(); at += 2) {
              rebuilt.branches.push_back({operands[at], operands[at + 1]});
            }
            rebuilt.otherwise = operands.back();
            return ExpressionNode(std::move(rebuilt));
          },
          [&](const Coalesce&) { return ExpressionNode(Coalesce{std::move(operands)}); },
          [&](const Test& test) {
            return ExpressionNode(Test{test.kind, test.negated, operands[0]});
          },
          [&](const InList& in) {
            InList rebuilt = in;
            rebuilt.operand = operands[0];
            return ExpressionNode(std::move(rebuilt));
          },
          [&](const FieldAccess& access) {
            return ExpressionNode(FieldAccess{operands[0], access.field});
          },
          [&](const auto& leaf) { return ExpressionNode(leaf); },
      },
      node);
}

bool equal_functions(const BoundFunction& a, const BoundFunction& b) {
  return &a == &b || (a.name == b.name && a.arguments == b.arguments && a.result == b.result);
}

uint64_t hash_text(std::string_view text) {
  return hash64(std::as_bytes(std::span(text)));
}

}  // namespace

bool equal_nodes(const Expression& a, const Expression& b) {
  if (a.node().index() != b.node().index() || !(a.type() == b.type())) return false;
  return std::visit(
      Overloaded{
          [&](const ColumnRef& column) { return column.index == b.as<ColumnRef>()->index; },
          [&](const Literal& literal) { return literal.value == b.as<Literal>()->value; },
          [&](const Call& call) {
            return equal_functions(*call.function, *b.as<Call>()->function);
          },
          [&](const Cast& cast) { return cast.mode == b.as<Cast>()->mode; },
          [&](const Logical& logical) { return logical.is_and == b.as<Logical>()->is_and; },
          [&](const Test& test) {
            return test.kind == b.as<Test>()->kind && test.negated == b.as<Test>()->negated;
          },
          [&](const InList& in) {
            const InList& other = *b.as<InList>();
            return in.negated == other.negated && in.has_null == other.has_null &&
                   in.list == other.list;
          },
          [&](const FieldAccess& access) { return access.field == b.as<FieldAccess>()->field; },
          [](const auto&) { return true; },  // Not, Case, Coalesce: the operands are all there is
      },
      a.node());
}

uint64_t hash_node(const Expression& expression) {
  const uint64_t kind = data::hash_word(expression.node().index());
  const uint64_t content =
      std::visit(Overloaded{
                     [](const ColumnRef& column) { return data::hash_word(column.index); },
                     [&](const Literal& literal) {
                       return hash_text(data::to_string(literal.value, expression.type()));
                     },
                     [](const Call& call) { return hash_text(call.function->name); },
                     [](const InList& in) { return data::hash_word(in.list.size()); },
                     [](const FieldAccess& access) { return data::hash_word(access.field); },
                     [](const auto&) { return uint64_t{0}; },
                 },
                 expression.node());
  return data::join_hashes(kind, content);
}

bool equal(const Expression& a, const Expression& b) {
  if (&a == &b) return true;
  if (!equal_nodes(a, b)) return false;
  const std::vector<ExpressionPtr> left = operands(a);
  const std::vector<ExpressionPtr> right = operands(b);
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](const ExpressionPtr& x, const ExpressionPtr& y) { return equal(x, y); });
}

std::vector<ExpressionPtr> operands(const Expression& expression) {
  return std::visit(Overloaded{
                        [](const Call& call) { return call.arguments; },
                        [](const Logical& logical) { return logical.operands; },
                        [](const Coalesce& coalesce) { return coalesce.operands; },
                        [](const Case& choice) {
                          std::vector<ExpressionPtr> all;
                          for (const CaseBranch& branch : choice.branches) {
                            all.push_back(branch.when);
                            all.push_back(branch.then);
                          }
                          all.push_back(choice.otherwise);
                          return all;
                        },
                        [](const ColumnRef&) { return std::vector<ExpressionPtr>(); },
                        [](const Literal&) { return std::vector<ExpressionPtr>(); },
                        [](const auto& unary) { return std::vector<ExpressionPtr>{unary.operand}; },
                    },
                    expression.node());
}

ExpressionPtr with_operands(const ExpressionPtr& expression, std::vector<ExpressionPtr> operands) {
  MILLRACE_ASSERT(operands.size() == expr::operands(*expression).size());
  bool nullable = derive_nullable(expression->node(), operands, expression->nullable());
  if (expression->as<FieldAccess>() != nullptr) {
    const data::Field& field = operands[0]->type().fields()[expression->as<FieldAccess>()->field];
    nullable = operands[0]->nullable() || field.nullable;
  }
  ExpressionNode node = replace_operands(expression->node(), std::move(operands));
  return std::make_shared<const Expression>(std::move(node), expression->type(), nullable);
}

ExpressionPtr rewrite(const ExpressionPtr& expression,
                      const std::function<ExpressionPtr(const ExpressionPtr&)>& replace) {
  std::vector<ExpressionPtr> parts = operands(*expression);
  bool changed = false;
  for (ExpressionPtr& part : parts) {
    ExpressionPtr rebuilt = rewrite(part, replace);
    changed |= rebuilt != part;
    part = std::move(rebuilt);
  }
  return replace(changed ? with_operands(expression, std::move(parts)) : expression);
}

void visit(const Expression& expression, const std::function<bool(const Expression&)>& visit) {
  if (!visit(expression)) return;
  for (const ExpressionPtr& operand : operands(expression)) expr::visit(*operand, visit);
}

std::vector<uint32_t> columns_of(const Expression& expression) {
  std::vector<uint32_t> columns;
  visit(expression, [&](const Expression& part) {
    if (const auto* column = part.as<ColumnRef>()) columns.push_back(column->index);
    return true;
  });
  std::sort(columns.begin(), columns.end());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

ExpressionPtr with_columns(const ExpressionPtr& expression, const std::vector<uint32_t>& map) {
  return rewrite(expression, [&](const ExpressionPtr& part) -> ExpressionPtr {
    const auto* column = part->as<ColumnRef>();
    if (column == nullptr || map[column->index] == column->index) return part;
    return make_column(map[column->index], column->name, part->type(), part->nullable());
  });
}

ExpressionPtr with_inputs(const ExpressionPtr& expression,
                          const std::vector<ExpressionPtr>& expressions) {
  return rewrite(expression, [&](const ExpressionPtr& part) -> ExpressionPtr {
    const auto* column = part->as<ColumnRef>();
    return column != nullptr ? expressions[column->index] : part;
  });
}

Volatility volatility(const Expression& expression) {
  Volatility most = Volatility::kImmutable;
  visit(expression, [&](const Expression& part) {
    if (const auto* call = part.as<Call>()) {
      most = std::max(most, call->function->properties.volatility);
    }
    return true;
  });
  return most;
}

bool is_constant(const Expression& expression) {
  bool constant = true;
  visit(expression, [&](const Expression& part) {
    const auto* call = part.as<Call>();
    constant = constant && part.as<ColumnRef>() == nullptr &&
               (call == nullptr || call->function->properties.volatility == Volatility::kImmutable);
    return constant;
  });
  return constant;
}

bool may_fail(const Expression& expression) {
  bool fails = false;
  visit(expression, [&](const Expression& part) {
    if (const auto* call = part.as<Call>()) fails |= call->function->properties.may_fail;
    if (const auto* cast = part.as<Cast>(); cast != nullptr && cast->mode != CastMode::kTry) {
      fails |= conversion_may_fail(cast->operand->type(), part.type());
    }
    return !fails;
  });
  return fails;
}

}  // namespace millrace::expr
