#include "server/server.h"

#include <fmt/core.h>

#include <atomic>
#include <optional>
#include <utility>

#include "base/memory_account.h"
#include "broker/broker.h"
#include "broker/settings/broker_settings.h"
#include "http/server.h"
#include "server/status_routes.h"

namespace millrace::server {

// In the order in which they are built; destroyed in the reverse one.
struct Server::Modules {
  ~Modules();

  MemoryAccount kafka_received{"kafka connections"};
  std::unique_ptr<node::Node> node;
  io::Threads* threads = nullptr;
  std::unique_ptr<io::Loop> http_loop;
  std::atomic<bool> ready{false};
  std::atomic<size_t> scrapes{0};
  std::unique_ptr<broker::Broker> broker;
  http::Router router;
  std::unique_ptr<http::Server> http;

  Result<void> open_broker(io::World world, const ServerOptions& options, const Hooks& hooks);
  Result<void> open_http(io::World world, const ServerOptions& options);
};

// What answers scrapes is there until the last one is over.
Server::Modules::~Modules() {
  http.reset();
  while (scrapes > 0) {
    io::Notification over;
    http_loop->post_at(http_loop->now() + io::kNsPerMs, [&] { over.set(); });
    threads->wait(over);
  }
}

Result<void> Server::Modules::open_broker(io::World world, const ServerOptions& options,
                                          const Hooks& hooks) {
  if (options.advertised.size() > options.kafka.size()) {
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("{} addresses to tell for {} listeners", options.advertised.size(),
                             options.kafka.size()))
        .at("--advertise")
        .remedy("Give one for each --listen kafka=, in their order.");
  }
  if (options.kafka.empty()) return {};
  for (const auto& [name, value] : options.broker_settings) {
    const auto checked = broker::check_broker_setting(name, value);
    if (checked) continue;
    return Error(ErrorCode::kInvalidOption, checked.error().message())
        .at("--broker-set " + name)
        .remedy(checked.error().remedy());
  }
  if (const auto checked = broker::check_broker_settings_together(options.broker_settings);
      !checked) {
    return Error(ErrorCode::kInvalidOption, checked.error().message())
        .at("--broker-set " + checked.error().place());
  }
  broker::BrokerOptions chosen;
  chosen.settings = options.broker_settings;
  chosen.doors.clear();
  std::string& listeners = chosen.settings["listeners"];
  for (size_t i = 0; i < options.kafka.size(); ++i) {
    broker::DoorOptions& door = chosen.doors.emplace_back();
    door.listen = options.kafka[i];
    if (i < options.advertised.size()) door.advertised = options.advertised[i];
    listeners += (i == 0 ? "PLAINTEXT://" : ",PLAINTEXT://") + door.listen.to_string();
  }
  chosen.settings["log.dirs"] = options.data_folder;
  auto opened = broker::Broker::open({.world = world,
                                      .log = node->log(),
                                      .machines = node->broker_machines(),
                                      .received = &kafka_received,
                                      .disk_space = io::disk_space,
                                      .on_problem = hooks.on_problem},
                                     std::move(chosen));
  if (!opened) {
    return std::move(opened).error().within("the Kafka door cannot be opened");
  }
  broker = *std::move(opened);
  return {};
}

Result<void> Server::Modules::open_http(io::World world, const ServerOptions& options) {
  if (!options.http) return {};
  threads = &world.threads;
  http_loop = world.network.start_loop({.name = "http"});
  add_status_routes(router, {.node = *node,
                             .broker = broker.get(),
                             .received = kafka_received,
                             .data_folder = options.data_folder,
                             .ready = ready,
                             .scrapes = scrapes});
  auto opened = http::Server::open(world.network, {http_loop.get()}, router,
                                   {.listen = *options.http, .limits = {}});
  if (!opened) return std::move(opened).error().within("the HTTP door cannot be opened");
  http = *std::move(opened);
  return {};
}

Server::Server(std::unique_ptr<Modules> modules) : modules_(std::move(modules)) {}

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(io::World world, ServerOptions options, Hooks hooks) {
  MILLRACE_TRY(check_exposure(options));
  auto modules = std::make_unique<Modules>();
  modules->node = MILLRACE_TRY(node::Node::open(world, {.data_folder = options.data_folder,
                                                        .durable = options.durable,
                                                        .print = hooks.print,
                                                        .on_fatal = hooks.on_fatal}));
  MILLRACE_TRY(modules->open_broker(world, options, hooks));
  MILLRACE_TRY(modules->open_http(world, options));
  modules->ready = true;
  return std::unique_ptr<Server>(new Server(std::move(modules)));
}

node::Node& Server::node() {
  return *modules_->node;
}

std::vector<io::Address> Server::kafka_addresses() const {
  if (modules_->broker == nullptr) return {};
  return modules_->broker->addresses();
}

std::string Server::ready_line() const {
  std::string line = "ready";
  for (const io::Address& address : kafka_addresses()) line += " kafka=" + address.to_string();
  if (modules_->http != nullptr) line += " http=" + modules_->http->address().to_string();
  return line;
}

}  // namespace millrace::server
