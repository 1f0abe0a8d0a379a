#include "cli/open_log.h"

#include <fmt/core.h>

#include <vector>

#include "base/nearest.h"
#include "cli/interrupt.h"
#include "cli/output.h"

namespace millrace::cli {

Result<std::unique_ptr<node::Node>> open_node(io::World world, const std::string& data) {
  const auto stat = world.files.stat(data);
  if (!stat || !stat->is_folder) {
    return Error(ErrorCode::kFileNotFound, fmt::format("there is no data directory '{}'", data))
        .at("--data")
        .remedy("Name the directory that was given to `millrace run --data`.");
  }
  return node::Node::open(world,
                          {.data_folder = data, .print = write_out, .on_fatal = stop_process});
}

Result<commit::Topic> find_topic(commit::CommitLog& log, const std::string& name) {
  auto topic = log.topics().describe(name);
  if (topic) return topic;
  const std::vector<commit::Topic> all = log.topics().list();
  std::vector<std::string_view> names;
  for (const commit::Topic& known : all) names.push_back(known.name);
  return Error(ErrorCode::kTopicNotFound, fmt::format("there is no topic '{}'", name))
      .remedy(nearest_remedy(name, names));
}

Result<void> check_partition(const commit::Topic& topic, std::optional<uint32_t> partition) {
  if (partition.value_or(0) < topic.partitions) return {};
  return Error(ErrorCode::kTopicNotFound,
               fmt::format("topic '{}' has no partition {}", topic.name, *partition))
      .at("--partition")
      .remedy(topic.partitions == 1 ? "It has only partition 0."
                                    : fmt::format("It has 0 to {}.", topic.partitions - 1));
}

}  // namespace millrace::cli
