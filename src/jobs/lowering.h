#pragma once

#include <map>
#include <vector>

#include "jobs/lower.h"

namespace millrace::jobs {

// Lowering: the dataflow that is being made, and the operations of the plan one by one.
//
// A stream is the pipeline whose last operator gives a node's rows. A node with one reader goes on
// in the same pipeline; where rows change shards, meet others, or have several readers, a new one
// begins.
//
// Order: stream for every sink; take.
class Lowering {
 public:
  Lowering(const plan::LogicalPlan& plan, const LowerContext& context);

  Result<void> lower_sink(const plan::NodePtr& node);
  engine::Dataflow take() { return std::move(dataflow_); }

 private:
  using Pipeline = uint32_t;

  // The pipeline that gives the rows of `node`, open for one more operator.
  Result<Pipeline> stream(const plan::NodePtr& node);
  Result<Pipeline> lower_node(const plan::NodePtr& node);
  // The pipeline of a node with several readers, which ends there.
  Result<Pipeline> lower_shared(const plan::NodePtr& node);
  Result<Pipeline> lower_scan(const plan::Node& node, const plan::Scan& scan);
  Result<Pipeline> lower_values(const plan::Node& node, const plan::Values& values);
  Result<Pipeline> lower_filter(const plan::Node& node, const plan::Filter& filter);
  Result<Pipeline> lower_project(const plan::Node& node, const plan::Project& project);
  Result<Pipeline> lower_assign_window(const plan::Node& node, const plan::AssignWindow& assign);
  Result<Pipeline> lower_aggregate(const plan::Node& node, const plan::Aggregate& aggregate);
  Result<Pipeline> lower_window_aggregate(const plan::Node& node, const plan::Aggregate& aggregate);
  Result<Pipeline> lower_late_rows(const plan::Node& node);
  Result<Pipeline> lower_join(const plan::Node& node, const plan::Join& join);
  Result<Pipeline> lower_union(const plan::Node& node);
  Result<Pipeline> lower_unnest(const plan::Node& node, const plan::Unnest& unnest);
  Result<Pipeline> lower_sort(const plan::Node& node, const plan::Sort& sort);
  Result<Pipeline> lower_normalize(const plan::Node& node, const plan::Normalize& normalize);

  Pipeline fold_upserts(Pipeline from, const plan::Node& node, const plan::Sink& sink);

  Pipeline begin(std::string name, uint32_t shards);
  void connect(Pipeline from, Pipeline to, engine::Port port, engine::Routing routing,
               std::vector<uint32_t> keys = {}, bool origins = false);
  // Where an operation that needs equal keys together goes on: the same pipeline if it has one
  // shard, else a new one behind an exchange (no keys: of one shard).
  Pipeline gather(Pipeline from, std::string name, const std::vector<uint32_t>& keys,
                  bool origins = false);
  void append(Pipeline to, engine::PerShard<engine::Operator> make);
  // One that keeps the state of `node`.
  void append(Pipeline to, engine::PerShard<engine::Operator> make, const plan::Node& node);
  void add_projection(Pipeline to, data::SchemaPtr schema,
                      std::vector<expr::ExpressionPtr> expressions);

  const LowerContext& context_;
  engine::Dataflow dataflow_;
  std::map<const plan::Node*, uint32_t> readers_;    // how often a node is an input
  std::map<const plan::Node*, Pipeline> shared_;     // lowered nodes with several readers
  std::map<std::string, uint32_t> source_ordinals_;  // per table, for stable source ids
  int64_t granularity_us_;
};

// G of engine.md (Time) over everything that `plan` computes, µs.
int64_t time_granularity_us(const plan::LogicalPlan& plan);

// The columns that a connector reads and writes, in the order of the declaration.
data::SchemaPtr physical_schema(const catalog::TableDefinition& definition);

}  // namespace millrace::jobs
