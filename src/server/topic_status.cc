#include "server/topic_status.h"

#include <utility>

namespace millrace::server {

PartitionStatus TopicStatus::total() const {
  PartitionStatus total;
  for (const PartitionStatus& partition : partitions) {
    total.start += partition.start;
    total.end += partition.end;
    total.bytes += partition.bytes;
  }
  return total;
}

void read_topics(commit::CommitLog& log, io::Executor& executor,
                 io::Completion<TopicStatuses> done) {
  std::vector<commit::Topic> topics = log.topics().list();
  std::vector<commit::OffsetQuery> queries;
  for (const commit::Topic& topic : topics) {
    for (uint32_t index = 0; index < topic.partitions; ++index) {
      const commit::PartitionId partition{topic.id, index};
      queries.push_back({.partition = partition, .kind = commit::OffsetKind::kEarliest});
      queries.push_back({.partition = partition, .kind = commit::OffsetKind::kVisible});
    }
  }
  log.reader().offsets(
      std::move(queries), executor,
      [topics = std::move(topics), &reader = log.reader(),
       done = std::move(done)](Result<std::vector<Result<int64_t>>> offsets) mutable {
        TopicStatuses all;
        if (!offsets) return done(std::move(all));
        auto next = offsets->begin();
        for (const commit::Topic& topic : topics) {
          TopicStatus& status = all[topic.name];
          for (uint32_t index = 0; index < topic.partitions; ++index) {
            const Result<int64_t>& start = *next++;
            const Result<int64_t>& end = *next++;
            const auto size = reader.size({topic.id, index});
            // A partition that is gone since, or cannot be read, has nothing.
            status.partitions.push_back({.start = start.value_or(0),
                                         .end = end.value_or(0),
                                         .bytes = size ? size->ring_bytes + size->file_bytes : 0});
          }
        }
        done(std::move(all));
      });
}

}  // namespace millrace::server
