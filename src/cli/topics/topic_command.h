#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/target.h"
#include "io/world.h"

namespace millrace::cli {

struct TopicOptions {
  TargetOptions target;
  std::vector<std::string> names;
  bool patterns = false;  // the names are regular expressions
  bool internal = false;  // list also what servers keep for themselves
  std::string output = "table";
  std::string only;  // describe: partitions, groups or settings; empty: all three
  std::optional<int32_t> partitions;
  std::optional<int32_t> replication_factor;
  std::vector<std::string> settings;   // name=value
  std::vector<std::string> deletions;  // alter: settings that get their default again
  bool if_not_exists = false;
  bool if_exists = false;
  bool yes = false;  // delete without asking
};

ExitCode list_topics(io::World world, const TopicOptions& options);
ExitCode describe_topic(io::World world, const TopicOptions& options);
// Of several topics each is tried; the exit code is that of the first failure.
ExitCode create_topics(io::World world, const TopicOptions& options);
ExitCode delete_topics(io::World world, const TopicOptions& options);
ExitCode alter_topics(io::World world, const TopicOptions& options);

}  // namespace millrace::cli
