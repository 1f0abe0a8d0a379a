#include "engine/epochs/assembly.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "base/assert.h"

namespace millrace::engine {
namespace {

Error broken(std::string what) {
  return Error(ErrorCode::kInternal, "the dataflow cannot run: " + std::move(what));
}

Result<void> check_pipeline(const Dataflow& dataflow, size_t index) {
  const Pipeline& pipeline = dataflow.pipelines[index];
  const auto number = static_cast<uint32_t>(index);
  const auto comes_from = [&](const Edge& edge) { return edge.from == number; };
  const auto goes_to = [&](const Edge& edge) { return edge.to == number; };
  const std::string name = fmt::format("pipeline {} ({})", index, pipeline.name);
  if (pipeline.shards == 0 || pipeline.shards > commit::kKeyGroups) {
    return broken(fmt::format("{} has {} shards", name, pipeline.shards));
  }
  if (pipeline.source.has_value() == std::ranges::any_of(dataflow.edges, goes_to)) {
    return broken(name + " needs a source or incoming edges, and not both");
  }
  if ((pipeline.sink != nullptr) == std::ranges::any_of(dataflow.edges, comes_from)) {
    return broken(name + " needs a sink or outgoing edges, and not both");
  }
  if (!pipeline.state_ids.empty() && pipeline.state_ids.size() != pipeline.operators.size()) {
    return broken(name + " needs one state id per operator");
  }
  if (!pipeline.state_shapes.empty() && pipeline.state_shapes.size() != pipeline.state_ids.size()) {
    return broken(name + " needs one shape of state per operator");
  }
  if (pipeline.source && (pipeline.source->id.empty() || pipeline.source->id.front() == '$')) {
    return broken(name + " has a source without a proper id");
  }
  return {};
}

// Pipelines that every path leads out of: the edges have no cycle if all can be taken away one by
// one.
Result<void> check_acyclic(const Dataflow& dataflow) {
  std::vector<bool> gone(dataflow.pipelines.size(), false);
  for (size_t left = gone.size(); left > 0; --left) {
    size_t next = gone.size();
    for (size_t index = 0; index < gone.size() && next == gone.size(); ++index) {
      const bool has_input = std::ranges::any_of(
          dataflow.edges, [&](const Edge& edge) { return edge.to == index && !gone[edge.from]; });
      if (!gone[index] && !has_input) next = index;
    }
    if (next == gone.size()) return broken("its edges form a cycle");
    gone[next] = true;
  }
  return {};
}

// State is restored by its id: two operators with one would get each other's.
Result<void> check_state_ids(const Dataflow& dataflow) {
  std::set<uint64_t> known;
  for (const Pipeline& pipeline : dataflow.pipelines) {
    for (const uint64_t id : pipeline.state_ids) {
      if (id != 0 && !known.insert(id).second) {
        return broken(fmt::format("several operators have the state id {:016x}", id));
      }
    }
  }
  return {};
}

std::vector<uint32_t> first_tasks(const Dataflow& dataflow) {
  std::vector<uint32_t> first;
  uint32_t next = 0;
  for (const Pipeline& pipeline : dataflow.pipelines) {
    first.push_back(next);
    next += pipeline.shards;
  }
  return first;
}

// 16 digits of the id, "/", 16 of the shape.
std::string state_text(const Pipeline& pipeline, size_t index) {
  const uint64_t shape = pipeline.state_shapes.empty() ? 0 : pipeline.state_shapes[index];
  return fmt::format("{:016x}/{:016x}", pipeline.state_ids[index], shape);
}

std::string position_name(uint32_t pipeline, uint32_t shards, uint32_t shard) {
  return fmt::format("{}/{}/{}", pipeline, shards, shard);
}

// Floors of this very task. In another layout the least of what all shards of the pipeline had; a
// source's splits then find other company, whose floor is theirs alone.
Result<std::vector<Timestamp>> recover_floors(const commit::Positions& positions,
                                              const Pipeline& pipeline, uint32_t number,
                                              uint32_t shard) {
  const auto* own =
      find_position(positions, kTaskSource, position_name(number, pipeline.shards, shard));
  if (own != nullptr) return decode_floors(own->position);
  std::vector<Timestamp> least;
  if (pipeline.source) return least;
  const std::string prefix = fmt::format("{}/", number);
  for (const commit::SplitPosition& position : positions.splits) {
    if (position.source != kTaskSource || !position.split.starts_with(prefix)) continue;
    const std::vector<Timestamp> floors = MILLRACE_TRY(decode_floors(position.position));
    if (least.empty()) least = floors;
    if (least.size() != floors.size()) return std::vector<Timestamp>();
    std::ranges::transform(least, floors, least.begin(),
                           [](Timestamp a, Timestamp b) { return std::min(a, b); });
  }
  return least;
}

// One pipeline's instances, shard by shard, from its factories.
class PipelineAssembly {
 public:
  PipelineAssembly(Pipeline& pipeline, uint32_t number, uint32_t first_task, const JobStart& start)
      : pipeline_(pipeline), number_(number), first_task_(first_task), start_(start) {}

  Result<std::vector<TaskParts>> make() {
    std::vector<TaskParts> all;
    for (uint32_t shard = 0; shard < pipeline_.shards; ++shard) {
      all.push_back(MILLRACE_TRY(make_shard(shard)));
    }
    if (pipeline_.source) MILLRACE_TRY(assign_splits(all));
    return all;
  }

 private:
  Result<TaskParts> make_shard(uint32_t shard) {
    TaskParts parts;
    parts.index = first_task_ + shard;
    parts.shard = shard;
    parts.shards = pipeline_.shards;
    parts.id =
        commit::TaskId((uint64_t{number_} + 1) << 32 | uint64_t{pipeline_.shards} << 16 | shard);
    parts.epoch = start_.epoch;
    parts.time.tick = start_.tick;
    parts.time.position_name = position_name(number_, pipeline_.shards, shard);
    parts.time.floors =
        MILLRACE_TRY(recover_floors(start_.recovered.positions, pipeline_, number_, shard));
    for (auto& make_operator : pipeline_.operators) {
      parts.operators.push_back(MILLRACE_TRY(make_operator(shard)));
    }
    parts.state_ids = pipeline_.state_ids;
    parts.state_ids.resize(parts.operators.size());
    MILLRACE_TRY(check_operators(parts));
    if (pipeline_.sink) parts.sink = MILLRACE_TRY(pipeline_.sink(shard));
    if (pipeline_.source) parts.source = MILLRACE_TRY(make_source(*pipeline_.source, shard));
    return parts;
  }

  Result<void> check_operators(const TaskParts& parts) const {
    for (size_t index = 0; index < parts.operators.size(); ++index) {
      const traits::OperatorTraits& traits = parts.operators[index]->traits();
      if (index > 0 && traits.ports.size() > 1) {
        return broken(traits.name + " has several inputs but does not head its pipeline");
      }
      const uint64_t id = parts.state_ids[index];
      if (traits.stateful && (id == 0 || id % kTablesPerOperatorMax != 0)) {
        return broken(fmt::format("{} has the state id {:016x}", traits.name, id));
      }
    }
    return {};
  }

  Result<SourceShard> make_source(SourceSpec& spec, uint32_t shard) const {
    SourceShard source;
    source.id = spec.id;
    source.table = spec.table;
    source.source = spec.source;
    source.bounded = spec.source->bounded();
    source.on_rejection = spec.on_rejection;
    source.row_text = spec.row_text;
    source.ordinal = number_;
    if (spec.projection) source.projection = MILLRACE_TRY(spec.projection(shard));
    if (spec.filter) source.filter = MILLRACE_TRY(spec.filter(shard));
    if (spec.event_time) {
      source.event_time = MILLRACE_TRY(spec.event_time->event_time(shard));
      source.granularity_us = spec.event_time->granularity_us;
      source.far_future_us = spec.event_time->far_future_us;
      source.idle_timeout_us = spec.event_time->idle_timeout_us;
    }
    return source;
  }

  Result<void> assign_splits(std::vector<TaskParts>& all) {
    SourceSpec& spec = *pipeline_.source;
    const std::vector<std::string> begun = begun_splits(spec.id, start_.recovered.positions);
    auto listed = begun.empty() ? spec.source->splits() : spec.source->splits_again(begun);
    std::vector<SplitStart> splits = MILLRACE_TRY(
        resume_splits(spec.id, MILLRACE_TRY(std::move(listed)), start_.recovered.positions));
    const size_t readers = std::max<size_t>(1, std::min(all.size(), splits.size()));
    for (size_t index = 0; index < splits.size(); ++index) {
      TaskParts& parts = all[index % all.size()];
      parts.splits.push_back(std::move(splits[index]));
      parts.source->rows_per_second = spec.rows_per_second / static_cast<double>(readers);
    }
    return {};
  }

  Pipeline& pipeline_;
  const uint32_t number_;
  const uint32_t first_task_;
  const JobStart& start_;
};

// Channels of one edge between all shards on both of its ends.
void connect(const Edge& edge, const Dataflow& dataflow, const std::vector<uint32_t>& first,
             const std::vector<std::shared_ptr<TaskWaker>>& wakers, uint32_t credit,
             std::vector<TaskParts>& tasks) {
  const uint32_t shards_to = dataflow.pipelines[edge.to].shards;
  for (uint32_t from = 0; from < dataflow.pipelines[edge.from].shards; ++from) {
    OutgoingEdge outgoing{edge.routing, edge.key_columns, {}, edge.late, edge.origins};
    const bool to_one = edge.routing == Routing::kForward || edge.routing == Routing::kSingle;
    const uint32_t only = edge.routing == Routing::kForward ? from % shards_to : 0;
    for (uint32_t to = to_one ? only : 0; to < (to_one ? only + 1 : shards_to); ++to) {
      const uint32_t producer = first[edge.from] + from;
      const uint32_t consumer = first[edge.to] + to;
      auto channel = std::make_shared<Channel>(credit, wakers[producer], wakers[consumer]);
      tasks[consumer].channels.push_back({edge.port, channel, producer});
      outgoing.channels.push_back(std::move(channel));
    }
    tasks[first[edge.from] + from].edges.push_back(std::move(outgoing));
  }
}

// Marks the channels of tasks that read no split, neither by themselves nor through others.
void mark_dry(std::vector<TaskParts>& tasks) {
  std::vector<bool> dry(tasks.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t index = 0; index < tasks.size(); ++index) {
      TaskParts& task = tasks[index];
      for (IncomingChannel& incoming : task.channels) incoming.dry = dry[incoming.producer];
      const bool now = task.source ? task.splits.empty()
                                   : std::ranges::all_of(task.channels, &IncomingChannel::dry);
      changed |= now != dry[index];
      dry[index] = now;
    }
  }
}

}  // namespace

Result<void> check_dataflow(const Dataflow& dataflow) {
  for (const Edge& edge : dataflow.edges) {
    const size_t pipelines = dataflow.pipelines.size();
    if (edge.from >= pipelines || edge.to >= pipelines) return broken("an edge leads nowhere");
    if (edge.routing != Routing::kForward) continue;
    if (dataflow.pipelines[edge.from].shards != dataflow.pipelines[edge.to].shards) {
      return broken("a forward edge joins pipelines with different shards");
    }
  }
  std::vector<std::string_view> sources;
  for (size_t index = 0; index < dataflow.pipelines.size(); ++index) {
    MILLRACE_TRY(check_pipeline(dataflow, index));
    if (dataflow.pipelines[index].source) sources.push_back(dataflow.pipelines[index].source->id);
  }
  if (sources.empty()) return broken("it has no source");
  std::ranges::sort(sources);
  if (std::ranges::adjacent_find(sources) != sources.end()) {
    return broken("two sources share an id");
  }
  MILLRACE_TRY(check_state_ids(dataflow));
  return check_acyclic(dataflow);
}

uint32_t count_tasks(const Dataflow& dataflow) {
  uint32_t tasks = 0;
  for (const Pipeline& pipeline : dataflow.pipelines) tasks += pipeline.shards;
  return tasks;
}

Result<std::vector<TaskParts>> assemble(Dataflow& dataflow, const JobStart& start,
                                        const std::vector<std::shared_ptr<TaskWaker>>& wakers) {
  const std::vector<uint32_t> first = first_tasks(dataflow);
  std::vector<TaskParts> tasks;
  for (uint32_t number = 0; number < dataflow.pipelines.size(); ++number) {
    PipelineAssembly assembly(dataflow.pipelines[number], number, first[number], start);
    std::ranges::move(MILLRACE_TRY(assembly.make()), std::back_inserter(tasks));
  }
  for (const Edge& edge : dataflow.edges) {
    connect(edge, dataflow, first, wakers, start.options.channel_credit, tasks);
  }
  mark_dry(tasks);
  return tasks;
}

std::string state_layout(const Dataflow& dataflow) {
  std::string layout;
  for (const Pipeline& pipeline : dataflow.pipelines) {
    layout += fmt::format("{}", pipeline.shards);
    for (size_t index = 0; index < pipeline.state_ids.size(); ++index) {
      if (pipeline.state_ids[index] == 0) continue;
      layout += ' ' + state_text(pipeline, index);
    }
    layout += ';';
  }
  return layout;
}

Result<void> check_state_shapes(const Dataflow& dataflow, const commit::Positions& recovered) {
  const std::string_view layout = layout_of(recovered);
  for (const Pipeline& pipeline : dataflow.pipelines) {
    for (size_t index = 0; index < pipeline.state_shapes.size(); ++index) {
      if (pipeline.state_ids[index] == 0) continue;
      const std::string now = state_text(pipeline, index);
      const std::string_view id = std::string_view(now).substr(0, now.find('/') + 1);
      const size_t found = layout.find(id);
      if (found == std::string_view::npos || layout.substr(found).starts_with(now)) continue;
      return Error(ErrorCode::kStateIncompatible,
                   fmt::format("what '{}' keeps was written for a plan with other columns",
                               pipeline.name))
          .remedy(
              "Bring back what changed the plan (SET 'optimizer', the version), or give the job "
              "another name ('job.name') to read everything anew.");
    }
  }
  return {};
}

commit::Positions stale_task_positions(const Dataflow& dataflow,
                                       const commit::Positions& recovered) {
  commit::Positions stale;
  for (const commit::SplitPosition& position : recovered.splits) {
    if (position.source != kTaskSource) continue;
    bool known = false;
    for (uint32_t number = 0; number < dataflow.pipelines.size() && !known; ++number) {
      const uint32_t shards = dataflow.pipelines[number].shards;
      for (uint32_t shard = 0; shard < shards && !known; ++shard) {
        known = position.split == position_name(number, shards, shard);
      }
    }
    if (known) continue;
    stale.splits.push_back(position);
    stale.splits.back().removed = true;
  }
  return stale;
}

}  // namespace millrace::engine
