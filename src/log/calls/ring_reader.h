#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "commit/reader.h"
#include "io/executor.h"
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
             std::vector<io::Executor*> executors)
      : ledger_(ledger),
        files_(files),
        space_(space),
        leader_epoch_(leader_epoch),
        executors_(std::move(executors)) {}

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

 private:
  // The bounds of several partitions as of one moment; null: no such partition.
  struct Bounded {
    PartitionPtr partition;
    PartitionBounds bounds;
  };
  std::vector<Bounded> bounds_of(const std::vector<commit::PartitionId>& ids) const;
  std::vector<commit::PartitionData> read_now(const commit::ReadRequest& request) const;
  Result<void> read_partition(const commit::PartitionRead& request, const Bounded& bounded,
                              commit::Isolation isolation, uint64_t bytes_max,
                              commit::PartitionData& data) const;
  Result<int64_t> offset_at_time(const Bounded& bounded, int64_t timestamp_ms) const;
  // What of a piece is wanted: the batches from the one that holds `offset` on, up to `end`.
  struct Wanted {
    int64_t offset;
    int64_t end;
    const commit::LeaderEpochs& epochs;
  };
  // Appends the piece's batches that are wanted. False: the ring has been reused meanwhile, look
  // the piece up again.
  Result<bool> read_piece(const LogPiece& piece, const Wanted& wanted, uint64_t& bytes_left,
                          std::vector<Buffer>& to) const;
  io::Executor& next_executor();

  Ledger& ledger_;
  const RingFiles& files_;
  const RingSpace& space_;
  const int32_t leader_epoch_;  // of what is written now
  const std::vector<io::Executor*> executors_;
  std::atomic<uint32_t> next_{0};
  std::atomic<uint64_t> next_watch_{1};
};

}  // namespace millrace::log
