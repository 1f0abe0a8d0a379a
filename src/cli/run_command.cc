#include "cli/run_command.h"

#include <unistd.h>

#include <cstdio>

#include "cli/embedded.h"
#include "cli/output.h"
#include "io/file_system.h"

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
    scripts.push_back({file == "-" ? "stdin" : file, MILLRACE_TRY(read_script(world, file))});
  }
  return scripts;
}

Result<void> run_scripts(io::World world, const RunOptions& options) {
  const std::vector<Script> scripts = MILLRACE_TRY(read_scripts(world, options));
  TerminalOptions terminal = terminal_options(options);
  terminal.document = true;
  const auto embedded = MILLRACE_TRY(Embedded::open(world, options, terminal, false));
  for (const Script& script : scripts) {
    MILLRACE_TRY(embedded->execute(script.text, script.name));
    if (out_failed()) break;
  }
  return {};
}

}  // namespace

TerminalOptions terminal_options(const RunOptions& options) {
  return {.progress = is_screen(STDERR_FILENO) && !options.quiet, .quiet = options.quiet};
}

Result<std::string> read_script(io::World world, const std::string& path) {
  if (path == "-") return read_stdin();
  const Buffer text = MILLRACE_TRY(io::read_file(world.files, path));
  return std::string(text.view());
}

ExitCode run(io::World world, const RunOptions& options) {
  return conclude(run_scripts(world, options));
}

}  // namespace millrace::cli
