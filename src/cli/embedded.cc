#include "cli/embedded.h"

#include <fmt/core.h>

#include "cli/output.h"

namespace millrace::cli {
namespace {

// The same fault as in a script, but the command line is to be changed.
Error on_command_line(const Error& error, std::string option) {
  return Error(ErrorCode::kInvalidOption, error.message())
      .at(std::move(option))
      .remedy(error.remedy());
}

Result<void> apply_settings(session::Session& session, const RunOptions& options) {
  for (const std::string& setting : options.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return Error(ErrorCode::kInvalidOption, fmt::format("'{}' gives no value", setting))
          .at("--set")
          .remedy("Write --set name=value; SHOW ALL lists the names.");
    }
    const auto set = session.set(setting.substr(0, equals), setting.substr(equals + 1));
    if (!set) return on_command_line(set.error(), "--set");
  }
  if (options.parallelism.empty()) return {};
  const auto set = session.set("parallelism", options.parallelism);
  return set ? Result<void>() : on_command_line(set.error(), "--parallelism");
}

}  // namespace

Result<std::unique_ptr<Embedded>> Embedded::open(io::World world, const RunOptions& options,
                                                 TerminalOptions terminal, bool always_execute) {
  terminal.look.format = MILLRACE_TRY(parse_output_format(options.output));
  auto folder = MILLRACE_TRY(DataFolder::open(world, options.data));
  std::unique_ptr<Embedded> made(new Embedded(world, std::move(folder)));
  const auto print = [&client = made->client_](std::string_view line) { client->print(line); };
  const auto stop = [&folder = made->folder_](const Error& error) {
    folder.remove();
    stop_process(error);
  };
  made->node_ = MILLRACE_TRY(node::Node::open(world, {.data_folder = made->folder_.path(),
                                                      .durable = !made->folder_.temporary(),
                                                      .print = print,
                                                      .on_fatal = stop}));
  made->client_ = std::make_unique<TerminalClient>(terminal, made->node_->formats());
  made->session_ = made->node_->new_session(always_execute);
  MILLRACE_TRY(apply_settings(*made->session_, options));
  return made;
}

Result<void> Embedded::execute(std::string_view text, std::string_view name) {
  Interrupt interrupt(
      world_.clock,
      [this] {
        session_->request_stop();
        client_->cancel();
      },
      [this] { folder_.remove(); });
  const auto done = session_->execute(text, name, *client_);
  interrupt.finish();
  if (interrupt.ends_all()) told_to_end_ = true;
  if (!done) return done;
  if (interrupt.happened()) return Error(ErrorCode::kCancelled, "interrupted");
  return {};
}

}  // namespace millrace::cli
