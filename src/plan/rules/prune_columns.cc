#include "plan/rules/prune_columns.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>

#include "expr/build.h"

namespace millrace::plan {
namespace {

using Columns = std::set<uint32_t>;
constexpr uint32_t kGone = UINT32_MAX;

// A node that gives at least the columns asked for, and where each old column stands in it now.
struct Narrowed {
  NodePtr node;
  std::vector<uint32_t> map;  // kGone: not there any more
};

// Aggregations that were narrowed already: with several readers they stay one node.
using Done = std::map<const Node*, Narrowed>;

Narrowed narrow(const NodePtr& node, const Columns& needed, Done& done);

void add_columns(Columns& to, const expr::ExpressionPtr& expression) {
  if (expression == nullptr) return;
  for (const uint32_t column : expr::columns_of(*expression)) to.insert(column);
}

std::vector<uint32_t> unchanged(size_t columns) {
  std::vector<uint32_t> map(columns);
  std::iota(map.begin(), map.end(), 0U);
  return map;
}

// Operations that put out their input's columns.
Narrowed same_columns(const NodePtr& node, const Columns& needed, Done& done,
                      const std::function<Operation(const std::vector<uint32_t>&)>& moved) {
  Narrowed input = narrow(node->input(), needed, done);
  const data::SchemaPtr schema = input.node->schema;
  return {make_node(moved(input.map), {std::move(input.node)}, schema, node->identity),
          std::move(input.map)};
}

std::vector<uint32_t> moved_columns(const std::vector<uint32_t>& columns,
                                    const std::vector<uint32_t>& map) {
  std::vector<uint32_t> moved;
  for (const uint32_t column : columns) moved.push_back(map[column]);
  return moved;
}

Narrowed narrow_scan(const NodePtr& node, const Scan& scan, const Columns& needed) {
  Scan narrowed = scan;
  narrowed.columns.clear();
  Narrowed result{nullptr, std::vector<uint32_t>(scan.columns.size(), kGone)};
  std::vector<data::Field> fields;
  for (uint32_t at = 0; at < scan.columns.size(); ++at) {
    // A scan of no columns still has rows: it keeps one.
    const bool kept = needed.contains(at) || (needed.empty() && at == 0);
    if (!kept) continue;
    result.map[at] = static_cast<uint32_t>(narrowed.columns.size());
    narrowed.columns.push_back(scan.columns[at]);
    fields.push_back(node->schema->field(at));
  }
  if (narrowed.reads.empty()) narrowed.reads = narrowed.columns;
  result.node =
      make_node(std::move(narrowed), {}, data::make_schema(std::move(fields)), node->identity);
  return result;
}

Narrowed narrow_project(const NodePtr& node, const Project& project, const Columns& needed,
                        Done& done) {
  Columns below;
  std::vector<uint32_t> kept;
  std::vector<uint32_t> map(project.expressions.size(), kGone);
  for (uint32_t at = 0; at < project.expressions.size(); ++at) {
    // What can fail rejects rows, whether its value is read or not.
    const expr::ExpressionPtr& expression = project.expressions[at];
    const bool first = at == 0 && needed.empty();
    if (!needed.contains(at) && !first && !expr::may_fail(*expression)) continue;
    map[at] = static_cast<uint32_t>(kept.size());
    kept.push_back(at);
    add_columns(below, expression);
  }
  Narrowed input = narrow(node->input(), below, done);
  Project narrowed;
  std::vector<data::Field> fields;
  for (const uint32_t at : kept) {
    narrowed.expressions.push_back(expr::with_columns(project.expressions[at], input.map));
    fields.push_back(node->schema->field(at));
  }
  return {make_node(std::move(narrowed), {std::move(input.node)},
                    data::make_schema(std::move(fields)), node->identity),
          std::move(map)};
}

Narrowed narrow_aggregate(const NodePtr& node, const Aggregate& aggregate, Done& done) {
  Columns below(aggregate.keys.begin(), aggregate.keys.end());
  if (aggregate.window) {
    below.insert(aggregate.window->time_column);
    // They stay the first ones.
    for (uint32_t column = 0; column < aggregate.window->late_columns; ++column) {
      below.insert(column);
    }
  }
  for (const AggregateCall& call : aggregate.calls) {
    below.insert(call.arguments.begin(), call.arguments.end());
    if (call.filter) below.insert(*call.filter);
  }
  Narrowed input = narrow(node->input(), below, done);
  Aggregate moved = aggregate;
  moved.keys = moved_columns(aggregate.keys, input.map);
  if (moved.window) moved.window->time_column = input.map[moved.window->time_column];
  for (AggregateCall& call : moved.calls) {
    call.arguments = moved_columns(call.arguments, input.map);
    if (call.filter) call.filter = input.map[*call.filter];
  }
  return {make_node(std::move(moved), {std::move(input.node)}, node->schema, node->identity),
          unchanged(node->schema->columns())};
}

Narrowed narrow_join(const NodePtr& node, const Join& join, const Columns& needed, Done& done) {
  const auto width = static_cast<uint32_t>(node->input(0)->schema->columns());
  Columns both = needed;
  add_columns(both, join.residual);
  Columns left;
  Columns right;
  for (const uint32_t column : both) {
    if (column < width) {
      left.insert(column);
    } else {
      right.insert(column - width);
    }
  }
  for (const JoinKey& key : join.keys) {
    left.insert(key.left);
    right.insert(key.right);
  }
  Narrowed a = narrow(node->input(0), left, done);
  Narrowed b = narrow(node->input(1), right, done);
  const auto behind = static_cast<uint32_t>(a.node->schema->columns());
  std::vector<uint32_t> map = a.map;
  for (const uint32_t column : b.map) map.push_back(column == kGone ? kGone : behind + column);
  std::vector<data::Field> fields(behind + b.node->schema->columns());
  for (uint32_t column = 0; column < map.size(); ++column) {
    if (map[column] != kGone) fields[map[column]] = node->schema->field(column);
  }
  Join moved = join;
  for (JoinKey& key : moved.keys) {
    key.left = a.map[key.left];
    key.right = b.map[key.right];
  }
  if (moved.residual != nullptr) moved.residual = expr::with_columns(moved.residual, map);
  return {make_node(std::move(moved), {std::move(a.node), std::move(b.node)},
                    data::make_schema(std::move(fields)), node->identity),
          std::move(map)};
}

// Operations that put columns of their own behind all columns of their input, and read `own` of it.
Narrowed narrow_appending(const NodePtr& node, const Columns& needed, uint32_t own, Done& done) {
  const auto width = static_cast<uint32_t>(node->input()->schema->columns());
  Columns below = {own};
  for (const uint32_t column : needed) {
    if (column < width) below.insert(column);
  }
  Narrowed input = narrow(node->input(), below, done);
  const auto behind = static_cast<uint32_t>(input.node->schema->columns());
  std::vector<data::Field> fields = input.node->schema->fields();
  std::vector<uint32_t> map = input.map;
  for (uint32_t column = width; column < node->schema->columns(); ++column) {
    map.push_back(behind + column - width);
    fields.push_back(node->schema->field(column));
  }
  Operation moved = node->operation;
  if (auto* unnest = std::get_if<Unnest>(&moved)) unnest->column = input.map[own];
  if (auto* assign = std::get_if<AssignWindow>(&moved)) assign->time_column = input.map[own];
  return {make_node(std::move(moved), {std::move(input.node)}, data::make_schema(std::move(fields)),
                    node->identity),
          std::move(map)};
}

// Only these columns, in their order: what branches of a union must agree on.
NodePtr exactly(Narrowed narrowed, const Columns& wanted, const data::Schema& schema) {
  Project project;
  std::vector<data::Field> fields;
  for (const uint32_t column : wanted) {
    project.expressions.push_back(expr::make_column(*narrowed.node->schema, narrowed.map[column]));
    fields.push_back(schema.field(column));
  }
  return make_node(std::move(project), {std::move(narrowed.node)},
                   data::make_schema(std::move(fields)));
}

Narrowed narrow_union(const NodePtr& node, Columns needed, Done& done) {
  if (needed.empty()) needed.insert(0);
  std::vector<NodePtr> inputs;
  for (const NodePtr& input : node->inputs) {
    inputs.push_back(exactly(narrow(input, needed, done), needed, *node->schema));
  }
  std::vector<uint32_t> map(node->schema->columns(), kGone);
  uint32_t next = 0;
  for (const uint32_t column : needed) map[column] = next++;
  const data::SchemaPtr schema = inputs.front()->schema;
  return {make_node(UnionAll{}, std::move(inputs), schema, node->identity), std::move(map)};
}

// The input keeps all its columns.
Narrowed whole(const NodePtr& node, Done& done) {
  std::vector<NodePtr> inputs;
  for (const NodePtr& input : node->inputs) {
    Columns all;
    for (uint32_t column = 0; column < input->schema->columns(); ++column) all.insert(column);
    Narrowed narrowed = narrow(input, all, done);
    const bool same = narrowed.node->schema->columns() == all.size();
    inputs.push_back(same ? narrowed.node : exactly(std::move(narrowed), all, *input->schema));
  }
  return {with_inputs(node, std::move(inputs)), unchanged(node->schema->columns())};
}

Narrowed narrow(const NodePtr& node, const Columns& needed, Done& done) {
  if (const auto* scan = node->as<Scan>()) return narrow_scan(node, *scan, needed);
  if (const auto* project = node->as<Project>())
    return narrow_project(node, *project, needed, done);
  if (const auto* aggregate = node->as<Aggregate>()) {
    auto found = done.find(node.get());
    if (found == done.end()) {
      found = done.emplace(node.get(), narrow_aggregate(node, *aggregate, done)).first;
    }
    return found->second;
  }
  if (const auto* join = node->as<Join>()) return narrow_join(node, *join, needed, done);
  if (node->as<UnionAll>() != nullptr) return narrow_union(node, needed, done);
  if (const auto* unnest = node->as<Unnest>()) {
    return narrow_appending(node, needed, unnest->column, done);
  }
  if (const auto* assign = node->as<AssignWindow>()) {
    return narrow_appending(node, needed, assign->time_column, done);
  }
  Columns more = needed;
  if (const auto* filter = node->as<Filter>()) {
    add_columns(more, filter->predicate);
    return same_columns(node, more, done, [&](const auto& map) -> Operation {
      return Filter{expr::with_columns(filter->predicate, map)};
    });
  }
  if (const auto* sort = node->as<Sort>()) {
    for (const SortKey& key : sort->keys) more.insert(key.column);
    return same_columns(node, more, done, [&](const auto& map) -> Operation {
      Sort moved = *sort;
      for (SortKey& key : moved.keys) key.column = map[key.column];
      return moved;
    });
  }
  if (const auto* normalize = node->as<Normalize>()) {
    more.insert(normalize->keys.begin(), normalize->keys.end());
    return same_columns(node, more, done, [&](const auto& map) -> Operation {
      return Normalize{moved_columns(normalize->keys, map)};
    });
  }
  return whole(node, done);
}

}  // namespace

std::vector<NodePtr> prune_columns(const std::vector<NodePtr>& sinks) {
  Done done;
  std::vector<NodePtr> rewritten;
  for (const NodePtr& sink : sinks) rewritten.push_back(whole(sink, done).node);
  return rewritten;
}

}  // namespace millrace::plan
