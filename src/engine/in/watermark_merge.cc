#include "engine/in/watermark_merge.h"

#include <algorithm>

namespace millrace::engine {

void WatermarkMerge::advance(size_t input, Timestamp time) {
  inputs_[input].time = std::max(inputs_[input].time, time);
  if (time == kTimeMax) inputs_[input].ended = true;
}

bool WatermarkMerge::update() {
  Timestamp least = kTimeMax;
  Timestamp greatest_idle = kTimeMin;
  bool all_ended = true;
  bool all_idle = true;
  for (const Input& input : inputs_) {
    if (input.ended) continue;
    all_ended = false;
    if (input.idle) {
      greatest_idle = std::max(greatest_idle, input.time);
      continue;
    }
    all_idle = false;
    least = std::min(least, input.time);
  }
  const bool idle = !all_ended && all_idle;
  const Timestamp time = std::max(time_, idle ? greatest_idle : least);
  const bool changed = time != time_ || idle != idle_ || all_ended != ended_;
  time_ = time;
  idle_ = idle;
  ended_ = all_ended;
  return changed;
}

}  // namespace millrace::engine
