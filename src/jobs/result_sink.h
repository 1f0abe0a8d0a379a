#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "commit/ids.h"
#include "data/batch.h"
#include "engine/dataflow.h"

namespace millrace::jobs {

// ResultRows: what a SELECT has committed, for the client that asked: batches with their signs,
// epoch by epoch.
//
// Threading:  synchronised inside.
class ResultRows {
 public:
  struct Chunk {
    commit::Epoch epoch;
    data::Batch batch;
  };
  // Everything that has come since the last call.
  std::vector<Chunk> take();
  void add(std::vector<Chunk> chunks);
  // Called whenever there is something to take; from workers.
  void on_ready(std::function<void()> ready);

 private:
  std::mutex mutex_;
  std::vector<Chunk> chunks_;    // guarded by mutex_
  std::function<void()> ready_;  // guarded by mutex_
};

// The sink that fills `rows`, once each epoch is committed.
engine::PerShard<engine::Sink> result_sink(std::shared_ptr<ResultRows> rows);

}  // namespace millrace::jobs
