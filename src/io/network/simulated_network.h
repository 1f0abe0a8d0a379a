#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "io/fault_plan.h"
#include "io/network/network.h"
#include "io/simulated_random.h"
#include "io/simulated_threads.h"
#include "io/trace.h"

namespace millrace::io {

class SimulatedConnection;
class SimulatedNetwork;

struct SimulatedNetworkOptions {
  size_t buffer_bytes = 64 << 10;            // in flight in one direction; then the writer waits
  int64_t latency_ns_max = 200 * kNsPerUs;   // each piece takes a random time of at most this
  int64_t patience_ns = 120 * kNsPerSecond;  // with a silent peer
};

// SimulatedLoop: an executor of the simulated world that connections may be confined to.
class SimulatedLoop final : public Loop {
 public:
  SimulatedLoop(SimulatedNetwork& network, std::unique_ptr<Executor> executor)
      : network_(network), executor_(std::move(executor)) {}
  ~SimulatedLoop() override;
  SimulatedLoop(const SimulatedLoop&) = delete;
  SimulatedLoop& operator=(const SimulatedLoop&) = delete;

  void post(Task task) override { executor_->post(std::move(task)); }
  void post_at(MonotonicTime when, Task task) override {
    executor_->post_at(when, std::move(task));
  }
  MonotonicTime now() const override { return executor_->now(); }
  bool current() const override { return executor_->current(); }

 private:
  SimulatedNetwork& network_;
  const std::unique_ptr<Executor> executor_;
};

// SimulatedNetwork: connections in memory, between loops of one simulated world. What is written
// arrives late, in order, and cut at random places, as the seed wills. Names of hosts stand for
// themselves; a listener without a host is found under each.
//
// Threading:  confined to the OS thread of the world.
// Ownership:  threads, random and trace outlive it; it outlives its loops, listeners and streams.
// Order:      a loop that is destroyed is a program that dies: its peers see the end, or a reset.
class SimulatedNetwork final : public Network {
 public:
  SimulatedNetwork(SimulatedThreads& threads, SimulatedRandom& random, Trace& trace,
                   SimulatedNetworkOptions options = {})
      : threads_(threads), random_(random), trace_(trace), options_(options) {}

  std::unique_ptr<Loop> start_loop(ThreadOptions options) override {
    return std::make_unique<SimulatedLoop>(*this, threads_.start(std::move(options)));
  }
  Result<ListenerPtr> listen(const Address& address, std::vector<Loop*> loops,
                             Accept on_accept) override;
  void connect(const Address& address, Loop& loop, Completion<Result<StreamPtr>> done) override;

  void inject(NetworkFault fault);
  // Forgets the faults that have not come up yet.
  void clear_faults() { faults_.clear(); }
  // Connects, reads and writes so far.
  uint64_t calls() const { return calls_; }

  // What kCut does, to every connection of the port.
  void cut(uint16_t port);
  // What kSilence does, to those; and what ends it: what was held back arrives.
  void stall(uint16_t port);
  void heal(uint16_t port);

 private:
  friend class SimulatedConnection;
  friend class SimulatedListener;
  friend class SimulatedLoop;
  friend class SimulatedStream;
  struct Port {
    std::vector<Loop*> loops;
    Accept on_accept;
    size_t next = 0;
  };
  struct Pending {
    NetworkFault fault;
    uint64_t matched = 0;
  };
  // Notes the call and says what shall happen to it.
  std::optional<NetworkFault> enter(NetworkCall call, uint16_t port, uint64_t first,
                                    uint64_t second = 0);
  // A random way's time.
  int64_t latency();
  uint16_t free_port();
  std::shared_ptr<Port> find(const Address& address) const;
  // The client's packet has come: lets it in, or not.
  void arrive(const Address& address, Loop& loop, std::optional<NetworkFault> fault,
              Completion<Result<StreamPtr>> done);
  std::vector<std::shared_ptr<SimulatedConnection>> connections();
  void loop_ends(const Loop& loop);

  SimulatedThreads& threads_;
  SimulatedRandom& random_;
  Trace& trace_;
  const SimulatedNetworkOptions options_;
  std::map<std::pair<std::string, uint16_t>, std::shared_ptr<Port>> ports_;  // "": any host
  std::vector<std::weak_ptr<SimulatedConnection>> connections_;
  std::list<Pending> faults_;
  uint64_t calls_ = 0;
  uint16_t next_port_ = 40'000;
  uint64_t next_connection_ = 1;
};

}  // namespace millrace::io
