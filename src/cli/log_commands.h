#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/records/consume_command.h"
#include "cli/records/produce_command.h"
#include "cli/storage/log_command.h"
#include "cli/storage/repair_command.h"
#include "cli/topics/group_command.h"
#include "cli/topics/topic_command.h"
#include "io/world.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace millrace::cli {

// LogCommands: `topic`, `consume`, `produce`, `group` and `log` below a program, and what their
// arguments were read into.
//
// Ownership: outlives the parsing and the chosen command.
class LogCommands {
 public:
  // The command that was chosen, to be run after the parsing.
  using Choose = std::function<void(std::function<ExitCode()>)>;

  LogCommands(io::World world, Choose choose) : world_(world), choose_(std::move(choose)) {}
  void add_to(CLI::App& program);

 private:
  using Run = ExitCode (*)(io::World, const TopicOptions&);
  using RunGroup = ExitCode (*)(io::World, const GroupOptions&);

  void add_topics(CLI::App& program);
  CLI::App* add_topic(CLI::App& above, const char* name, const char* does, Run run);
  void add_consume(CLI::App& program);
  void add_consume_looks(CLI::App& command);
  void add_produce(CLI::App& program);
  void add_produce_records(CLI::App& command);
  void add_groups(CLI::App& program);
  void add_log(CLI::App& program);
  void add_repair(CLI::App& log);
  CLI::App* add_group(CLI::App& above, const char* name, const char* does, RunGroup run);

  io::World world_;
  Choose choose_;
  TopicOptions topic_;
  ConsumeOptions consume_;
  ProduceOptions produce_;
  GroupOptions group_;
  LogCommandOptions storage_;
  RepairCommandOptions repair_;
};

}  // namespace millrace::cli
