#include "io/network/simulated_network.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "io/network/simulated_stream.h"

namespace millrace::io {
namespace {

constexpr uint16_t kFirstFreePort = 40'000;

std::string normal_host(const std::string& host) {
  if (host == "localhost") return "127.0.0.1";
  if (host == "0.0.0.0" || host == "::") return "";
  return host;
}

Error refused(const Address& address) {
  return Error(ErrorCode::kIoFailed, "connect: nobody listens there").at(address.to_string());
}

}  // namespace

SimulatedLoop::~SimulatedLoop() {
  network_.loop_ends(*this);
}

class SimulatedListener final : public Listener {
 public:
  SimulatedListener(SimulatedNetwork& network, Address local)
      : network_(network), local_(std::move(local)) {}
  ~SimulatedListener() override {
    const auto port = network_.ports_.extract({normal_host(local_.host), local_.port});
    for (const Loop* const loop : port.mapped()->loops) MILLRACE_ASSERT(!loop->current());
    port.mapped()->on_accept = nullptr;
  }
  Address local() const override { return local_; }

 private:
  SimulatedNetwork& network_;
  const Address local_;
};

Result<ListenerPtr> SimulatedNetwork::listen(const Address& address, std::vector<Loop*> loops,
                                             Accept on_accept) {
  MILLRACE_ASSERT(!loops.empty());
  const std::string host = normal_host(address.host);
  const auto taken = [&](uint16_t port) {
    return std::ranges::any_of(ports_, [&](const auto& known) {
      return known.first.second == port &&
             (host.empty() || known.first.first.empty() || known.first.first == host);
    });
  };
  Address local = address;
  while (local.port == 0 || (address.port == 0 && taken(local.port))) local.port = free_port();
  if (taken(local.port)) {
    return Error(ErrorCode::kPortInUse,
                 fmt::format("another program listens at port {}", local.port))
        .at(address.to_string())
        .remedy("Stop it, or choose another port; port 0 takes one that is free.");
  }
  trace_.note("net.listen", local.port);
  ports_[{host, local.port}] =
      std::make_shared<Port>(Port{.loops = std::move(loops), .on_accept = std::move(on_accept)});
  return std::make_unique<SimulatedListener>(*this, std::move(local));
}

uint16_t SimulatedNetwork::free_port() {
  next_port_ = next_port_ == UINT16_MAX ? kFirstFreePort : next_port_ + 1;
  return next_port_;
}

int64_t SimulatedNetwork::latency() {
  return static_cast<int64_t>(random_.below(static_cast<uint64_t>(options_.latency_ns_max) + 1));
}

std::shared_ptr<SimulatedNetwork::Port> SimulatedNetwork::find(const Address& address) const {
  const std::string host = normal_host(address.host);
  for (const std::string& known : {host.empty() ? "127.0.0.1" : host, std::string()}) {
    const auto port = ports_.find({known, address.port});
    if (port != ports_.end()) return port->second;
  }
  return nullptr;
}

void SimulatedNetwork::connect(const Address& address, Loop& loop,
                               Completion<Result<StreamPtr>> done) {
  auto fault = enter(NetworkCall::kConnect, address.port, next_connection_);
  const bool slow = fault && fault->effect == NetworkEffect::kSlow;
  loop.post_at(loop.now() + latency() + (slow ? fault->slow_ns : 0),
               [this, address, &loop, fault, done = std::move(done)]() mutable {
                 arrive(address, loop, fault, std::move(done));
               });
}

void SimulatedNetwork::arrive(const Address& address, Loop& loop, std::optional<NetworkFault> fault,
                              Completion<Result<StreamPtr>> done) {
  const auto port = find(address);
  const bool cut = fault && fault->effect == NetworkEffect::kCut;
  if (port == nullptr || cut) return done(refused(address));
  Loop& server = *port->loops[port->next++ % port->loops.size()];
  const std::string host = normal_host(address.host);
  auto connection = std::make_shared<SimulatedConnection>(
      *this, next_connection_++,
      SimulatedConnection::Place{.loop = &loop,
                                 .address = {.host = "127.0.0.1", .port = free_port()}},
      SimulatedConnection::Place{
          .loop = &server,
          .address = {.host = host.empty() ? "127.0.0.1" : host, .port = address.port}});
  std::erase_if(connections_, [](const auto& known) { return known.expired(); });
  connections_.push_back(connection);
  if (fault && fault->effect == NetworkEffect::kSilence) connection->silence();
  server.post_at(server.now() + latency(), [connection, port, &server] {
    if (!port->on_accept) return connection->close(Side::kServer);
    port->on_accept(std::make_unique<SimulatedStream>(connection, Side::kServer), server);
  });
  done(StreamPtr(std::make_unique<SimulatedStream>(connection, Side::kClient)));
}

std::optional<NetworkFault> SimulatedNetwork::enter(NetworkCall call, uint16_t port, uint64_t first,
                                                    uint64_t second) {
  ++calls_;
  trace_.note("net.call", (first << 8) | static_cast<uint64_t>(call), second);
  std::optional<NetworkFault> hit;
  for (auto next = faults_.begin(); next != faults_.end();) {
    const auto pending = next++;
    const NetworkFault& fault = pending->fault;
    if (fault.call != NetworkCall::kAny && fault.call != call) continue;
    if (fault.port != 0 && fault.port != port) continue;
    if (++pending->matched < fault.nth) continue;
    if (!hit) hit = fault;
    if (!fault.lasting) faults_.erase(pending);
  }
  if (hit) trace_.note("net.fault", static_cast<uint64_t>(hit->effect));
  return hit;
}

void SimulatedNetwork::inject(NetworkFault fault) {
  MILLRACE_ASSERT(fault.nth > 0);
  faults_.push_back({fault});
}

std::vector<std::shared_ptr<SimulatedConnection>> SimulatedNetwork::connections() {
  std::vector<std::shared_ptr<SimulatedConnection>> alive;
  for (const auto& known : connections_) {
    if (auto connection = known.lock()) alive.push_back(std::move(connection));
  }
  return alive;
}

void SimulatedNetwork::cut(uint16_t port) {
  for (const auto& connection : connections()) {
    if (connection->port() == port) connection->cut();
  }
}

void SimulatedNetwork::stall(uint16_t port) {
  for (const auto& connection : connections()) {
    if (connection->port() == port) connection->silence();
  }
}

void SimulatedNetwork::heal(uint16_t port) {
  for (const auto& connection : connections()) {
    if (connection->port() == port) connection->heal();
  }
}

void SimulatedNetwork::loop_ends(const Loop& loop) {
  for (const auto& connection : connections()) connection->loop_ends(loop);
}

}  // namespace millrace::io
