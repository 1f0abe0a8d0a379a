#pragma once

#include <mutex>

#include "io/clock.h"
#include "io/trace.h"

namespace millrace::io {

// SimulatedRandom: the SplitMix64 sequence of a seed; each number drawn is noted in the trace.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
//
// Threading:  synchronised inside.
// Ownership:  the trace outlives it.
class SimulatedRandom final : public Random {
 public:
  SimulatedRandom(uint64_t seed, Trace& trace) : state_(seed), trace_(trace) {}
  uint64_t next() override;
  // REQUIRES: bound > 0. Evenly spread over 0 … bound - 1 (but for one part in 2^64 / bound).
  uint64_t below(uint64_t bound) { return next() % bound; }

 private:
  std::mutex mutex_;
  uint64_t state_;
  Trace& trace_;
};

}  // namespace millrace::io
