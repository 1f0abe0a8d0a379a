#include "cli/target.h"

#include <fmt/core.h>

#include <cstdlib>
#include <utility>

#include "cli/client_settings.h"
#include "cli/interrupt.h"
#include "cli/output.h"

namespace millrace::cli {
namespace {

Result<std::unique_ptr<server::Server>> open_directory(io::World world, const std::string& data) {
  const auto stat = world.files.stat(data);
  if (!stat || !stat->is_folder) {
    return Error(ErrorCode::kFileNotFound, fmt::format("there is no data directory '{}'", data))
        .at("--data")
        .remedy("Name the directory that was given to `millrace run --data` or `millrace server`.");
  }
  server::ServerOptions options;
  options.data_folder = data;
  options.kafka = {{"127.0.0.1", 0}};
  options.http = std::nullopt;
  options.broker_settings = {{"auto.create.topics.enable", "false"},
                             {"group.initial.rebalance.delay.ms", "0"}};
  auto opened = server::Server::open(
      world, std::move(options),
      {.print = write_out, .on_problem = [](const Error&) {}, .on_fatal = stop_process});
  if (opened || opened.error().code() != ErrorCode::kInUse) return opened;
  return std::move(opened).error().remedy(
      "If it is a server, speak to it: leave out --data, or say -b HOST:PORT.");
}

}  // namespace

Result<Target> Target::open(io::World world, const TargetOptions& options) {
  Target target;
  target.client_.settings = MILLRACE_TRY(read_client_settings(world.files, options));
  target.client_.reach_ms = options.timeout_s * 1'000;
  if (options.data.empty()) {
    const char* usual = std::getenv("MILLRACE_BROKERS");
    const bool set = usual != nullptr && *usual != '\0';
    target.client_.brokers = options.brokers;
    if (options.brokers.empty()) target.client_.brokers = set ? usual : kDefaultBrokers;
    return target;
  }
  if (!options.brokers.empty()) {
    return Error(ErrorCode::kInvalidOption, "--data and --brokers name two places")
        .remedy("Give one of them.");
  }
  target.server_ = MILLRACE_TRY(open_directory(world, options.data));
  target.client_.brokers = target.server_->kafka_addresses().at(0).to_string();
  target.client_.local = true;
  return target;
}

}  // namespace millrace::cli
