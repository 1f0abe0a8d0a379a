#pragma once

#include "io/network/simulated_network.h"
#include "io/simulated_clock.h"
#include "io/simulated_file_system.h"
#include "io/simulated_random.h"
#include "io/simulated_threads.h"
#include "io/trace.h"
#include "io/world.h"

namespace millrace::io {

struct SimulationOptions {
  uint64_t seed = 1;
  int64_t wall_us = 1'767'225'600'000'000;  // 2026-01-01 00:00:00 UTC
  SimulatedThreadsOptions threads;
  SimulatedNetworkOptions network;
};

// SimulatedWorld: a world in one OS thread that one seed drives: the same seed and the same program
// give the same run, told by the same trace hash.
//
// Threading:  confined to the OS thread that made it.
// Ownership:  outlives whoever was given a piece of it.
class SimulatedWorld {
 public:
  explicit SimulatedWorld(SimulationOptions options = {})
      : clock_(options.wall_us),
        random_(options.seed, trace_),
        files_(clock_, random_, trace_),
        threads_(clock_, random_, trace_, options.threads),
        network_(threads_, random_, trace_, options.network) {}

  World world() { return {clock_, random_, files_, threads_, network_}; }
  SimulatedClock& clock() { return clock_; }
  SimulatedRandom& random() { return random_; }
  SimulatedFileSystem& files() { return files_; }
  SimulatedThreads& threads() { return threads_; }
  SimulatedNetwork& network() { return network_; }
  uint64_t trace_hash() const { return trace_.hash(); }

 private:
  Trace trace_;
  SimulatedClock clock_;
  SimulatedRandom random_;
  SimulatedFileSystem files_;
  SimulatedThreads threads_;
  SimulatedNetwork network_;
};

}  // namespace millrace::io
