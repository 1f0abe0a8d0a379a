#include "log/calls/ring_reader.h"

#include <fmt/core.h>

#include <algorithm>

#include "log/calls/reply.h"
#include "log/partitions/piece_batches.h"
#include "record/batch_header.h"

namespace millrace::log {

using commit::OffsetKind;
using commit::OffsetQuery;
using commit::PartitionData;
using commit::PartitionId;
using commit::PartitionRead;

namespace {

Error no_partition(PartitionId id) {
  return Error(ErrorCode::kTopicNotFound,
               fmt::format("there is no partition {} of topic {}", id.index, id.topic.value()));
}

class PartitionWatch final : public commit::Watch {
 public:
  PartitionWatch(std::weak_ptr<Partition> partition, uint64_t key)
      : partition_(std::move(partition)), key_(key) {}
  ~PartitionWatch() override {
    if (const PartitionPtr partition = partition_.lock()) partition->remove_watch(key_);
  }

 private:
  const std::weak_ptr<Partition> partition_;
  const uint64_t key_;
};

}  // namespace

io::Executor& RingReader::next_executor() {
  return *executors_[next_.fetch_add(1, std::memory_order_relaxed) % executors_.size()];
}

std::vector<RingReader::Bounded> RingReader::bounds_of(const std::vector<PartitionId>& ids) const {
  while (true) {
    const commit::Lsn visible = ledger_.visible();
    std::vector<Bounded> all;
    bool over = false;
    for (const PartitionId id : ids) {
      Bounded& bounded = all.emplace_back(ledger_.partition(id), PartitionBounds());
      if (bounded.partition == nullptr) continue;
      const auto bounds = bounded.partition->bounds(visible);
      over = over || !bounds;
      bounded.bounds = bounds.value_or(PartitionBounds());
    }
    if (!over) return all;
  }
}

Result<bool> RingReader::read_piece(const LogPiece& piece, const Wanted& wanted,
                                    uint64_t& bytes_left, std::vector<Buffer>& to) const {
  const auto take = [&](Buffer batch) {
    bytes_left -= std::min(bytes_left, batch.bytes());
    to.push_back(std::move(batch));
  };
  if (const auto* ring = std::get_if<RingBatch>(&piece.place)) {
    auto body = files_.read_body(ring->ref);
    if (space_.oldest_lsn() > ring->ref.first_lsn) return false;
    if (!body) return std::move(body.error());
    record::assign_offset({body->mutable_data() + ring->offset, ring->bytes}, piece.base_offset,
                          wanted.epochs.at(piece.base_offset));
    take(body->slice(ring->offset, ring->bytes));
    return true;
  }
  MILLRACE_TRY(for_each_batch(piece, wanted.epochs, [&](PlacedBatch batch) -> Result<void> {
    const bool in_range = batch.end_offset > wanted.offset && batch.base_offset < wanted.end;
    if (in_range && (to.empty() || bytes_left > 0)) take(std::move(batch.bytes));
    return {};
  }));
  return true;
}

Result<void> RingReader::read_partition(const PartitionRead& request, const Bounded& bounded,
                                        commit::Isolation isolation, uint64_t bytes_max,
                                        PartitionData& data) const {
  if (bounded.partition == nullptr) return no_partition(request.partition);
  if (auto why = bounded.partition->quarantined()) return std::move(*why);
  const auto& [start, end, stable] = bounded.bounds;
  if (request.offset < start || request.offset > end) {
    return Error(ErrorCode::kOffsetOutOfRange,
                 fmt::format("offset {} was asked for, the partition has {} to {}", request.offset,
                             start, end));
  }
  const bool committed = isolation == commit::Isolation::kReadCommitted;
  const int64_t limit = committed ? stable : end;
  uint64_t left = std::min(request.bytes_max, bytes_max);
  const auto epochs = bounded.partition->leader_epochs();
  int64_t next = request.offset;
  while (next < limit && (data.batches.empty() || left > 0)) {
    const auto pieces = bounded.partition->find(next, limit, left);
    if (pieces.empty()) break;
    for (const LogPiece& piece : pieces) {
      if (!data.batches.empty() && left == 0) break;
      if (!MILLRACE_TRY(read_piece(piece, {next, limit, *epochs}, left, data.batches))) break;
      next = piece.end_offset;
    }
  }
  if (committed) data.aborted = bounded.partition->aborted(request.offset, next);
  return {};
}

std::vector<PartitionData> RingReader::read_now(const commit::ReadRequest& request) const {
  std::vector<PartitionId> ids;
  for (const PartitionRead& read : request.partitions) ids.push_back(read.partition);
  const std::vector<Bounded> bounded = bounds_of(ids);
  std::vector<PartitionData> all;
  uint64_t left = request.bytes_max;
  for (size_t i = 0; i < ids.size(); ++i) {
    PartitionData& data = all.emplace_back();
    data.partition = ids[i];
    data.start_offset = bounded[i].bounds.start_offset;
    data.high_watermark = bounded[i].bounds.high_watermark;
    data.stable_offset = bounded[i].bounds.stable_offset;
    // Only the first that has something may give more than was asked for.
    if (left == 0) continue;
    auto result = read_partition(request.partitions[i], bounded[i], request.isolation, left, data);
    if (!result) data.error = std::move(result.error());
    for (const Buffer& batch : data.batches) left -= std::min(left, batch.bytes());
  }
  return all;
}

void RingReader::read(commit::ReadRequest request, io::Executor& executor,
                      io::Completion<Result<std::vector<PartitionData>>> done) {
  next_executor().post(
      [this, request = std::move(request), &executor, done = std::move(done)]() mutable {
        reply<std::vector<PartitionData>>(executor, std::move(done), read_now(request));
      });
}

Result<int64_t> RingReader::offset_at_time(const Bounded& bounded, int64_t timestamp_ms) const {
  const auto epochs = bounded.partition->leader_epochs();
  int64_t from = bounded.bounds.start_offset;
  while (const auto piece = bounded.partition->find_time(timestamp_ms, from)) {
    if (piece->base_offset >= bounded.bounds.stable_offset) break;
    uint64_t all = UINT64_MAX;
    std::vector<Buffer> batches;
    const Wanted whole{piece->base_offset, piece->end_offset, *epochs};
    if (!MILLRACE_TRY(read_piece(*piece, whole, all, batches))) {
      continue;
    }
    for (const Buffer& batch : batches) {
      const auto header = MILLRACE_TRY(record::read_batch_header(batch.span()));
      if (header.max_timestamp_ms >= timestamp_ms) return header.base_offset;
    }
    from = piece->end_offset;
  }
  return bounded.bounds.high_watermark;
}

void RingReader::offsets(std::vector<OffsetQuery> queries, io::Executor& executor,
                         io::Completion<Result<std::vector<Result<int64_t>>>> done) {
  next_executor().post(
      [this, queries = std::move(queries), &executor, done = std::move(done)]() mutable {
        std::vector<PartitionId> ids;
        for (const OffsetQuery& query : queries) ids.push_back(query.partition);
        const std::vector<Bounded> bounded = bounds_of(ids);
        std::vector<Result<int64_t>> answers;
        for (size_t i = 0; i < queries.size(); ++i) {
          const PartitionBounds& bounds = bounded[i].bounds;
          if (bounded[i].partition == nullptr) {
            answers.emplace_back(no_partition(ids[i]));
          } else if (queries[i].kind == OffsetKind::kAtTime) {
            answers.push_back(offset_at_time(bounded[i], queries[i].timestamp_ms));
          } else {
            answers.emplace_back(queries[i].kind == OffsetKind::kEarliest  ? bounds.start_offset
                                 : queries[i].kind == OffsetKind::kVisible ? bounds.high_watermark
                                                                           : bounds.stable_offset);
          }
        }
        reply<std::vector<Result<int64_t>>>(executor, std::move(done), std::move(answers));
      });
}

std::unique_ptr<commit::Watch> RingReader::watch(PartitionId id, int64_t offset,
                                                 commit::Isolation isolation,
                                                 io::Executor& executor, io::Wake wake) {
  const uint64_t key = next_watch_.fetch_add(1, std::memory_order_relaxed);
  const PartitionPtr partition = ledger_.partition(id);
  if (partition == nullptr || !partition->add_watch(key, offset, isolation, executor, wake)) {
    executor.post(std::move(wake));
  }
  return std::make_unique<PartitionWatch>(partition, key);
}

Result<std::vector<commit::PartitionProducer>> RingReader::producers(PartitionId id) const {
  if (const PartitionPtr partition = ledger_.partition(id)) {
    return partition->producers().describe();
  }
  return no_partition(id);
}

Result<commit::LeaderEpochs> RingReader::leader_epochs(PartitionId id) const {
  if (const PartitionPtr partition = ledger_.partition(id)) return *partition->leader_epochs();
  return no_partition(id);
}

Result<commit::PartitionSize> RingReader::size(PartitionId id) const {
  if (const PartitionPtr partition = ledger_.partition(id)) return partition->size();
  return no_partition(id);
}

}  // namespace millrace::log
