#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/dataflow.h"
#include "engine/job.h"
#include "engine/task/task.h"

namespace millrace::engine {

// Whether a dataflow can run: shapes of pipelines and edges, no cycles. kInternal: it is our own
// planner that made it.
Result<void> check_dataflow(const Dataflow& dataflow);

// Tasks of a job are numbered pipeline by pipeline, shard by shard.
uint32_t count_tasks(const Dataflow& dataflow);

// What a job knows when its tasks are made.
struct JobStart {
  const commit::RecoveredJob& recovered;
  commit::Epoch epoch;  // the first
  Timestamp tick = kTimeMin;
  const JobOptions& options;
};

// The parts of all tasks, connected by channels. Lists the splits of all sources.
// kInputChanged: see resume_splits. Errors of the factories.
Result<std::vector<TaskParts>> assemble(Dataflow& dataflow, const JobStart& start,
                                        const std::vector<std::shared_ptr<TaskWaker>>& wakers);

// Which task has which state of which shape: of each pipeline its shards, then the id and the shape
// of every operator's state.
std::string state_layout(const Dataflow& dataflow);

// kStateIncompatible: the last commit's layout has state of the dataflow in another shape.
Result<void> check_state_shapes(const Dataflow& dataflow, const commit::Positions& recovered);

// Recovered positions of tasks that this layout does not have; to be removed by the next commit.
commit::Positions stale_task_positions(const Dataflow& dataflow,
                                       const commit::Positions& recovered);

}  // namespace millrace::engine
