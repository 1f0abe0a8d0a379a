#include "plan/rules/prune_columns.h"

#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "expr/build.h"

namespace millrace::plan {
namespace {

using Columns = std::set<uint32_t>;
constexpr uint32_t kGone = UINT32_MAX;

void add_columns(Columns& to, const expr::ExpressionPtr& expression) {
  if (expression == nullptr) return;
  for (const uint32_t column : expr::columns_of(*expression)) to.insert(column);
}

Columns all_columns(const Node& node) {
  Columns all;
  for (uint32_t column = 0; column < node.schema->columns(); ++column) all.insert(column);
  return all;
}

// ---- what is needed of a node's inputs, given what is needed of the node ------------------------

// What can fail rejects rows, whether its value is read or not. Rows of no columns are still rows.
bool stays(const Project& project, uint32_t at, const Columns& needed) {
  return needed.contains(at) || (at == 0 && needed.empty()) ||
         expr::may_fail(*project.expressions[at]);
}

Columns needed_below(const Project& project, const Columns& needed) {
  Columns below;
  for (uint32_t at = 0; at < project.expressions.size(); ++at) {
    if (stays(project, at, needed)) add_columns(below, project.expressions[at]);
  }
  return below;
}

Columns needed_below(const Aggregate& aggregate) {
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
  return below;
}

std::vector<Columns> needed_below(const Join& join, uint32_t width, Columns needed) {
  add_columns(needed, join.residual);
  std::vector<Columns> below(2);
  for (const uint32_t column : needed) {
    if (column < width) {
      below[0].insert(column);
    } else {
      below[1].insert(column - width);
    }
  }
  for (const JoinKey& key : join.keys) {
    below[0].insert(key.left);
    below[1].insert(key.right);
  }
  return below;
}

// Of operations that put columns of their own behind those of their input, and read `own` of it.
Columns needed_below(const Node& node, uint32_t own, const Columns& needed) {
  const auto width = static_cast<uint32_t>(node.input()->schema->columns());
  Columns below = {own};
  for (const uint32_t column : needed) {
    if (column < width) below.insert(column);
  }
  return below;
}

// By input.
std::vector<Columns> needed_of_inputs(const Node& node, const Columns& needed) {
  if (node.as<Scan>() != nullptr) return {};
  if (const auto* project = node.as<Project>()) return {needed_below(*project, needed)};
  if (const auto* aggregate = node.as<Aggregate>()) return {needed_below(*aggregate)};
  if (const auto* join = node.as<Join>()) {
    return needed_below(*join, static_cast<uint32_t>(node.input(0)->schema->columns()), needed);
  }
  if (node.as<UnionAll>() != nullptr) {
    return std::vector<Columns>(node.inputs.size(), needed.empty() ? Columns{0} : needed);
  }
  if (const auto* unnest = node.as<Unnest>()) return {needed_below(node, unnest->column, needed)};
  if (const auto* assign = node.as<AssignWindow>()) {
    return {needed_below(node, assign->time_column, needed)};
  }
  Columns more = needed;
  if (const auto* filter = node.as<Filter>()) {
    add_columns(more, filter->predicate);
    return {std::move(more)};
  }
  if (const auto* sort = node.as<Sort>()) {
    for (const SortKey& key : sort->keys) more.insert(key.column);
    return {std::move(more)};
  }
  if (const auto* normalize = node.as<Normalize>()) {
    more.insert(normalize->keys.begin(), normalize->keys.end());
    return {std::move(more)};
  }
  std::vector<Columns> all;
  for (const NodePtr& input : node.inputs) all.push_back(all_columns(*input));
  return all;
}

// ---- the nodes without the rest -----------------------------------------------------------------

// A node that gives at least the columns asked for, and where each old column stands in it now.
struct Narrowed {
  NodePtr node;
  std::vector<uint32_t> map;  // kGone: not there any more
};

using Inputs = std::vector<Narrowed>;

std::vector<uint32_t> unchanged(size_t columns) {
  std::vector<uint32_t> map(columns);
  std::iota(map.begin(), map.end(), 0U);
  return map;
}

std::vector<uint32_t> moved_columns(const std::vector<uint32_t>& columns,
                                    const std::vector<uint32_t>& map) {
  std::vector<uint32_t> moved;
  for (const uint32_t column : columns) moved.push_back(map[column]);
  return moved;
}

// Operations that put out their input's columns.
Narrowed same_columns(const Node& node, Operation moved, const Narrowed& input) {
  return {make_node(std::move(moved), {input.node}, input.node->schema, node.identity), input.map};
}

Narrowed narrow_scan(const Node& node, const Scan& scan, const Columns& needed) {
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
    fields.push_back(node.schema->field(at));
  }
  if (narrowed.reads.empty()) narrowed.reads = narrowed.columns;
  result.node =
      make_node(std::move(narrowed), {}, data::make_schema(std::move(fields)), node.identity);
  return result;
}

Narrowed narrow_project(const Node& node, const Project& project, const Columns& needed,
                        const Narrowed& input) {
  Project narrowed;
  std::vector<data::Field> fields;
  std::vector<uint32_t> map(project.expressions.size(), kGone);
  for (uint32_t at = 0; at < project.expressions.size(); ++at) {
    if (!stays(project, at, needed)) continue;
    map[at] = static_cast<uint32_t>(fields.size());
    narrowed.expressions.push_back(expr::with_columns(project.expressions[at], input.map));
    fields.push_back(node.schema->field(at));
  }
  return {make_node(std::move(narrowed), {input.node}, data::make_schema(std::move(fields)),
                    node.identity),
          std::move(map)};
}

Narrowed narrow_aggregate(const Node& node, const Aggregate& aggregate, const Narrowed& input) {
  Aggregate moved = aggregate;
  moved.keys = moved_columns(aggregate.keys, input.map);
  if (moved.window) moved.window->time_column = input.map[moved.window->time_column];
  for (AggregateCall& call : moved.calls) {
    call.arguments = moved_columns(call.arguments, input.map);
    if (call.filter) call.filter = input.map[*call.filter];
  }
  return {make_node(std::move(moved), {input.node}, node.schema, node.identity),
          unchanged(node.schema->columns())};
}

Narrowed narrow_join(const Node& node, const Join& join, const Narrowed& a, const Narrowed& b) {
  const auto behind = static_cast<uint32_t>(a.node->schema->columns());
  std::vector<uint32_t> map = a.map;
  for (const uint32_t column : b.map) map.push_back(column == kGone ? kGone : behind + column);
  std::vector<data::Field> fields(behind + b.node->schema->columns());
  for (uint32_t column = 0; column < map.size(); ++column) {
    if (map[column] != kGone) fields[map[column]] = node.schema->field(column);
  }
  Join moved = join;
  for (JoinKey& key : moved.keys) {
    key.left = a.map[key.left];
    key.right = b.map[key.right];
  }
  if (moved.residual != nullptr) moved.residual = expr::with_columns(moved.residual, map);
  return {make_node(std::move(moved), {a.node, b.node}, data::make_schema(std::move(fields)),
                    node.identity),
          std::move(map)};
}

// Operations that put columns of their own behind all columns of their input.
Narrowed narrow_appending(const Node& node, Operation moved, const Narrowed& input) {
  const size_t width = node.input()->schema->columns();
  const auto behind = static_cast<uint32_t>(input.node->schema->columns());
  std::vector<data::Field> fields = input.node->schema->fields();
  std::vector<uint32_t> map = input.map;
  for (size_t column = width; column < node.schema->columns(); ++column) {
    map.push_back(behind + static_cast<uint32_t>(column - width));
    fields.push_back(node.schema->field(column));
  }
  return {make_node(std::move(moved), {input.node}, data::make_schema(std::move(fields)),
                    node.identity),
          std::move(map)};
}

// Only these columns, in their order: what branches of a union must agree on.
NodePtr exactly(const Narrowed& narrowed, const Columns& wanted, const data::Schema& schema) {
  Project project;
  std::vector<data::Field> fields;
  for (const uint32_t column : wanted) {
    project.expressions.push_back(expr::make_column(*narrowed.node->schema, narrowed.map[column]));
    fields.push_back(schema.field(column));
  }
  return make_node(std::move(project), {narrowed.node}, data::make_schema(std::move(fields)));
}

Narrowed narrow_union(const Node& node, Columns needed, const Inputs& narrowed) {
  if (needed.empty()) needed.insert(0);
  std::vector<NodePtr> inputs;
  for (const Narrowed& input : narrowed) inputs.push_back(exactly(input, needed, *node.schema));
  std::vector<uint32_t> map(node.schema->columns(), kGone);
  uint32_t next = 0;
  for (const uint32_t column : needed) map[column] = next++;
  const data::SchemaPtr schema = inputs.front()->schema;
  return {make_node(UnionAll{}, std::move(inputs), schema, node.identity), std::move(map)};
}

// Its inputs have all their columns.
Narrowed whole(const NodePtr& node, const Inputs& narrowed) {
  std::vector<NodePtr> inputs;
  for (const Narrowed& input : narrowed) inputs.push_back(input.node);
  return {with_inputs(node, std::move(inputs)), unchanged(node->schema->columns())};
}

Narrowed narrow(const NodePtr& node, const Columns& needed, const Inputs& inputs) {
  if (const auto* scan = node->as<Scan>()) return narrow_scan(*node, *scan, needed);
  if (const auto* project = node->as<Project>()) {
    return narrow_project(*node, *project, needed, inputs[0]);
  }
  if (const auto* aggregate = node->as<Aggregate>()) {
    return narrow_aggregate(*node, *aggregate, inputs[0]);
  }
  if (const auto* join = node->as<Join>()) return narrow_join(*node, *join, inputs[0], inputs[1]);
  if (node->as<UnionAll>() != nullptr) return narrow_union(*node, needed, inputs);
  if (const auto* unnest = node->as<Unnest>()) {
    Unnest moved = *unnest;
    moved.column = inputs[0].map[unnest->column];
    return narrow_appending(*node, std::move(moved), inputs[0]);
  }
  if (const auto* assign = node->as<AssignWindow>()) {
    AssignWindow moved = *assign;
    moved.time_column = inputs[0].map[assign->time_column];
    return narrow_appending(*node, std::move(moved), inputs[0]);
  }
  if (const auto* filter = node->as<Filter>()) {
    return same_columns(*node, Filter{expr::with_columns(filter->predicate, inputs[0].map)},
                        inputs[0]);
  }
  if (const auto* sort = node->as<Sort>()) {
    Sort moved = *sort;
    for (SortKey& key : moved.keys) key.column = inputs[0].map[key.column];
    return same_columns(*node, std::move(moved), inputs[0]);
  }
  if (const auto* normalize = node->as<Normalize>()) {
    return same_columns(*node, Normalize{moved_columns(normalize->keys, inputs[0].map)}, inputs[0]);
  }
  return whole(node, inputs);
}

// Every node behind its inputs.
void add_in_order(const NodePtr& node, std::set<const Node*>& seen, std::vector<NodePtr>& order) {
  if (!seen.insert(node.get()).second) return;
  for (const NodePtr& input : node->inputs) add_in_order(input, seen, order);
  order.push_back(node);
}

}  // namespace

std::vector<NodePtr> prune_columns(const std::vector<NodePtr>& sinks) {
  std::set<const Node*> seen;
  std::vector<NodePtr> order;
  for (const NodePtr& sink : sinks) add_in_order(sink, seen, order);

  // Readers first: a node with several of them gives what any of them needs, and stays one.
  std::map<const Node*, Columns> needed;
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    const std::vector<Columns> below = needed_of_inputs(**node, needed[node->get()]);
    for (size_t at = 0; at < below.size(); ++at) {
      needed[(*node)->inputs[at].get()].insert(below[at].begin(), below[at].end());
    }
  }

  std::map<const Node*, Narrowed> narrowed;
  for (const NodePtr& node : order) {
    Inputs inputs;
    for (const NodePtr& input : node->inputs) inputs.push_back(narrowed.at(input.get()));
    narrowed.emplace(node.get(), narrow(node, needed.at(node.get()), inputs));
  }

  std::vector<NodePtr> rewritten;
  for (const NodePtr& sink : sinks) rewritten.push_back(narrowed.at(sink.get()).node);
  return rewritten;
}

}  // namespace millrace::plan
