#include <algorithm>
#include <functional>
#include <numeric>

#include "plan/logical/join_bounds.h"
#include "plan/logical/logical_plan.h"

namespace millrace::plan {
namespace {

using Inputs = std::vector<NodePtr>;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

// Where input column `column` goes in the output; nullopt: it does not.
using ColumnMap = std::function<std::optional<uint32_t>(uint32_t)>;

std::optional<ColumnSet> map_columns(const ColumnSet& columns, const ColumnMap& map) {
  ColumnSet mapped;
  for (const uint32_t column : columns) {
    const auto to = map(column);
    if (!to) return std::nullopt;
    mapped.push_back(*to);
  }
  std::ranges::sort(mapped);
  return mapped;
}

// What passes through an operation that neither joins nor groups.
Properties pass(const Properties& from, const ColumnMap& map) {
  Properties to = from;
  to.state = StateBound::kNone;
  to.keys.clear();
  for (const ColumnSet& key : from.keys) {
    if (auto mapped = map_columns(key, map)) to.keys.push_back(std::move(*mapped));
  }
  to.time_columns.clear();
  for (const uint32_t column : from.time_columns) {
    if (const auto mapped = map(column)) to.time_columns.push_back(*mapped);
  }
  std::ranges::sort(to.time_columns);
  to.windows.clear();
  for (const WindowColumns& window : from.windows) {
    const auto start = map(window.start);
    const auto end = map(window.end);
    if (!start || !end) continue;
    to.windows.push_back(
        {window.window, *start, *end, window.time ? map(*window.time) : std::nullopt});
  }
  if (to.identity == RowIdentity::kKeys && to.keys.empty()) to.identity = RowIdentity::kWholeRow;
  return to;
}

ColumnMap identity_map() {
  return [](uint32_t column) { return std::optional(column); };
}

Properties derive(const Scan& scan) {
  const BoundTable& table = *scan.table;
  const catalog::TableDefinition& definition = *table.definition;
  Properties properties;
  properties.bounded = definition.bounded() || scan.until_now;
  const auto place = [&](uint32_t column) -> std::optional<uint32_t> {
    const auto found = std::ranges::find(scan.columns, column);
    if (found == scan.columns.end()) return std::nullopt;
    return static_cast<uint32_t>(found - scan.columns.begin());
  };
  if (table.time_column) {
    if (const auto at = place(*table.time_column)) properties.time_columns = {*at};
  }
  if (definition.is_upsert()) {
    properties.identity = RowIdentity::kWholeRow;
    properties.changes_because = "a keyed topic holds upserts";
  }
  return properties;
}

Properties derive(const Project& project, const Inputs& inputs) {
  return pass(inputs[0]->properties, [&](uint32_t column) -> std::optional<uint32_t> {
    for (uint32_t at = 0; at < project.expressions.size(); ++at) {
      const auto* reference = project.expressions[at]->as<expr::ColumnRef>();
      if (reference != nullptr && reference->index == column) return at;
    }
    return std::nullopt;
  });
}

Properties derive(const AssignWindow& assign, const Inputs& inputs) {
  Properties properties = pass(inputs[0]->properties, identity_map());
  const auto width = static_cast<uint32_t>(inputs[0]->schema->columns());
  properties.windows = {{assign.window, width, width + 1, width + 2}};
  properties.time_columns.push_back(width + 2);
  // A hop's row becomes several, told apart by their window.
  for (ColumnSet& key : properties.keys) key.push_back(width);
  return properties;
}

Properties derive(const Aggregate& aggregate, const Inputs& inputs) {
  const Properties& from = inputs[0]->properties;
  Properties properties;
  properties.bounded = from.bounded;
  ColumnSet key(aggregate.keys.size());
  std::iota(key.begin(), key.end(), 0U);
  if (!aggregate.window) {
    properties.keys = {key};
    properties.identity = RowIdentity::kKeys;
    properties.state = StateBound::kKeys;
    properties.changes_because = "GROUP BY updates a group's row when rows join it";
    return properties;
  }
  const auto width = static_cast<uint32_t>(aggregate.keys.size());
  key.push_back(width);
  properties.keys = {key};
  properties.state = StateBound::kWindows;
  properties.windows = {{aggregate.window->window, width, width + 1, width + 2}};
  properties.time_columns = {width + 2};
  // Windows that the rows had before, where they are grouped by them.
  const auto place = [&](uint32_t column) -> std::optional<uint32_t> {
    const auto found = std::ranges::find(aggregate.keys, column);
    if (found == aggregate.keys.end()) return std::nullopt;
    return static_cast<uint32_t>(found - aggregate.keys.begin());
  };
  for (const WindowColumns& window : from.windows) {
    const auto start = place(window.start);
    const auto end = place(window.end);
    if (start && end) properties.windows.push_back({window.window, *start, *end, width + 2});
  }
  const Emit& emit = aggregate.window->emit;
  if (emit.discarding) {
    properties.keys.clear();  // a row per emission
  } else if (emit.early != Emit::Early::kNone || emit.allowed_lateness_us > 0) {
    properties.identity = RowIdentity::kKeys;
    properties.changes_because = "early results and allowed lateness are corrected later";
  }
  return properties;
}

Properties derive_late_rows(const Inputs& inputs) {
  const Properties& from = inputs[0]->input()->properties;
  Properties properties;
  properties.bounded = from.bounded;
  if (from.append_only()) return properties;
  properties.identity = RowIdentity::kWholeRow;
  properties.changes_because = from.changes_because;
  return properties;
}

Properties derive(const Join& join, const Inputs& inputs) {
  const Properties& left = inputs[0]->properties;
  const Properties& right = inputs[1]->properties;
  const auto width = static_cast<uint32_t>(inputs[0]->schema->columns());
  Properties properties;
  properties.bounded = left.bounded && right.bounded;
  properties.state = join_bounds(join, inputs).is_bounded() ? StateBound::kTime : StateBound::kRows;
  for (const ColumnSet& a : left.keys) {
    for (ColumnSet b : right.keys) {
      ColumnSet both = a;
      for (const uint32_t column : b) both.push_back(column + width);
      properties.keys.push_back(std::move(both));
    }
  }
  const bool outer = join.kind != JoinKind::kInner;
  if (left.append_only() && right.append_only() && !outer) return properties;
  properties.identity =
      properties.keys.empty() || outer ? RowIdentity::kWholeRow : RowIdentity::kKeys;
  properties.changes_because =
      outer ? "an outer join takes back its padded row when a match comes"
            : (left.append_only() ? right.changes_because : left.changes_because);
  return properties;
}

Properties derive_union(const Inputs& inputs) {
  Properties properties;
  properties.time_columns = inputs[0]->properties.time_columns;
  for (const NodePtr& input : inputs) {
    const Properties& from = input->properties;
    properties.bounded = properties.bounded && from.bounded;
    std::erase_if(properties.time_columns,
                  [&](uint32_t column) { return !from.is_time_column(column); });
    if (!from.append_only()) {
      properties.identity = RowIdentity::kWholeRow;
      properties.changes_because = from.changes_because;
    }
  }
  return properties;
}

Properties derive(const Operation& operation, const Inputs& inputs) {
  return std::visit(Overloaded{
                        [&](const Scan& scan) { return derive(scan); },
                        [&](const Values&) { return Properties(); },
                        [&](const Project& project) { return derive(project, inputs); },
                        [&](const AssignWindow& assign) { return derive(assign, inputs); },
                        [&](const Aggregate& aggregate) { return derive(aggregate, inputs); },
                        [&](const LateRows&) { return derive_late_rows(inputs); },
                        [&](const Join& join) { return derive(join, inputs); },
                        [&](const UnionAll&) { return derive_union(inputs); },
                        [&](const Unnest&) {
                          Properties properties = pass(inputs[0]->properties, identity_map());
                          properties.keys.clear();
                          if (!properties.append_only())
                            properties.identity = RowIdentity::kWholeRow;
                          return properties;
                        },
                        [&](const Sort&) {
                          Properties properties = pass(inputs[0]->properties, identity_map());
                          properties.identity = RowIdentity::kAppendOnly;
                          properties.state = StateBound::kRows;
                          return properties;
                        },
                        [&](const Normalize& normalize) {
                          Properties properties = pass(inputs[0]->properties, identity_map());
                          properties.identity = RowIdentity::kKeys;
                          properties.keys = {normalize.keys};
                          properties.state = StateBound::kKeys;
                          return properties;
                        },
                        [&](const Sink& sink) {
                          Properties properties = pass(inputs[0]->properties, identity_map());
                          if (sink.materialize) properties.state = StateBound::kRows;
                          return properties;
                        },
                        [&](const auto&) { return pass(inputs[0]->properties, identity_map()); },
                    },
                    operation);
}

}  // namespace

NodePtr make_node(Operation operation, std::vector<NodePtr> inputs, data::SchemaPtr schema,
                  uint64_t identity) {
  Node node;
  node.properties = derive(operation, inputs);
  node.operation = std::move(operation);
  node.inputs = std::move(inputs);
  node.schema = std::move(schema);
  node.identity = identity;
  return std::make_shared<const Node>(std::move(node));
}

NodePtr with_inputs(const NodePtr& node, std::vector<NodePtr> inputs) {
  if (inputs == node->inputs) return node;
  return make_node(node->operation, std::move(inputs), node->schema, node->identity);
}

}  // namespace millrace::plan
