#pragma once

#include <cstdint>
#include <span>

#include "engine/step.h"

namespace millrace::engine {

// SplitTime: the running watermark of what a source task reads, and where its batches must be cut
// so that results are as if rows came singly (docs: README, "Time").
//
// Rows of one split run through `cut`. W is the least of the split's own running watermark and of
// `others`, the watermark that the task's other splits hold; E is the one emitted last. Before a
// row r whose time W has passed, W must be out: if floor_G(W) > floor_G(E) and time(r) <
// floor_G(W), G being the granularity of all that looks at the watermark downstream.
//
// Threading:  confined to one task.
class SplitTime {
 public:
  explicit SplitTime(int64_t granularity_us) : granularity_us_(granularity_us) {}

  struct Rows {
    std::span<const Timestamp> times;       // per physical row
    std::span<const Timestamp> watermarks;  // candidates, per physical row
    const uint16_t* selection = nullptr;    // physical rows that count; null: all
    uint32_t count = 0;                     // how many count
  };
  // Of the rows that count, from the `from`-th on: the first before which the watermark must be
  // emitted, or rows.count. `own` runs along: afterwards it covers the rows before the cut.
  uint32_t cut(const Rows& rows, uint32_t from, Timestamp& own, Timestamp others) const;

  // Whether a watermark of `time` would tell downstream anything new.
  bool matters(Timestamp time) const { return floor(time) > floor(emitted_); }
  void emit(Timestamp time) { emitted_ = time; }
  Timestamp emitted() const { return emitted_; }

 private:
  Timestamp floor(Timestamp time) const;

  const int64_t granularity_us_;
  Timestamp emitted_ = kTimeMin;
};

}  // namespace millrace::engine
