#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commit/commit_log.h"
#include "io/clock.h"
#include "io/executor.h"

namespace millrace::broker {

struct GroupRecord {
  std::string key;
  std::optional<std::string> value;  // nullopt: what the key names is gone
};

// Whose transaction a record belongs to.
struct ProducerName {
  int64_t id = -1;
  int16_t epoch = -1;
};

// What is found in the offsets topic when it is read again. Plain values, the views live as long as
// the call.
struct FoundRecord {
  uint32_t partition = 0;
  int64_t offset = 0;
  std::optional<int64_t> producer;  // of a transaction: pending until its marker
  std::string_view key;
  std::optional<std::string_view> value;
};
struct FoundMarker {
  uint32_t partition = 0;
  int64_t producer = -1;
  bool committed = false;
};

// Takes what load finds, in order of each partition.
struct GroupReplay {
  std::function<Result<void>(const FoundRecord&)> record;
  std::function<void(const FoundMarker&)> marker;
};

// Where records came to stand, the first of them at `offset`.
struct StoredAt {
  commit::PartitionId partition;
  int64_t offset = -1;
};

// Which of `partitions` holds a group: by Java's hash of its name, as in Kafka.
uint32_t partition_of_group(std::string_view group, uint32_t partitions);

// GroupStore: the topic `__consumer_offsets`, a compacted log of what groups have committed and
// agreed on. It is made when something is first stored.
//
// Threading:  confined to one executor, which completions run on.
// Ownership:  log, executor and clock outlive it. Completions keep it alive: it must not go before
//             the last one.
// Order:      load, once, before anything is stored. What is stored for one group is durable in
//             the order of the calls, and answered so. Nothing after drain.
class GroupStore {
 public:
  struct Options {
    uint32_t partitions = 1;  // of a new topic
  };
  GroupStore(commit::CommitLog& log, io::Executor& executor, const io::Clock& clock,
             Options options)
      : log_(log), executor_(executor), clock_(clock), options_(options) {}

  // All records in one batch: whole or not at all. Answered when they are durable.
  // REQUIRES: at least one record. Failure: kRecordTooLarge; what Appender says.
  void append(std::string_view group, std::vector<GroupRecord> records,
              std::optional<ProducerName> producer, io::Completion<Result<StoredAt>> done);
  // Where the records of a group stand; makes the topic if there is none.
  void locate(std::string_view group, io::Completion<Result<commit::PartitionId>> done);
  // Everything that is there. `replay` is called until `done` is.
  // Failure: kCorruptRecord; what Reader says.
  void load(GroupReplay replay, io::Completion<Result<void>> done);
  // `done` runs when the log owes no answer any more. What is being loaded ends early, with
  // kUnavailable.
  void drain(io::Wake done);

 private:
  struct Loading;
  // Stands in every answer of the log: when it goes, one answer less is owed.
  struct Answered {
    explicit Answered(GroupStore& of) : store(of) {}
    Answered(const Answered&) = delete;
    Answered& operator=(const Answered&) = delete;
    ~Answered() { store.answered(); }
    GroupStore& store;
  };
  void answered();
  using WithTopic = io::Completion<Result<commit::Topic>>;
  void with_topic(WithTopic next);
  void create_topic(std::shared_ptr<std::vector<WithTopic>> waiting);
  void read_next(const std::shared_ptr<Loading>& loading);
  void take(const std::shared_ptr<Loading>& loading, const commit::PartitionData& data);

  commit::CommitLog& log_;
  io::Executor& executor_;
  const io::Clock& clock_;
  const Options options_;
  size_t asked_ = 0;  // of the log, not yet answered
  bool draining_ = false;
  io::Wake drained_;
  std::optional<commit::Topic> topic_;
  std::weak_ptr<std::vector<WithTopic>> waiting_;  // for the topic, which is being made
};

}  // namespace millrace::broker
