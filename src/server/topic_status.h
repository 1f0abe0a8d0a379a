#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "commit/commit_log.h"
#include "io/executor.h"

namespace millrace::server {

// What those who watch the log see of a topic. Plain values.
struct PartitionStatus {
  int64_t start = 0;
  int64_t end = 0;  // one behind the last visible record
  uint64_t bytes = 0;
};

struct TopicStatus {
  std::vector<PartitionStatus> partitions;

  PartitionStatus total() const;
};

using TopicStatuses = std::map<std::string, TopicStatus, std::less<>>;

// All topics, as of one moment. `done` runs on `executor`; without topics where the log has ended.
void read_topics(commit::CommitLog& log, io::Executor& executor,
                 io::Completion<TopicStatuses> done);

}  // namespace millrace::server
