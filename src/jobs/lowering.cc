#include "jobs/lowering.h"

#include <numeric>
#include <set>

#include "base/assert.h"
#include "jobs/state_shape.h"
#include "plan/logical/join_bounds.h"

namespace millrace::jobs {
namespace {

using plan::NodePtr;

void visit_nodes(const NodePtr& node, std::set<const plan::Node*>& seen,
                 const std::function<void(const plan::Node&)>& visit) {
  if (!seen.insert(node.get()).second) return;
  visit(*node);
  for (const NodePtr& input : node->inputs) visit_nodes(input, seen, visit);
}

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

}  // namespace

int64_t time_granularity_us(const plan::LogicalPlan& plan) {
  int64_t granularity = 0;
  std::set<const plan::Node*> seen;
  const auto add_window = [&](const plan::WindowSpec& window) {
    for (const int64_t part : {window.size_us, window.slide_us, window.offset_us}) {
      granularity = std::gcd(granularity, part);
    }
  };
  for (const NodePtr& sink : plan.sinks) {
    visit_nodes(sink, seen, [&](const plan::Node& node) {
      if (const auto* assign = node.as<plan::AssignWindow>()) add_window(assign->window);
      const auto* join = node.as<plan::Join>();
      if (join != nullptr && plan::join_bounds(*join, node.inputs).finer_than_windows) {
        granularity = 1;
      }
      const auto* aggregate = node.as<plan::Aggregate>();
      if (aggregate == nullptr || !aggregate->window) return;
      add_window(aggregate->window->window);
      granularity = std::gcd(granularity, aggregate->window->emit.allowed_lateness_us);
    });
  }
  return granularity == 0 ? 1 : granularity;
}

Lowering::Lowering(const plan::LogicalPlan& plan, const LowerContext& context)
    : context_(context), granularity_us_(time_granularity_us(plan)) {
  std::set<const plan::Node*> seen;
  for (const NodePtr& sink : plan.sinks) {
    visit_nodes(sink, seen, [this](const plan::Node& node) {
      for (const NodePtr& input : node.inputs) ++readers_[input.get()];
    });
  }
}

Lowering::Pipeline Lowering::begin(std::string name, uint32_t shards) {
  engine::Pipeline pipeline;
  pipeline.name = std::move(name);
  pipeline.shards = shards;
  dataflow_.pipelines.push_back(std::move(pipeline));
  return static_cast<Pipeline>(dataflow_.pipelines.size() - 1);
}

void Lowering::connect(Pipeline from, Pipeline to, engine::Port port, engine::Routing routing,
                       std::vector<uint32_t> keys, bool origins) {
  dataflow_.edges.push_back({.from = from,
                             .to = to,
                             .port = port,
                             .routing = routing,
                             .key_columns = std::move(keys),
                             .origins = origins || routing == engine::Routing::kForward});
}

Lowering::Pipeline Lowering::gather(Pipeline from, std::string name,
                                    const std::vector<uint32_t>& keys, bool origins) {
  if (dataflow_.pipelines[from].shards == 1 && context_.parallelism == 1) return from;
  const uint32_t shards = keys.empty() ? 1 : context_.parallelism;
  const Pipeline to = begin(std::move(name), shards);
  connect(from, to, 0, shards == 1 ? engine::Routing::kSingle : engine::Routing::kHash,
          shards == 1 ? std::vector<uint32_t>() : keys, origins);
  return to;
}

void Lowering::append(Pipeline to, engine::PerShard<engine::Operator> make) {
  engine::Pipeline& pipeline = dataflow_.pipelines[to];
  pipeline.operators.push_back(std::move(make));
  pipeline.state_ids.push_back(0);
  pipeline.state_shapes.push_back(0);
}

void Lowering::append(Pipeline to, engine::PerShard<engine::Operator> make,
                      const plan::Node& node) {
  append(to, std::move(make));
  engine::Pipeline& pipeline = dataflow_.pipelines[to];
  // The bits that number its tables are cleared.
  pipeline.state_ids.back() =
      node.identity / engine::kTablesPerOperatorMax * engine::kTablesPerOperatorMax;
  pipeline.state_shapes.back() = state_shape(node);
}

Result<Lowering::Pipeline> Lowering::stream(const NodePtr& node) {
  if (readers_[node.get()] < 2) return lower_node(node);
  const Pipeline from = MILLRACE_TRY(lower_shared(node));
  const Pipeline reader = begin("shared", dataflow_.pipelines[from].shards);
  connect(from, reader, 0, engine::Routing::kForward);
  return reader;
}

Result<Lowering::Pipeline> Lowering::lower_shared(const NodePtr& node) {
  const auto found = shared_.find(node.get());
  if (found != shared_.end()) return found->second;
  const Pipeline pipeline = MILLRACE_TRY(lower_node(node));
  shared_.emplace(node.get(), pipeline);
  return pipeline;
}

Result<Lowering::Pipeline> Lowering::lower_node(const NodePtr& node) {
  return std::visit(
      Overloaded{
          [&](const plan::Scan& scan) { return lower_scan(*node, scan); },
          [&](const plan::Values& values) { return lower_values(*node, values); },
          [&](const plan::Filter& filter) { return lower_filter(*node, filter); },
          [&](const plan::Project& project) { return lower_project(*node, project); },
          [&](const plan::AssignWindow& assign) { return lower_assign_window(*node, assign); },
          [&](const plan::Aggregate& aggregate) {
            return aggregate.window ? lower_window_aggregate(*node, aggregate)
                                    : lower_aggregate(*node, aggregate);
          },
          [&](const plan::LateRows&) { return lower_late_rows(*node); },
          [&](const plan::Join& join) { return lower_join(*node, join); },
          [&](const plan::UnionAll&) { return lower_union(*node); },
          [&](const plan::Unnest& unnest) { return lower_unnest(*node, unnest); },
          [&](const plan::Sort& sort) { return lower_sort(*node, sort); },
          [&](const plan::Normalize& normalize) { return lower_normalize(*node, normalize); },
          [&](const plan::Sink&) -> Result<Pipeline> {
            return Error(ErrorCode::kInternal, "a sink stands below another operation");
          },
      },
      node->operation);
}

Result<Lowering::Pipeline> Lowering::lower_union(const plan::Node& node) {
  std::vector<Pipeline> inputs;
  uint32_t shards = 1;
  for (const NodePtr& input : node.inputs) {
    inputs.push_back(MILLRACE_TRY(stream(input)));
    shards = std::max(shards, dataflow_.pipelines[inputs.back()].shards);
  }
  const Pipeline together = begin("union", shards);
  for (const Pipeline input : inputs) {
    const bool same = dataflow_.pipelines[input].shards == shards;
    connect(input, together, 0, same ? engine::Routing::kForward : engine::Routing::kSingle, {},
            true);
  }
  return together;
}

Result<engine::Dataflow> lower(const plan::LogicalPlan& plan, const LowerContext& context) {
  Lowering lowering(plan, context);
  for (const NodePtr& sink : plan.sinks) MILLRACE_TRY(lowering.lower_sink(sink));
  return lowering.take();
}

data::SchemaPtr physical_schema(const catalog::TableDefinition& definition) {
  std::vector<data::Field> fields;
  for (const catalog::ColumnDefinition& column : definition.columns) {
    if (column.kind != catalog::ColumnKind::kPhysical) continue;
    fields.push_back({column.name, column.type, column.nullable});
  }
  return data::make_schema(std::move(fields));
}

}  // namespace millrace::jobs
