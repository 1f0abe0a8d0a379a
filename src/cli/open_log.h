#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "commit/topics.h"
#include "io/world.h"
#include "node/node.h"

namespace millrace::cli {

// The node of an existing data directory. Failure: kFileNotFound if there is none; kInUse.
Result<std::unique_ptr<node::Node>> open_node(io::World world, const std::string& data);

// Failure: kTopicNotFound with the nearest name.
Result<commit::Topic> find_topic(commit::CommitLog& log, const std::string& name);

// Failure: kTopicNotFound: the topic has fewer partitions.
Result<void> check_partition(const commit::Topic& topic, std::optional<uint32_t> partition);

}  // namespace millrace::cli
