#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/step.h"

namespace millrace::engine {

// WatermarkMerge: the least time of several inputs, as semantics.md (7, 8) wants it: idle and ended
// inputs are left out, an input that was never heard of holds, the result never goes back: one that
// wakes up with older data only brings late rows. All inputs idle: the result is idle, and as far
// as the furthest of them, as if they had become idle one after another, the furthest behind first:
// so it does not matter which clock fired before the other. The same for ticks.
//
// Threading: confined to one task.
class WatermarkMerge {
 public:
  explicit WatermarkMerge(size_t inputs) : inputs_(inputs) {}

  // kTimeMax ends the input.
  void advance(size_t input, Timestamp time);
  void set_idle(size_t input, bool idle) { inputs_[input].idle = idle; }
  // A floor from an earlier run.
  void restore(Timestamp time) { time_ = std::max(time_, time); }

  // Takes the minimum anew. True: one of time(), idle(), ended() is no longer what it was.
  bool update();
  Timestamp time() const { return time_; }
  bool idle() const { return idle_; }
  bool ended() const { return ended_; }  // all inputs have; time() is then kTimeMax

 private:
  struct Input {
    Timestamp time = kTimeMin;
    bool idle = false;
    bool ended = false;
  };
  std::vector<Input> inputs_;
  Timestamp time_ = kTimeMin;
  bool idle_ = false;
  bool ended_ = false;
};

}  // namespace millrace::engine
