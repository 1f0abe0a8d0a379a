#include "broker/groups/group_store.h"

#include <limits>
#include <utility>

#include "base/endian.h"
#include "broker/topics/topic_directory.h"
#include "broker/topics/topic_maker.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::broker {
namespace {

constexpr uint64_t kReadBytes = 1 << 20;
constexpr size_t kRecordBytes = 32;   // of a record at most, besides key and value
constexpr int16_t kCommitMarker = 1;  // 0: abort

Result<commit::RecordBatch> batch_of(const std::vector<GroupRecord>& records, int64_t now_ms,
                                     std::optional<ProducerName> producer) {
  record::BatchOptions options;
  options.capacity_bytes = record::kBatchHeaderBytes;
  for (const GroupRecord& record : records) {
    options.capacity_bytes += kRecordBytes + record.key.size() + record.value.value_or("").size();
  }
  if (producer) {
    options.producer_id = producer->id;
    options.producer_epoch = producer->epoch;
    options.transactional = true;
  }
  record::BatchBuilder builder(options);
  for (const GroupRecord& record : records) {
    MILLRACE_TRY(
        builder.append({.timestamp_ms = now_ms, .key = record.key, .value = record.value}));
  }
  return commit::RecordBatch::of(builder.build());
}

// The next character of text in UTF-8; bytes that are none stand for themselves.
uint32_t next_character(std::string_view& text) {
  const auto byte = [&](size_t at) {
    return static_cast<uint32_t>(static_cast<uint8_t>(text[at]));
  };
  const uint32_t first = byte(0);
  const size_t bytes = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) {
    text.remove_prefix(1);
    return first;
  }
  uint32_t character = first & (0xFFU >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) character = (character << 6) | (byte(i) & 0x3F);
  text.remove_prefix(bytes);
  return character;
}

}  // namespace

uint32_t partition_of_group(std::string_view group, uint32_t partitions) {
  uint32_t hash = 0;
  while (!group.empty()) {
    const uint32_t character = next_character(group);
    if (character < 0x10000) {
      hash = hash * 31 + character;
    } else {
      const uint32_t above = character - 0x10000;
      hash = hash * 31 + (0xD800 + (above >> 10));
      hash = hash * 31 + (0xDC00 + (above & 0x3FF));
    }
  }
  const auto value = static_cast<int32_t>(hash);
  if (value == std::numeric_limits<int32_t>::min()) return 0;
  return static_cast<uint32_t>(value < 0 ? -value : value) % partitions;
}

void GroupStore::answered() {
  --asked_;
  if (draining_ && asked_ == 0 && drained_) std::exchange(drained_, nullptr)();
}

void GroupStore::drain(io::Wake done) {
  draining_ = true;
  if (asked_ == 0) return done();
  drained_ = std::move(done);
}

// ---- The topic --------------------------------------------------------------------------------

void GroupStore::with_topic(WithTopic next) {
  // Behind those that wait, also when the topic is seen before they know of it.
  if (const auto waiting = waiting_.lock()) return waiting->push_back(std::move(next));
  if (!topic_) {
    if (auto found = log_.topics().describe(kGroupTopic)) topic_ = *std::move(found);
  }
  if (topic_) return next(*topic_);
  auto waiting = std::make_shared<std::vector<WithTopic>>();
  waiting->push_back(std::move(next));
  waiting_ = waiting;
  create_topic(std::move(waiting));
}

void GroupStore::create_topic(std::shared_ptr<std::vector<WithTopic>> waiting) {
  ++asked_;
  log_.topics().create(
      {.name = std::string(kGroupTopic),
       .partitions = options_.partitions,
       .config = internal_topic_config(kGroupTopic)},
      executor_, [this, waiting = std::move(waiting)](Result<commit::TopicId> created) {
        const Answered answered(*this);
        waiting_.reset();
        Result<commit::Topic> topic = log_.topics().describe(kGroupTopic);
        if (topic) topic_ = *topic;
        for (WithTopic& next : *waiting) {
          next(topic || created ? topic : Result<commit::Topic>(Error(created.error())));
        }
      });
}

void GroupStore::locate(std::string_view group, io::Completion<Result<commit::PartitionId>> done) {
  with_topic(
      [name = std::string(group), done = std::move(done)](Result<commit::Topic> topic) mutable {
        if (!topic) return done(std::move(topic).error());
        done(commit::PartitionId{topic->id, partition_of_group(name, topic->partitions)});
      });
}

void GroupStore::append(std::string_view group, std::vector<GroupRecord> records,
                        std::optional<ProducerName> producer,
                        io::Completion<Result<StoredAt>> done) {
  auto batch = batch_of(records, clock_.wall_us() / 1000, producer);
  if (!batch) return done(std::move(batch).error());
  locate(group, [this, batch = *std::move(batch),
                 done = std::move(done)](Result<commit::PartitionId> partition) mutable {
    if (!partition) return done(std::move(partition).error());
    ++asked_;
    log_.appender().append(
        *partition, std::move(batch), commit::Acks::kDurable, executor_,
        [this, at = *partition, done = std::move(done)](Result<commit::Appended> appended) mutable {
          const Answered answered(*this);
          if (appended) return done(StoredAt{at, appended->base_offset});
          if (appended.error().code() == ErrorCode::kTopicNotFound) topic_.reset();
          done(std::move(appended).error());
        });
  });
}

// ---- Loading ----------------------------------------------------------------------------------

struct GroupStore::Loading {
  GroupReplay replay;
  io::Completion<Result<void>> done;
  std::vector<int64_t> ends;
  std::vector<int64_t> nexts;
  uint32_t partition = 0;  // that is being read
  record::Decompressor decompressor;

  Result<void> take_batch(const record::BatchView& view) {
    const record::BatchHeader& header = view.header();
    auto records = MILLRACE_TRY(view.records(decompressor));
    record::Record found;
    while (MILLRACE_TRY(records.next(found))) {
      if (found.offset < nexts[partition] || !found.key) continue;
      if (header.control()) {
        take_marker(header, *found.key);
        continue;
      }
      std::optional<int64_t> producer;
      if (header.transactional()) producer = header.producer_id;
      MILLRACE_TRY(replay.record({.partition = partition,
                                  .offset = found.offset,
                                  .producer = producer,
                                  .key = *found.key,
                                  .value = found.value}));
    }
    nexts[partition] = header.last_offset() + 1;
    return {};
  }
  void take_marker(const record::BatchHeader& header, std::string_view key) const {
    if (key.size() < 2 * sizeof(int16_t)) return;
    const auto type = load_be<int16_t>(key.data() + sizeof(int16_t));
    if (type != 0 && type != kCommitMarker) return;
    replay.marker({.partition = partition,
                   .producer = header.producer_id,
                   .committed = type == kCommitMarker});
  }
  Result<void> take_piece(const Buffer& piece) {
    for (size_t at = 0; at < piece.bytes();) {
      const auto view = MILLRACE_TRY(record::BatchView::read(piece.slice(at, piece.bytes() - at)));
      MILLRACE_TRY(take_batch(view));
      at += view.bytes();
    }
    return {};
  }
};

void GroupStore::load(GroupReplay replay, io::Completion<Result<void>> done) {
  auto found = log_.topics().describe(kGroupTopic);
  if (!found) {
    if (found.error().code() == ErrorCode::kTopicNotFound) return done({});
    return done(std::move(found).error());
  }
  topic_ = *std::move(found);
  auto loading = std::make_shared<Loading>();
  loading->replay = std::move(replay);
  loading->done = std::move(done);
  std::vector<commit::OffsetQuery> queries;
  for (uint32_t index = 0; index < topic_->partitions; ++index) {
    queries.push_back({.partition = {topic_->id, index}, .kind = commit::OffsetKind::kEarliest});
  }
  for (uint32_t index = 0; index < topic_->partitions; ++index) {
    queries.push_back({.partition = {topic_->id, index}, .kind = commit::OffsetKind::kVisible});
  }
  ++asked_;
  log_.reader().offsets(
      std::move(queries), executor_, [this, loading](Result<std::vector<Result<int64_t>>> answers) {
        const Answered answered(*this);
        if (!answers) return loading->done(std::move(answers).error());
        for (size_t i = 0; i < answers->size(); ++i) {
          auto& answer = (*answers)[i];
          if (!answer) return loading->done(std::move(answer).error());
          (i < answers->size() / 2 ? loading->nexts : loading->ends).push_back(*answer);
        }
        read_next(loading);
      });
}

void GroupStore::read_next(const std::shared_ptr<Loading>& loading) {
  if (draining_) {
    return loading->done(Error(ErrorCode::kUnavailable, "the groups are no longer loaded"));
  }
  while (loading->partition < loading->nexts.size() &&
         loading->nexts[loading->partition] >= loading->ends[loading->partition]) {
    ++loading->partition;
  }
  if (loading->partition == loading->nexts.size()) return loading->done({});
  commit::ReadRequest request;
  request.isolation = commit::Isolation::kReadUncommitted;
  request.partitions.push_back({.partition = {topic_->id, loading->partition},
                                .offset = loading->nexts[loading->partition],
                                .bytes_max = kReadBytes});
  ++asked_;
  log_.reader().read(std::move(request), executor_,
                     [this, loading](Result<std::vector<commit::PartitionData>> data) {
                       const Answered answered(*this);
                       if (!data) return loading->done(std::move(data).error());
                       take(loading, data->front());
                     });
}

void GroupStore::take(const std::shared_ptr<Loading>& loading, const commit::PartitionData& data) {
  if (data.error) return loading->done(Error(*data.error));
  const int64_t before = loading->nexts[loading->partition];
  for (const Buffer& piece : data.batches) {
    if (auto taken = loading->take_piece(piece); !taken) {
      return loading->done(std::move(taken).error());
    }
  }
  // Compaction may have taken all that was left up to the end.
  if (loading->nexts[loading->partition] == before) {
    loading->nexts[loading->partition] = loading->ends[loading->partition];
  }
  read_next(loading);
}

}  // namespace millrace::broker
