#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "io/network/simulated_network.h"

namespace millrace::io {

// One direction: bytes on their way to `reader`.
struct SimulatedNetwork::Pipe {
  struct Write {
    std::vector<Buffer> chain;
    size_t part = 0;
    size_t offset = 0;
    Completion<Result<void>> done;
  };
  Executor* reader = nullptr;  // nullptr once nobody reads any more
  Executor* writer = nullptr;
  std::deque<std::byte> held;  // sent and not read
  size_t arrived = 0;          // of `held`, from its front
  bool ended = false;          // the writer is gone; what is held still arrives
  std::deque<Write> writes;    // that wait for room
  std::span<std::byte> read_into;
  Completion<Result<size_t>> read_done;
};

// Connection: two pipes, and what may go wrong with them.
struct SimulatedNetwork::Connection : std::enable_shared_from_this<Connection> {
  Connection(SimulatedRandom& random, Trace& trace, SimulatedNetworkOptions options)
      : random(random), trace(trace), options(options) {}

  void read(Pipe& pipe, std::span<std::byte> into, Completion<Result<size_t>> done);
  void write(Pipe& pipe, std::vector<Buffer> chain, Completion<Result<void>> done);
  // The end of the stream that writes to `out` and reads from `in`.
  void close(Pipe& out, Pipe& in);
  // Nobody will read from `in` any more: its writer is told.
  void abandon(Pipe& in);
  void cut();
  void set_stalled(bool value);

  // Moves what waits into the pipe, as far as there is room.
  void fill(Pipe& pipe);
  // Answers the read that waits, if there is something for it.
  void deliver(Pipe& pipe);

  SimulatedRandom& random;
  Trace& trace;
  const SimulatedNetworkOptions options;
  uint64_t id = 0;
  uint16_t port = 0;  // of the listener
  uint16_t client_port = 0;
  bool broken = false;
  bool stalled = false;
  Pipe to_server;
  Pipe to_client;
};

// SimulatedStream: one end of a Connection.
class SimulatedStream final : public Stream {
 public:
  SimulatedStream(std::shared_ptr<SimulatedNetwork::Connection> connection, bool server)
      : connection_(std::move(connection)),
        server_(server),
        out_(server ? connection_->to_client : connection_->to_server),
        in_(server ? connection_->to_server : connection_->to_client) {}
  ~SimulatedStream() override;

  void read(std::span<std::byte> into, Completion<Result<size_t>> done) override;
  void write(std::vector<Buffer> chain, Completion<Result<void>> done) override;
  void close() override;
  Address local() const override { return address(server_); }
  Address peer() const override { return address(!server_); }

 private:
  Address address(bool server) const {
    return {.host = "127.0.0.1", .port = server ? connection_->port : connection_->client_port};
  }
  const std::shared_ptr<SimulatedNetwork::Connection> connection_;
  const bool server_;
  SimulatedNetwork::Pipe& out_;
  SimulatedNetwork::Pipe& in_;
  bool closed_ = false;
};

}  // namespace millrace::io
