#include "io/network/simulated_network.h"

#include <fmt/core.h>

#include "io/network/simulated_connection.h"

namespace millrace::io {

class SimulatedListener final : public Listener {
 public:
  SimulatedListener(SimulatedNetwork& network, Address local)
      : network_(network), local_(std::move(local)) {}
  ~SimulatedListener() override { network_.ports_.erase(local_.port); }
  Address local() const override { return local_; }

 private:
  SimulatedNetwork& network_;
  const Address local_;
};

Result<std::unique_ptr<Listener>> SimulatedNetwork::listen(const Address& address,
                                                           std::vector<Executor*> loops,
                                                           Accept on_accept) {
  Address local = address;
  if (local.port == 0) local.port = next_port_++;
  if (ports_.contains(local.port)) {
    return Error(ErrorCode::kInUse, "listen: another program listens there")
        .at(address.to_string());
  }
  ports_[local.port] = {.loops = std::move(loops), .on_accept = std::move(on_accept)};
  trace_.note("net.listen", local.port);
  return std::make_unique<SimulatedListener>(*this, std::move(local));
}

void SimulatedNetwork::connect(const Address& address, Executor& loop,
                               Completion<Result<StreamPtr>> done) {
  const auto port = ports_.find(address.port);
  if (port == ports_.end()) {
    loop.post([done = std::move(done), place = address.to_string()]() mutable {
      done(Error(ErrorCode::kIoFailed, "connect: nobody listens there").at(place));
    });
    return;
  }
  Executor& server = *port->second.loops[port->second.next++ % port->second.loops.size()];
  auto connection = std::make_shared<Connection>(random_, trace_, options_);
  connection->id = next_connection_++;
  connection->port = address.port;
  connection->client_port = next_port_++;
  connection->to_server.reader = connection->to_client.writer = &server;
  connection->to_client.reader = connection->to_server.writer = &loop;
  std::erase_if(connections_, [](const auto& known) { return known.expired(); });
  connections_.push_back(connection);
  trace_.note("net.connect", address.port, connection->id);
  server.post([connection, on_accept = port->second.on_accept, &server] {
    on_accept(std::make_unique<SimulatedStream>(connection, true), server);
  });
  loop.post([connection, done = std::move(done)]() mutable {
    done(StreamPtr(std::make_unique<SimulatedStream>(connection, false)));
  });
}

void SimulatedNetwork::cut(uint16_t port) {
  for (const auto& known : connections_) {
    const auto connection = known.lock();
    if (connection != nullptr && connection->port == port) connection->cut();
  }
}

void SimulatedNetwork::stall(uint16_t port) {
  for (const auto& known : connections_) {
    const auto connection = known.lock();
    if (connection != nullptr && connection->port == port) connection->set_stalled(true);
  }
}

void SimulatedNetwork::heal(uint16_t port) {
  for (const auto& known : connections_) {
    const auto connection = known.lock();
    if (connection != nullptr && connection->port == port) connection->set_stalled(false);
  }
}

}  // namespace millrace::io
