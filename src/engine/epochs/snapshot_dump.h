#pragma once

#include <memory>
#include <optional>

#include "commit/jobs.h"
#include "engine/task/task_waker.h"
#include "state/state_store.h"

namespace millrace::engine {

// SnapshotDump: writes a task's whole state beside the ring, slice by slice between rows, once its
// deltas have outgrown it. A dump that fails is given up: the deltas are all still there.
//
// A required dump puts the state into another layout: the first barrier waits until it is durable,
// so that all tasks' dumps are adopted by one commit, which lets go of what was before.
//
// Threading:  confined to its task.
// Order:      begin_required first, if at all; step once per turn; at a barrier, behind its deltas:
//             may_pass, take_finished, at_barrier.
class SnapshotDump {
 public:
  struct Settings {
    commit::Jobs* jobs = nullptr;
    commit::SnapshotSpec spec;  // `begun` is set here
    uint64_t delta_bytes_min = 0;
  };
  SnapshotDump(Settings settings, state::StateStore& store, std::shared_ptr<TaskWaker> waker,
               uint64_t delta_bytes)
      : settings_(std::move(settings)),
        store_(store),
        waker_(std::move(waker)),
        delta_bytes_(delta_bytes) {}

  // Before any row has changed the state. `epoch`: the first one.
  Result<void> begin_required(commit::Epoch epoch);
  void count_delta(size_t bytes) { delta_bytes_ += bytes; }
  // Begins a dump if one is due. `epoch` has passed the task.
  void at_barrier(commit::Epoch epoch, int64_t state_bytes);
  // Writes one slice, if there is one to write and room for it. True: there is more to do now.
  bool step();
  // False: a required dump is not durable yet; a wake-up will come. Failure: what became of it.
  Result<bool> may_pass() const;
  // A dump that is durable and not yet adopted.
  std::optional<commit::SnapshotId> take_finished();

 private:
  // What runs when a dump is durable outlives the task.
  struct Finish {
    bool done = false;
    std::optional<commit::SnapshotId> id;
    std::optional<Error> error;
  };
  Result<void> begin(commit::Epoch begun);
  void fail(Error error);
  void give_up();

  Settings settings_;
  state::StateStore& store_;
  const std::shared_ptr<TaskWaker> waker_;
  uint64_t delta_bytes_;
  uint64_t delta_bytes_at_start_ = 0;
  std::unique_ptr<commit::SnapshotWriter> writer_;
  Buffer slice_;  // not taken yet
  bool all_sliced_ = true;
  std::shared_ptr<Finish> finish_;
  bool required_ = false;
  std::optional<Error> failure_;  // of a required one
};

}  // namespace millrace::engine
