#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "commit/proposals.h"
#include "io/executor.h"

namespace millrace::commit {

struct TopicSpec {
  std::string name;
  uint32_t partitions = 1;
  std::map<std::string, std::string> config;  // Kafka's keys
};

// A topic as it is now. Immutable value.
struct Topic {
  TopicId id;
  std::string name;
  uint32_t partitions = 0;
  std::map<std::string, std::string> config;
};

// What holds for topics whose settings do not say. A plain value.
struct TopicDefaults {
  std::optional<int64_t> retention_ms;      // nullopt: records stay for ever
  std::optional<uint64_t> retention_bytes;  // of each partition; nullopt: any number
  // cleanup.policy: whether old records go, whether the newest of each key is all that stays.
  bool deletes = true;
  bool compacts = false;
  int64_t delete_retention_ms = 86'400'000;
  int64_t min_compaction_lag_ms = 0;
  int64_t max_compaction_lag_ms = INT64_MAX;
  double dirty_ratio_min = 0.5;
  bool compaction = true;  // false: no topic is compacted, whatever it sets
  friend bool operator==(const TopicDefaults&, const TopicDefaults&) = default;
};

// What became of topics since some moment. A plain value.
struct TopicChanges {
  uint64_t moment = 0;  // to ask from, the next time
  // What happened since is no longer known: `changed` is all that there is.
  bool all = false;
  std::vector<Topic> changed;  // as they are now; new ones, too
  std::vector<TopicId> removed;
};

// Commands for the machine of topics, to be proposed together with others (CREATE TABLE and its
// topic in one entry). The same checks as the calls below.
Command create_topic_command(const TopicSpec& spec);
Command delete_topic_command(TopicId topic);
// Raises the number of partitions, or replaces settings (nullopt: back to the default).
Command alter_topic_command(TopicId topic, std::optional<uint32_t> partitions,
                            const std::map<std::string, std::optional<std::string>>& config);
// Raises the start offset of a partition: records before it are gone, for readers at once and for
// good. kOffsetOutOfRange: above the high watermark. What is below the start already stays so.
Command delete_records_command(PartitionId partition, int64_t before_offset);

// Topics: names, partitions, settings.
//
// Threading:  synchronised inside; describe and list answer at once, from what is durable.
// Failure:    kTopicExists, kTopicNotFound, kInvalidTopicName (Kafka's rule: 1 to 249 of
//             [a-zA-Z0-9._-], not "." or ".."), kInvalidArgument: no partitions, or too many.
class Topics {
 public:
  virtual ~Topics() = default;
  virtual void create(TopicSpec spec, io::Executor& executor,
                      io::Completion<Result<TopicId>> done) = 0;
  virtual void remove(TopicId topic, io::Executor& executor, io::Completion<Result<void>> done) = 0;
  virtual Result<Topic> describe(std::string_view name) = 0;
  virtual Result<Topic> describe(TopicId topic) = 0;
  // Sorted by name.
  virtual std::vector<Topic> list() = 0;
  // Since `moment`, which an earlier answer of this process named; 0: all.
  virtual TopicChanges changes(uint64_t moment) = 0;
  // Hold from now on, in this process; at first nothing is let go. Topics of the system, whose
  // names begin with "__", keep everything that they do not let go themselves.
  virtual void set_defaults(TopicDefaults defaults) = 0;
};

}  // namespace millrace::commit
