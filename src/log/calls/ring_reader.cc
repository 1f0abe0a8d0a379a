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

Error out_of_range(const PartitionRead& request, int64_t start, int64_t end) {
  return Error(ErrorCode::kOffsetOutOfRange,
               fmt::format("offset {} was asked for, the partition has {} to {}", request.offset,
                           start, end));
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

Result<std::optional<PlacedBatch>> RingReader::read_ring(const LogPiece& piece,
                                                         const commit::LeaderEpochs& epochs) const {
  const RingBatch& ring = std::get<RingBatch>(piece.place);
  auto body = files_.read_body(ring.ref);
  if (space_.oldest_lsn() > ring.ref.first_lsn) return std::nullopt;
  if (!body) return std::move(body.error());
  record::assign_offset({body->mutable_data() + ring.offset, ring.bytes}, piece.base_offset,
                        epochs.at(piece.base_offset));
  return PlacedBatch{.bytes = body->slice(ring.offset, ring.bytes),
                     .base_offset = piece.base_offset,
                     .end_offset = piece.end_offset};
}

Result<void> RingReader::read_partition(Reading& reading, const PartitionRead& request,
                                        const Bounded& bounded, PartitionData& data) {
  if (bounded.partition == nullptr) return no_partition(request.partition);
  if (auto why = bounded.partition->quarantined()) return std::move(*why);
  const auto& [start, end, stable] = bounded.bounds;
  if (request.offset < start || request.offset > end) return out_of_range(request, start, end);
  const bool committed = reading.request.isolation == commit::Isolation::kReadCommitted;
  const int64_t limit = committed ? stable : end;
  uint64_t left = std::min(request.bytes_max, reading.bytes_left);
  const auto epochs = bounded.partition->leader_epochs();
  int64_t next = request.offset;   // behind what was looked at
  int64_t given = request.offset;  // behind what was given
  const auto take = [&](const PlacedBatch& batch, GivenBatches& counted) {
    const bool in_range = batch.end_offset > request.offset && batch.base_offset < limit;
    if (!in_range || (!data.batches.empty() && left == 0)) return;
    left -= std::min(left, batch.bytes.bytes());
    data.batches.push_back(batch.bytes);
    counted.add(batch.bytes.bytes());
    given = batch.end_offset;
  };
  ReadAhead::Turn turn = ahead_.take(request.partition, request.offset);
  while (next < limit && (data.batches.empty() || left > 0)) {
    const auto pieces = bounded.partition->find(next, limit, left);
    if (pieces.empty()) break;
    for (size_t i = 0; i < pieces.size() && (data.batches.empty() || left > 0); ++i) {
      if (pieces[i].in_ring()) {
        const auto batch = MILLRACE_TRY(read_ring(pieces[i], *epochs));
        if (!batch) break;
        take(*batch, reading.stats.from_ring);
      } else {
        const auto* loaded = MILLRACE_TRY(turn.load(std::span(pieces).subspan(i), *epochs));
        GivenBatches& counted = turn.held() ? reading.stats.from_ahead : reading.stats.from_files;
        for (const PlacedBatch& batch : loaded->batches) take(batch, counted);
      }
      next = pieces[i].end_offset;
    }
  }
  if (committed) data.aborted = bounded.partition->aborted(request.offset, next);
  // What went meanwhile may be missing in the midst.
  if (const int64_t now = bounded.partition->start_offset(); now > request.offset) {
    data.batches.clear();
    data.aborted.clear();
    data.start_offset = now;
    data.high_watermark = std::max(end, now);
    data.stable_offset = std::max(stable, now);
    return out_of_range(request, now, end);
  }
  if (turn.used()) ++(turn.waited() ? reading.stats.ahead_misses : reading.stats.ahead_hits);
  ahead_.finish(std::move(turn), bounded.partition, given, limit, reading.executor);
  return {};
}

std::vector<PartitionData> RingReader::read_now(const commit::ReadRequest& request,
                                                io::Executor& executor) {
  std::vector<PartitionId> ids;
  for (const PartitionRead& read : request.partitions) ids.push_back(read.partition);
  const std::vector<Bounded> bounded = bounds_of(ids);
  std::vector<PartitionData> all;
  Reading reading{.request = request, .executor = executor, .bytes_left = request.bytes_max};
  for (size_t i = 0; i < ids.size(); ++i) {
    PartitionData& data = all.emplace_back();
    data.partition = ids[i];
    data.start_offset = bounded[i].bounds.start_offset;
    data.high_watermark = bounded[i].bounds.high_watermark;
    data.stable_offset = bounded[i].bounds.stable_offset;
    // Only the first that has something may give more than was asked for.
    uint64_t& left = reading.bytes_left;
    if (left == 0) continue;
    auto result = read_partition(reading, request.partitions[i], bounded[i], data);
    if (!result) data.error = std::move(result.error());
    for (const Buffer& batch : data.batches) left -= std::min(left, batch.bytes());
  }
  counters_.add(reading.stats);
  return all;
}

void RingReader::read(commit::ReadRequest request, io::Executor& executor,
                      io::Completion<Result<std::vector<PartitionData>>> done) {
  io::Executor* followed = ahead_.executor_of(request.partitions);
  io::Executor& own = followed != nullptr ? *followed : next_executor();
  own.post([this, &own, request = std::move(request), &executor, done = std::move(done)]() mutable {
    reply<std::vector<PartitionData>>(executor, std::move(done), read_now(request, own));
  });
}

ReadStats RingReader::stats() const {
  ReadStats stats = counters_.stats();
  stats.ahead_held_bytes = ahead_.held_bytes();
  stats.file_bytes_read = ahead_.file_bytes();
  return stats;
}

Result<int64_t> RingReader::offset_at_time(const Bounded& bounded, int64_t timestamp_ms) const {
  const auto epochs = bounded.partition->leader_epochs();
  int64_t from = bounded.bounds.start_offset;
  while (const auto piece = bounded.partition->find_time(timestamp_ms, from)) {
    if (piece->base_offset >= bounded.bounds.stable_offset) break;
    std::optional<int64_t> found;
    const auto look = [&](const PlacedBatch& batch) -> Result<void> {
      const auto header = MILLRACE_TRY(record::read_batch_header(batch.bytes.span()));
      if (!found && header.max_timestamp_ms >= timestamp_ms) found = header.base_offset;
      return {};
    };
    if (piece->in_ring()) {
      const auto batch = MILLRACE_TRY(read_ring(*piece, *epochs));
      if (!batch) continue;
      MILLRACE_TRY(look(*batch));
    } else {
      MILLRACE_TRY(for_each_batch(*piece, *epochs, look));
    }
    if (found) return *found;
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
