#include "cli/server_command.h"

#include <fmt/core.h>

#include <atomic>
#include <utility>

#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/run_command.h"
#include "cli/terminal_client.h"
#include "server/server.h"

namespace millrace::cli {
namespace {

Result<server::ServerOptions> read_options(const ServerCommandOptions& options,
                                           const DataFolder& folder) {
  server::ServerOptions chosen;
  chosen.data_folder = folder.path();
  chosen.durable = !folder.temporary();
  chosen.insecure = options.insecure;
  for (const std::string& door : options.listen) MILLRACE_TRY(server::read_listen(door, chosen));
  for (const std::string& advertised : options.advertise) {
    auto address = io::Address::parse(advertised);
    if (!address) return std::move(address).error().at("--advertise");
    chosen.advertised.push_back(*std::move(address));
  }
  for (const std::string& setting : options.settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return Error(ErrorCode::kInvalidOption, fmt::format("'{}' gives no value", setting))
          .at("--broker-set")
          .remedy("Write --broker-set name=value.");
    }
    chosen.broker_settings[setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return chosen;
}

// The scripts, one after another; endless statements run until a signal comes.
Result<void> run_scripts(io::World world, const ServerCommandOptions& options,
                         session::Session& session, TerminalClient& client) {
  for (const std::string& file : options.files) {
    const std::string text = MILLRACE_TRY(read_script(world, file));
    MILLRACE_TRY(session.execute(text, file, client));
  }
  return {};
}

Result<void> serve_until_signal(io::World world, const ServerCommandOptions& options) {
  const DataFolder folder = MILLRACE_TRY(DataFolder::open(world, options.data));
  const auto opened =
      MILLRACE_TRY(server::Server::open(world, MILLRACE_TRY(read_options(options, folder)),
                                        {.print = write_out,
                                         .on_problem = [](const Error& why) { report(why); },
                                         .on_fatal =
                                             [&folder](const Error& error) {
                                               folder.remove();
                                               stop_process(error);
                                             }}));
  // A server that is started again goes on with its jobs.
  const auto session = opened->node().new_session();
  TerminalClient client({.progress = false, .quiet = false}, opened->node().formats());
  io::Notification stopped;
  std::atomic<bool> stopping{false};
  const Interrupt interrupt(world.clock, [&] {
    session->request_stop();
    if (!stopping.exchange(true)) stopped.set();
  });
  write_out(opened->ready_line() + "\n");
  flush_out();
  const auto ran = run_scripts(world, options, *session, client);
  if (!ran && !stopping) return ran.error();
  world.threads.wait(stopped);
  return {};
}

}  // namespace

ExitCode serve(io::World world, const ServerCommandOptions& options) {
  return conclude(serve_until_signal(world, options));
}

}  // namespace millrace::cli
