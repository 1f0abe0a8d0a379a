#pragma once

#include <cstdint>
#include <string>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct TopicOptions {
  std::string data;
  std::string topic;
  std::string output = "table";
  std::string offset = "start";
  uint64_t count = 0;  // 0: all there is
  std::string format = "%v\n";
  std::string key_separator;
};

// The log of a data directory that no other process uses.
ExitCode list_topics(io::World world, const TopicOptions& options);
ExitCode describe_topic(io::World world, const TopicOptions& options);
// Prints records until the end of the topic, or `count` of them.
ExitCode consume(io::World world, const TopicOptions& options);
// Appends a record per line of stdin; each is durable when the command ends with 0.
ExitCode produce(io::World world, const TopicOptions& options);

}  // namespace millrace::cli
