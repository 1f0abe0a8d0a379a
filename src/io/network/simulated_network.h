#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "io/network/network.h"
#include "io/simulated_random.h"
#include "io/simulated_threads.h"
#include "io/trace.h"

namespace millrace::io {

struct SimulatedNetworkOptions {
  size_t buffer_bytes = 64 << 10;           // in flight in one direction; then the sender waits
  int64_t latency_ns_max = 200 * kNsPerUs;  // each piece takes a random time of at most this
};

// SimulatedNetwork: connections in memory, between loops of one simulated world. Pieces arrive late
// and cut at random places, in order, as the seed wills.
//
// Threading:  confined to the OS thread of the world.
class SimulatedNetwork final : public Network {
 public:
  SimulatedNetwork(SimulatedThreads& threads, SimulatedRandom& random, Trace& trace,
                   SimulatedNetworkOptions options = {})
      : threads_(threads), random_(random), trace_(trace), options_(options) {}

  std::unique_ptr<Executor> start_loop(ThreadOptions options) override {
    return threads_.start(std::move(options));
  }
  Result<std::unique_ptr<Listener>> listen(const Address& address, std::vector<Executor*> loops,
                                           Accept on_accept) override;
  void connect(const Address& address, Executor& loop, Completion<Result<StreamPtr>> done) override;

  // Cuts every connection to the port: both ends see a reset, what is under way is lost.
  void cut(uint16_t port);
  // What is sent to or from the port does not arrive until it is healed.
  void stall(uint16_t port);
  void heal(uint16_t port);

  // One direction of a connection, and a whole one: shared by the streams at its ends.
  struct Pipe;
  struct Connection;

 private:
  friend class SimulatedListener;
  struct Port {
    std::vector<Executor*> loops;
    Accept on_accept;
    size_t next = 0;
  };

  SimulatedThreads& threads_;
  SimulatedRandom& random_;
  Trace& trace_;
  const SimulatedNetworkOptions options_;
  std::map<uint16_t, Port> ports_;
  std::vector<std::weak_ptr<Connection>> connections_;
  uint16_t next_port_ = 40'000;
  uint64_t next_connection_ = 1;
};

}  // namespace millrace::io
