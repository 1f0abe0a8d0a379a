#include "broker/offsets/time_lookup.h"

#include <algorithm>
#include <memory>

#include "record/batch_view.h"

namespace millrace::broker {
namespace {

using Found = std::optional<TimedOffset>;

// The index knows the newest timestamp of a run of batches; from its beginning on, records are
// looked at one by one.
class TimeLookup : public std::enable_shared_from_this<TimeLookup> {
 public:
  TimeLookup(commit::Reader& reader, commit::PartitionId partition, int64_t timestamp_ms,
             commit::Isolation isolation, io::Executor& executor,
             io::Completion<Result<Found>> done)
      : reader_(reader),
        partition_(partition),
        timestamp_ms_(timestamp_ms),
        isolation_(isolation),
        executor_(executor),
        done_(std::move(done)) {}

  void begin() {
    reader_.offsets({{.partition = partition_,
                      .kind = commit::OffsetKind::kAtTime,
                      .timestamp_ms = timestamp_ms_}},
                    executor_, [self = shared_from_this()](auto answers) {
                      if (!answers) return self->done_(std::move(answers).error());
                      if (!(*answers)[0]) return self->done_(std::move((*answers)[0]).error());
                      self->read(*(*answers)[0]);
                    });
  }

 private:
  void read(int64_t offset) {
    reader_.read(
        {.partitions = {{.partition = partition_, .offset = offset}}, .isolation = isolation_},
        executor_, [self = shared_from_this(), offset](auto data) {
          if (!data) return self->done_(std::move(data).error());
          self->look(offset, (*data)[0]);
        });
  }

  void look(int64_t offset, commit::PartitionData& data) {
    if (data.error) return done_(std::move(*data.error));
    if (data.batches.empty()) return done_(Found());
    int64_t next = offset;
    for (const Buffer& bytes : data.batches) {
      auto batch = record::BatchView::read(bytes);
      if (!batch) return done_(std::move(batch).error());
      next = batch->header().last_offset() + 1;
      if (batch->header().max_timestamp_ms < timestamp_ms_ || batch->header().control()) continue;
      auto found = first_in(*batch, offset);
      if (!found || *found) return done_(std::move(found));
    }
    read(next);
  }

  Result<Found> first_in(const record::BatchView& batch, int64_t offset) const {
    record::Decompressor decompressor;
    auto records = MILLRACE_TRY(batch.records(decompressor));
    record::Record record;
    while (MILLRACE_TRY(records.next(record))) {
      if (record.timestamp_ms >= timestamp_ms_ && record.offset >= offset) {
        return TimedOffset{record.offset, record.timestamp_ms, batch.header().leader_epoch};
      }
    }
    return Found();
  }

  commit::Reader& reader_;
  const commit::PartitionId partition_;
  const int64_t timestamp_ms_;
  const commit::Isolation isolation_;
  io::Executor& executor_;
  io::Completion<Result<Found>> done_;
};

// Timestamps need not rise with offsets, so the newest is searched for: probes go forward in
// growing steps until one finds nothing, and then halve what is left.
class NewestLookup : public std::enable_shared_from_this<NewestLookup> {
 public:
  NewestLookup(commit::Reader& reader, commit::PartitionId partition, commit::Isolation isolation,
               io::Executor& executor, io::Completion<Result<Found>> done)
      : reader_(reader),
        partition_(partition),
        isolation_(isolation),
        executor_(executor),
        done_(std::move(done)) {}

  void probe(int64_t timestamp_ms) {
    find_record_at(reader_, partition_, timestamp_ms, isolation_, executor_,
                   [self = shared_from_this(), timestamp_ms](Result<Found> found) {
                     if (!found) return self->done_(std::move(found));
                     self->learn(timestamp_ms, *found);
                   });
  }

 private:
  static constexpr uint64_t kFirstStepMs = 65'536;

  void learn(int64_t probed_ms, const Found& found) {
    if (found) {
      newest_ = found;
      step_ms_ = std::min(step_ms_, bound_ms_ / 2) * 2;
    } else {
      bound_ms_ = static_cast<uint64_t>(probed_ms);
    }
    if (!newest_) return done_(newest_);
    // What was appended meanwhile may be beyond.
    const auto newest_ms = static_cast<uint64_t>(newest_->timestamp_ms);
    if (newest_ms + 1 >= bound_ms_) return done_(newest_);
    probe(static_cast<int64_t>(newest_ms + std::min(step_ms_, (bound_ms_ - newest_ms) / 2)));
  }

  commit::Reader& reader_;
  const commit::PartitionId partition_;
  const commit::Isolation isolation_;
  io::Executor& executor_;
  io::Completion<Result<Found>> done_;
  Found newest_;  // so far
  uint64_t step_ms_ = kFirstStepMs;
  uint64_t bound_ms_ = uint64_t{1} << 63;  // no record is there or later
};

}  // namespace

void find_record_at(commit::Reader& reader, commit::PartitionId partition, int64_t timestamp_ms,
                    commit::Isolation isolation, io::Executor& executor,
                    io::Completion<Result<std::optional<TimedOffset>>> done) {
  std::make_shared<TimeLookup>(reader, partition, timestamp_ms, isolation, executor,
                               std::move(done))
      ->begin();
}

void find_newest_record(commit::Reader& reader, commit::PartitionId partition,
                        commit::Isolation isolation, io::Executor& executor,
                        io::Completion<Result<std::optional<TimedOffset>>> done) {
  std::make_shared<NewestLookup>(reader, partition, isolation, executor, std::move(done))->probe(0);
}

}  // namespace millrace::broker
