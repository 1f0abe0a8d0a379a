#include "plan/explain.h"

#include <fmt/core.h>

#include "expr/build.h"

namespace millrace::plan {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

std::string duration(int64_t us) {
  if (us % 3'600'000'000 == 0) return fmt::format("{} h", us / 3'600'000'000);
  if (us % 60'000'000 == 0) return fmt::format("{} min", us / 60'000'000);
  if (us % 1'000'000 == 0) return fmt::format("{} s", us / 1'000'000);
  return fmt::format("{} us", us);
}

std::string column_name(const data::Schema& schema, uint32_t column) {
  const std::string& name = schema.field(column).name;
  return name.empty() ? fmt::format("${}", column) : name;
}

std::string column_names(const data::Schema& schema, const std::vector<uint32_t>& columns) {
  std::string text;
  for (const uint32_t column : columns) {
    text += (text.empty() ? "" : ", ") + column_name(schema, column);
  }
  return text;
}

std::string describe_window(const WindowSpec& window) {
  std::string text =
      window.kind == WindowKind::kHop
          ? fmt::format("hop {} every {}", duration(window.size_us), duration(window.slide_us))
          : fmt::format("tumble {}", duration(window.size_us));
  if (window.offset_us != 0) text += fmt::format(" offset {}", duration(window.offset_us));
  return text;
}

std::string describe_aggregate(const Node& node, const Aggregate& aggregate) {
  const data::Schema& input = *node.input()->schema;
  std::string text = aggregate.window ? "WindowAggregate" : "GroupAggregate";
  if (aggregate.window) {
    text += fmt::format(" [{} on {}]", describe_window(aggregate.window->window),
                        column_name(input, aggregate.window->time_column));
    const Emit& emit = aggregate.window->emit;
    if (emit.early == Emit::Early::kOnUpdate) text += " early on update";
    if (emit.early == Emit::Early::kEvery) {
      text += fmt::format(" early every {}", duration(emit.every_us));
    }
    if (aggregate.window->emit.allowed_lateness_us > 0) {
      text += fmt::format(" lateness {}", duration(aggregate.window->emit.allowed_lateness_us));
    }
    if (emit.early == Emit::Early::kAfterRows) {
      text += fmt::format(" early after {} rows", emit.after_rows);
    }
    if (emit.discarding) text += " discarding";
    if (aggregate.window->late_columns > 0) text += " late rows kept";
  }
  text += fmt::format(" by ({})", column_names(input, aggregate.keys));
  for (const AggregateCall& call : aggregate.calls) {
    text += fmt::format(" {}({}{})", call.function, call.distinct ? "DISTINCT " : "",
                        call.arguments.empty() ? "*" : column_names(input, call.arguments));
    if (call.filter) text += fmt::format(" FILTER {}", column_name(input, *call.filter));
  }
  return text;
}

// The condition with the side of every column whose name both inputs have.
std::string describe_residual(const Node& node, const Join& join) {
  const data::Schema& left = *node.input(0)->schema;
  const data::Schema& right = *node.input(1)->schema;
  const auto with_side = [&](const expr::ExpressionPtr& part) {
    const auto* column = part->as<expr::ColumnRef>();
    if (column == nullptr) return part;
    const bool is_left = column->index < left.columns();
    if (!(is_left ? right : left).find(column->name)) return part;
    return expr::make_column(column->index, (is_left ? "left." : "right.") + column->name,
                             part->type(), part->nullable());
  };
  return expr::to_string(*expr::rewrite(join.residual, with_side));
}

std::string describe_join(const Node& node, const Join& join) {
  constexpr std::string_view kNames[] = {"Inner", "Left", "Right", "Full", "Semi", "Anti"};
  std::string text = fmt::format("{}Join", kNames[static_cast<size_t>(join.kind)]);
  for (size_t at = 0; at < join.keys.size(); ++at) {
    text += fmt::format("{}{} = {}", at == 0 ? " on " : " and ",
                        column_name(*node.input(0)->schema, join.keys[at].left),
                        column_name(*node.input(1)->schema, join.keys[at].right));
  }
  if (join.residual != nullptr) {
    text += fmt::format(" where {}", describe_residual(node, join));
  }
  return text;
}

std::string describe_sort(const Node& node, const Sort& sort) {
  std::string text = "Sort";
  for (const SortKey& key : sort.keys) {
    text += fmt::format(" {}{}{}", column_name(*node.schema, key.column),
                        key.descending ? " DESC" : "", key.nulls_first ? " NULLS FIRST" : "");
  }
  if (sort.limit) text += fmt::format(" limit {}", *sort.limit);
  if (sort.offset > 0) text += fmt::format(" offset {}", sort.offset);
  return text;
}

std::string describe_sink(const Sink& sink) {
  constexpr std::string_view kModes[] = {"append", "upsert", "changes", "result"};
  const std::string target =
      sink.table == nullptr ? "client" : sink.table->definition->name.to_short_string();
  return fmt::format("Sink {} ({}{})", target, kModes[static_cast<size_t>(sink.mode)],
                     sink.materialize ? ", the last live row of a key" : "");
}

std::string describe_project(const Project& project) {
  std::string text = "Project";
  for (size_t at = 0; at < project.expressions.size(); ++at) {
    text += (at == 0 ? " " : ", ") + expr::to_string(*project.expressions[at]);
  }
  return text;
}

std::string describe_scan(const Scan& scan) {
  std::string text = fmt::format("Scan {} ({})", scan.table->definition->name.to_short_string(),
                                 column_names(*scan.table->schema, scan.columns));
  if (scan.filter != nullptr) text += fmt::format(" where {}", expr::to_string(*scan.filter));
  if (scan.until_now) text += " until now";
  return text;
}

void append_node(std::string& to, const Node& node, int depth) {
  const Properties& properties = node.properties;
  to += std::string(static_cast<size_t>(depth) * 2, ' ') + describe(node);
  std::string notes = properties.append_only() ? "append-only" : "changing";
  if (properties.identity == RowIdentity::kWholeRow) notes += ", rows by value";
  for (const ColumnSet& key : properties.keys) {
    notes += fmt::format(", key ({})", column_names(*node.schema, key));
  }
  if (!properties.time_columns.empty()) {
    notes += fmt::format(", time {}", column_names(*node.schema, properties.time_columns));
  }
  if (!properties.bounded) notes += ", endless";
  if (properties.state != StateBound::kNone) {
    notes += fmt::format(", state: {}", to_string(properties.state));
  }
  to += fmt::format("  [{}]\n", notes);
  for (const NodePtr& input : node.inputs) append_node(to, *input, depth + 1);
}

}  // namespace

std::string describe(const Node& node) {
  return std::visit(
      Overloaded{
          [&](const Scan& scan) { return describe_scan(scan); },
          [&](const Values& values) { return fmt::format("Values {} rows", values.rows.size()); },
          [&](const Filter& filter) {
            return fmt::format("Filter {}", expr::to_string(*filter.predicate));
          },
          [&](const Project& project) { return describe_project(project); },
          [&](const AssignWindow& assign) {
            return fmt::format("AssignWindow [{} on {}]", describe_window(assign.window),
                               column_name(*node.input()->schema, assign.time_column));
          },
          [&](const Aggregate& aggregate) { return describe_aggregate(node, aggregate); },
          [&](const LateRows&) { return std::string("LateRows"); },
          [&](const Join& join) { return describe_join(node, join); },
          [&](const UnionAll&) { return std::string("UnionAll"); },
          [&](const Unnest& unnest) {
            return fmt::format("Unnest {}", column_name(*node.input()->schema, unnest.column));
          },
          [&](const Sort& sort) { return describe_sort(node, sort); },
          [&](const Normalize& normalize) {
            return fmt::format("Normalize by ({})", column_names(*node.schema, normalize.keys));
          },
          [&](const Sink& sink) { return describe_sink(sink); },
      },
      node.operation);
}

std::string explain(const LogicalPlan& plan) {
  std::string text;
  for (const NodePtr& sink : plan.sinks) append_node(text, *sink, 0);
  return text;
}

}  // namespace millrace::plan
