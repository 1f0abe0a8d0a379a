#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/dataflow.h"
#include "testing/memory_commit_log.h"
#include "testing/rows_text.h"

namespace millrace::testing {

// What CollectingSinks have delivered to the outside, over all shards and runs. Threading:
// synchronised.
class Collected {
 public:
  void add(std::vector<std::string> lines);
  // In order of delivery; shards of one epoch in any order.
  std::vector<std::string> lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// CollectingSink: stages each batch as text for a partition, and delivers the same lines to
// `outside` when their epoch is committed.
class CollectingSink final : public engine::Sink {
 public:
  CollectingSink(commit::PartitionId partition, std::shared_ptr<Collected> outside)
      : partition_(partition), outside_(std::move(outside)) {}
  Result<void> open(engine::OpenContext&) override { return {}; }
  Result<engine::Step> on_batch(data::Batch batch, engine::Staging& staging) override;
  Result<engine::Step> on_barrier(commit::Epoch epoch, engine::Staging& staging) override;
  Result<engine::Step> resume(engine::Staging& staging) override;
  Result<void> committed(commit::Epoch epoch) override;

 private:
  const commit::PartitionId partition_;
  const std::shared_ptr<Collected> outside_;
  std::vector<std::string> open_lines_;
  std::deque<std::pair<commit::Epoch, std::vector<std::string>>> uncommitted_;
};

// One for each shard.
engine::PerShard<engine::Sink> collecting_sink(commit::PartitionId partition,
                                               std::shared_ptr<Collected> outside);

// The committed lines of a partition that CollectingSinks wrote.
std::vector<std::string> committed_lines(const MemoryCommitLog& log, commit::PartitionId partition);

}  // namespace millrace::testing
