#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"
#include "engine/rejection.h"
#include "engine/row_functions.h"
#include "engine/sink.h"
#include "engine/source.h"

namespace millrace::engine {

// Makes one instance per shard. Called on the coordinator, before the tasks start.
template <class T>
using PerShard = std::move_only_function<Result<std::unique_ptr<T>>(uint32_t shard)>;

// How event time is found in a source's rows; absent: the stream has no watermark until it ends.
struct EventTimeSpec {
  PerShard<EventTime> event_time;
  // G of engine.md (Time): greatest common divisor of all slices, offsets and latenesses
  // downstream, µs; 1 if unknown. Batches are cut so that results are as if rows came singly.
  int64_t granularity_us = 1;
  // A row this far ahead of the wall clock is rejected (endless input) or noted (bounded); 0:
  // never.
  int64_t far_future_us = 86'400'000'000;
  // Idle after this long at the end of the split; 0: never.
  int64_t idle_timeout_us = 0;
};

// The head of a pipeline that reads from outside.
struct SourceSpec {
  std::string id;     // stable and unique in the job: its positions are kept under it
  std::string table;  // as rejections name it
  std::shared_ptr<Source> source;
  PerShard<RowProjection> projection;  // null: rows go on as decoded
  PerShard<RowFilter> filter;          // null: all rows; never hides a row from the watermark
  std::optional<EventTimeSpec> event_time;
  double rows_per_second = 0;  // 0: as fast as they come
  OnRejection on_rejection = OnRejection::kReport;
  // A row of the batches behind the projection, as rejections show it. Null: rows do not say where
  // they were read.
  std::function<std::string(const data::Batch&, uint32_t row)> row_text;
};

// Where a pipeline's output goes.
enum class Routing : uint8_t {
  kForward,    // shard i to shard i
  kHash,       // by key_columns through key groups (docs/formats/keys.md)
  kBroadcast,  // to every shard
  kSingle,     // to shard 0
};

struct Edge {
  uint32_t from = 0;  // pipeline
  uint32_t to = 0;    // pipeline
  Port port = 0;      // of the head operator of `to`
  Routing routing = Routing::kForward;
  std::vector<uint32_t> key_columns;
  // Carries what the operators of `from` push as late, in place of its rows.
  bool late = false;
  // Batches keep their origin. It pins the columns that were read, so only where somebody asks.
  bool origins = false;
};

// A linear chain that runs as one task per shard: a source or one or more input channels at its
// head, operators, and a sink or outgoing edges at its end. Only the head operator may have several
// ports.
struct Pipeline {
  std::string name;
  uint32_t shards = 1;
  std::optional<SourceSpec> source;
  std::vector<PerShard<Operator>> operators;
  // One per operator: stable identity of its state; each owns the kTablesPerOperatorMax ids from
  // here on, so the lowest four bits are 0. Empty if no operator is stateful.
  std::vector<uint64_t> state_ids;
  // One per operator, or none: what its state looks like. One that was written under another shape
  // is not restored.
  std::vector<uint64_t> state_shapes;
  PerShard<Sink> sink;  // null: outgoing edges
};

// Dataflow: a whole job as pipelines and the edges between them: what `jobs` hands to the engine.
// Moved into the Job that runs it. A pipeline has a source or incoming edges, not both; forward
// edges join pipelines with equal shards.
struct Dataflow {
  std::vector<Pipeline> pipelines;
  std::vector<Edge> edges;  // acyclic
};

}  // namespace millrace::engine
