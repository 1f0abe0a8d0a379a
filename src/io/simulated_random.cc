#include "io/simulated_random.h"

namespace millrace::io {

uint64_t SimulatedRandom::next() {
  const std::lock_guard lock(mutex_);
  state_ += 0x9e3779b97f4a7c15;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  mixed ^= mixed >> 31;
  trace_.note("random", mixed);
  return mixed;
}

}  // namespace millrace::io
