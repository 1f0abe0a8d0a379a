#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "commit/reader.h"
#include "io/executor.h"
#include "log/calls/read_ahead.h"
#include "log/calls/read_counters.h"
#include "log/partitions/partition.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_space.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// RingReader: reads partitions from the ring and from segment files, on threads of its own.
//
// Threading:  synchronised inside.
// Ownership:  all references outlive it; its executors' tasks end before it does.
class RingReader final : public commit::Reader {
 public:
  RingReader(Ledger& ledger, const RingFiles& files, const RingSpace& space, int32_t leader_epoch,
             std::vector<io::Executor*> executors, uint64_t read_ahead_bytes_max)
      : ledger_(ledger),
        files_(files),
        space_(space),
        leader_epoch_(leader_epoch),
        executors_(std::move(executors)),
        ahead_(read_ahead_bytes_max) {}

  void read(commit::ReadRequest request, io::Executor& executor,
            io::Completion<Result<std::vector<commit::PartitionData>>> done) override;
  void offsets(std::vector<commit::OffsetQuery> queries, io::Executor& executor,
               io::Completion<Result<std::vector<Result<int64_t>>>> done) override;
  std::unique_ptr<commit::Watch> watch(commit::PartitionId partition, int64_t offset,
                                       commit::Isolation isolation, io::Executor& executor,
                                       io::Wake wake) override;
  Result<std::vector<commit::PartitionProducer>> producers(
      commit::PartitionId partition) const override;
  Result<commit::LeaderEpochs> leader_epochs(commit::PartitionId partition) const override;
  Result<commit::PartitionSize> size(commit::PartitionId partition) const override;
  int32_t leader_epoch() const override { return leader_epoch_; }
  ReadStats stats() const;

 private:
  // The bounds of several partitions as of one moment; null: no such partition.
  struct Bounded {
    PartitionPtr partition;
    PartitionBounds bounds;
  };
  std::vector<Bounded> bounds_of(const std::vector<commit::PartitionId>& ids) const;
  // A request on its executor, and what it comes to.
  struct Reading {
    const commit::ReadRequest& request;
    io::Executor& executor;
    uint64_t bytes_left = 0;
    ReadStats stats;
  };
  std::vector<commit::PartitionData> read_now(const commit::ReadRequest& request,
                                              io::Executor& executor);
  Result<void> read_partition(Reading& reading, const commit::PartitionRead& request,
                              const Bounded& bounded, commit::PartitionData& data);
  Result<int64_t> offset_at_time(const Bounded& bounded, int64_t timestamp_ms) const;
  // The batch of a piece in the ring; nullopt: that has been reused meanwhile, look it up again.
  Result<std::optional<PlacedBatch>> read_ring(const LogPiece& piece,
                                               const commit::LeaderEpochs& epochs) const;
  io::Executor& next_executor();

  Ledger& ledger_;
  const RingFiles& files_;
  const RingSpace& space_;
  const int32_t leader_epoch_;  // of what is written now
  const std::vector<io::Executor*> executors_;
  std::atomic<uint32_t> next_{0};
  std::atomic<uint64_t> next_watch_{1};
  ReadAhead ahead_;
  ReadCounters counters_;
};

}  // namespace millrace::log
