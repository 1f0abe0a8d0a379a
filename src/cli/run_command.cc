#include "cli/run_command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>

#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/terminal_client.h"
#include "io/file_system.h"
#include "node/node.h"

namespace millrace::cli {
namespace {

struct Script {
  std::string name;  // as errors call it
  std::string text;
};

std::string read_stdin() {
  std::string text;
  char block[4096];
  for (size_t bytes = 0; (bytes = std::fread(block, 1, sizeof block, stdin)) > 0;) {
    text.append(block, bytes);
  }
  return text;
}

Result<std::vector<Script>> read_scripts(io::World world, const RunOptions& options) {
  std::vector<Script> scripts;
  for (const std::string& command : options.commands) scripts.push_back({"-c", command});
  for (const std::string& file : options.files) {
    if (file == "-") {
      scripts.push_back({"stdin", read_stdin()});
      continue;
    }
    const Buffer text = MILLRACE_TRY(io::read_file(world.files, file));
    scripts.push_back({file, std::string(text.view())});
  }
  return scripts;
}

Result<void> run_scripts(io::World world, const RunOptions& options) {
  const OutputFormat format = MILLRACE_TRY(parse_output_format(options.output));
  const std::vector<Script> scripts = MILLRACE_TRY(read_scripts(world, options));
  const DataFolder folder = MILLRACE_TRY(DataFolder::open(world, options.data));
  auto node = MILLRACE_TRY(node::Node::open(world, {.data_folder = folder.path(),
                                                    .durable = !folder.temporary(),
                                                    .print = write_out,
                                                    .on_fatal = stop_process}));
  const auto session = node->new_session();
  MILLRACE_TRY(apply_settings(*session, options));
  const Interrupt interrupt([&session] { session->request_stop(); });
  TerminalClient client({.format = format,
                         .progress = isatty(STDERR_FILENO) != 0 && !options.quiet,
                         .quiet = options.quiet},
                        node->formats());
  for (const Script& script : scripts) {
    MILLRACE_TRY(session->execute(script.text, script.name, client));
    if (interrupt.happened()) return Error(ErrorCode::kCancelled, "interrupted");
  }
  return {};
}

}  // namespace

Result<void> apply_settings(session::Session& session, const RunOptions& options) {
  for (const std::string& setting : options.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no setting", setting))
          .at("--set")
          .remedy("Write --set name=value.");
    }
    MILLRACE_TRY(session.set(setting.substr(0, equals), setting.substr(equals + 1)));
  }
  if (options.parallelism != 0) {
    MILLRACE_TRY(session.set("parallelism", std::to_string(options.parallelism)));
  }
  return {};
}

ExitCode run(io::World world, const RunOptions& options) {
  const Result<void> result = run_scripts(world, options);
  return result ? ExitCode::kOk : report(result.error());
}

}  // namespace millrace::cli
