#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "expr/build.h"
#include "plan/bind/bind_query.h"
#include "sql/ast/statement.h"

namespace millrace::plan {
namespace {

using expr::ExpressionPtr;

enum class Side : uint8_t { kNone, kLeft, kRight, kBoth };

Side side_of(const ExpressionPtr& expression, uint32_t left_columns) {
  bool left = false;
  bool right = false;
  for (const uint32_t column : expr::columns_of(*expression)) {
    (column < left_columns ? left : right) = true;
  }
  return left && right ? Side::kBoth : left ? Side::kLeft : right ? Side::kRight : Side::kNone;
}

// An input of a join with columns behind its own for keys that are computed.
class KeyedInput {
 public:
  KeyedInput(NodePtr node, uint32_t first) : node_(std::move(node)), first_(first) {}

  // The column that holds `expression` (over both inputs).
  uint32_t column(const ExpressionPtr& expression) {
    std::vector<uint32_t> map(first_ + node_->schema->columns());
    for (uint32_t at = first_; at < map.size(); ++at) map[at] = at - first_;
    ExpressionPtr own = expr::with_columns(expression, map);
    if (const auto* reference = own->as<expr::ColumnRef>()) return reference->index;
    for (size_t at = 0; at < computed_.size(); ++at) {
      if (expr::equal(computed_[at], own)) return width() + static_cast<uint32_t>(at);
    }
    computed_.push_back(std::move(own));
    return width() + static_cast<uint32_t>(computed_.size() - 1);
  }

  NodePtr finish() const {
    if (computed_.empty()) return node_;
    std::vector<ExpressionPtr> columns;
    std::vector<std::string> names;
    for (uint32_t at = 0; at < width(); ++at) {
      columns.push_back(expr::make_column(*node_->schema, at));
      names.push_back(node_->schema->field(at).name);
    }
    columns.insert(columns.end(), computed_.begin(), computed_.end());
    names.resize(columns.size());
    return project(node_, std::move(columns), names);
  }

  uint32_t width() const { return static_cast<uint32_t>(node_->schema->columns()); }

 private:
  const NodePtr node_;
  const uint32_t first_;  // number of its first column in expressions over both
  std::vector<ExpressionPtr> computed_;
};

data::SchemaPtr joined_schema(const data::Schema& left, const data::Schema& right, JoinKind kind) {
  std::vector<data::Field> fields = left.fields();
  for (data::Field& field : fields) field.nullable |= kind == JoinKind::kFull;
  for (const data::Field& field : right.fields()) {
    fields.push_back(field);
    fields.back().nullable |= kind != JoinKind::kInner;
  }
  return data::make_schema(std::move(fields));
}

NodePtr filter(NodePtr node, ExpressionPtr predicate) {
  const data::SchemaPtr schema = node->schema;
  return make_node(Filter{std::move(predicate)}, {std::move(node)}, schema);
}

// The operands of `left = right` (written either way round), each over one side alone.
std::optional<std::pair<ExpressionPtr, ExpressionPtr>> equal_sides(
    const expr::Expression& condition, uint32_t width) {
  const auto* call = condition.as<expr::Call>();
  if (call == nullptr || call->function->name != "=") return std::nullopt;
  const ExpressionPtr& first = call->arguments[0];
  const ExpressionPtr& second = call->arguments[1];
  const Side a = side_of(first, width);
  const Side b = side_of(second, width);
  if (a == Side::kLeft && b == Side::kRight) return std::pair(first, second);
  if (a == Side::kRight && b == Side::kLeft) return std::pair(second, first);
  return std::nullopt;
}

}  // namespace

Result<BoundRelation> QueryBinder::join(BoundRelation left, BoundRelation right, JoinKind kind,
                                        std::vector<ExpressionPtr> conditions) {
  const auto width = static_cast<uint32_t>(left.node->schema->columns());
  std::vector<uint32_t> to_right(width + right.node->schema->columns());
  for (uint32_t at = width; at < to_right.size(); ++at) to_right[at] = at - width;

  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> equalities;
  std::vector<ExpressionPtr> residual;
  for (ExpressionPtr& condition : conditions) {
    const Side side = side_of(condition, width);
    if (side == Side::kLeft && kind == JoinKind::kInner) {
      left.node = filter(std::move(left.node), std::move(condition));
      continue;
    }
    // A condition on the right side alone decides which rows can match: the same for a left join.
    if (side == Side::kRight && kind != JoinKind::kFull) {
      right.node = filter(std::move(right.node), expr::with_columns(condition, to_right));
      continue;
    }
    if (auto sides = equal_sides(*condition, width)) {
      equalities.push_back(std::move(*sides));
      continue;
    }
    residual.push_back(std::move(condition));
  }
  KeyedInput left_input(left.node, 0);
  KeyedInput right_input(right.node, width);
  Join operation{.kind = kind, .keys = {}, .residual = nullptr};
  for (const auto& [a, b] : equalities) {
    operation.keys.push_back({left_input.column(a), right_input.column(b), false});
  }
  NodePtr left_node = left_input.finish();
  NodePtr right_node = right_input.finish();
  const auto behind = static_cast<uint32_t>(left_node->schema->columns());
  if (!residual.empty()) {
    std::vector<uint32_t> map(to_right.size());
    std::iota(map.begin(), map.begin() + width, 0U);
    std::iota(map.begin() + width, map.end(), behind);
    operation.residual = expr::with_columns(expr::conjunction(std::move(residual)), map);
  }
  BoundRelation bound;
  bound.scope = std::move(left.scope);
  if (kind == JoinKind::kFull) bound.scope.make_nullable();
  if (kind != JoinKind::kInner) right.scope.make_nullable();
  right.scope.shift(behind);
  bound.scope.append(right.scope);
  const data::SchemaPtr schema = joined_schema(*left_node->schema, *right_node->schema, kind);
  bound.node =
      make_node(std::move(operation), {std::move(left_node), std::move(right_node)}, schema);
  return bound;
}

Result<std::vector<ExpressionPtr>> QueryBinder::join_conditions(const sql::Join& join,
                                                                BoundRelation& left,
                                                                BoundRelation& right,
                                                                const Scope& both) {
  if (join.on) {
    return expr::conjuncts(MILLRACE_TRY(expressions(both).bind_condition(*join.on, "ON")));
  }
  std::vector<ExpressionPtr> conditions;
  const auto width = static_cast<uint32_t>(left.node->schema->columns());
  for (const sql::Identifier& name : join.using_columns) {
    const sql::QualifiedName column{.parts = {name}, .span = name.span};
    auto a = MILLRACE_TRY(left.scope.resolve(column, text_));
    Scope shifted = right.scope;
    shifted.shift(width);
    auto b = MILLRACE_TRY(shifted.resolve(column, text_));
    auto equal = context_.functions.call("=", {std::move(a), std::move(b)}, context_.dialect);
    if (!equal) return text_.error(equal.error().code(), name.span, equal.error().message());
    conditions.push_back(std::move(*equal));
    right.scope.hide(name.text);
  }
  return conditions;
}

Result<BoundRelation> QueryBinder::bind_join_table(const sql::JoinTable& table) {
  BoundRelation bound = MILLRACE_TRY(bind_table_ref(*table.first));
  for (const sql::Join& join : table.joins) {
    if (join.asof) return refused(join.span, "ASOF JOIN");
    if (join.natural) return refused(join.span, "NATURAL JOIN");
    const bool full = join.type == sql::JoinType::kFull;
    if (full && !join.on) return refused(join.span, "FULL JOIN … USING");
    if (std::holds_alternative<sql::UnnestTable>(join.right.node)) {
      bound = MILLRACE_TRY(
          bind_unnest(std::move(bound), join.right, join.type == sql::JoinType::kLeft));
      continue;
    }
    BoundRelation right = MILLRACE_TRY(bind_table_ref(join.right));
    if (join.type == sql::JoinType::kRight) {
      // a RIGHT JOIN b is b LEFT JOIN a with the columns in a's order.
      const auto a = static_cast<uint32_t>(bound.node->schema->columns());
      const auto b = static_cast<uint32_t>(right.node->schema->columns());
      Scope swapped = right.scope;
      Scope behind = bound.scope;
      behind.shift(b);
      swapped.append(behind);
      auto conditions = MILLRACE_TRY(join_conditions(join, right, bound, swapped));
      Scope left_names = bound.scope;
      left_names.make_nullable();
      const Scope right_names = right.scope;
      BoundRelation joined = MILLRACE_TRY(
          this->join(std::move(right), std::move(bound), JoinKind::kLeft, std::move(conditions)));
      const auto first = static_cast<uint32_t>(joined.node->input(0)->schema->columns());
      std::vector<ExpressionPtr> columns;
      std::vector<std::string> names;
      for (uint32_t at = 0; at < a + b; ++at) {
        const uint32_t from = at < a ? first + at : at - a;
        columns.push_back(expr::make_column(*joined.node->schema, from));
        names.push_back(joined.node->schema->field(from).name);
      }
      bound.node = project(std::move(joined.node), std::move(columns), names);
      bound.scope = std::move(left_names);
      Scope shifted = right_names;
      shifted.shift(a);
      bound.scope.append(shifted);
      continue;
    }
    Scope both = bound.scope;
    Scope behind = right.scope;
    behind.shift(static_cast<uint32_t>(bound.node->schema->columns()));
    both.append(behind);
    auto conditions = MILLRACE_TRY(join_conditions(join, bound, right, both));
    const JoinKind kind = full                                ? JoinKind::kFull
                          : join.type == sql::JoinType::kLeft ? JoinKind::kLeft
                                                              : JoinKind::kInner;
    bound =
        MILLRACE_TRY(this->join(std::move(bound), std::move(right), kind, std::move(conditions)));
  }
  return bound;
}

}  // namespace millrace::plan
