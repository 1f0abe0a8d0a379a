#include "broker/offsets/time_lookup.h"

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
        return TimedOffset{record.offset, record.timestamp_ms};
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

}  // namespace

void find_record_at(commit::Reader& reader, commit::PartitionId partition, int64_t timestamp_ms,
                    commit::Isolation isolation, io::Executor& executor,
                    io::Completion<Result<std::optional<TimedOffset>>> done) {
  std::make_shared<TimeLookup>(reader, partition, timestamp_ms, isolation, executor,
                               std::move(done))
      ->begin();
}

}  // namespace millrace::broker
