#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "io/world.h"

namespace millrace::cli {

struct TopicOptions {
  std::string data;
  std::string topic;
  std::string output = "table";
};

struct ConsumeOptions {
  std::string data;
  std::string topic;
  std::string offset = "start";
  std::optional<int64_t> count;       // none: all there is
  std::optional<uint32_t> partition;  // none: all of them
  std::string format = "%v";
  std::optional<std::string> delimiter;  // none: a line break, unless the format has one
};

struct ProduceOptions {
  std::string data;
  std::string topic;
  std::string key_separator;
  std::optional<std::string> key;
  std::vector<std::string> headers;  // "name=value"
  std::optional<uint32_t> partition;
  std::string delimiter = "\\n";  // empty: all of stdin is one record
  bool tombstones = false;        // empty keys and values are NULL
};

// The log of a data directory that no other process uses.
ExitCode list_topics(io::World world, const TopicOptions& options);
ExitCode describe_topic(io::World world, const TopicOptions& options);
// Prints records until the end of the topic, or `count` of them.
ExitCode consume(io::World world, const ConsumeOptions& options);
// Appends a record per piece of stdin; each is durable when the command ends with 0.
ExitCode produce(io::World world, const ProduceOptions& options);

}  // namespace millrace::cli
