#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/schema.h"
#include "plan/logical/logical_plan.h"

namespace millrace::plan {

// A row is behind watermark w when its `column` + offset_us < w.
struct TimeLimit {
  uint32_t column = 0;
  int64_t offset_us = 0;
  friend bool operator==(const TimeLimit&, const TimeLimit&) = default;
};

// What a join's condition says about the times of the two sides, where both only add rows: equal
// windows, or a.ts BETWEEN b.ts - … AND b.ts + ….
//
// A row that nothing to come can match leaves the state (`expires`, behind the watermark of the
// other input). So that no row meets half of what it would have matched, rows of the other side
// behind their own watermark are late (`late`).
struct JoinBounds {
  struct Side {
    std::optional<TimeLimit> late;
    std::optional<TimeLimit> expires;
  };
  Side left;
  Side right;
  // Some limit is of a column that is no window's, so rows may be late between windows' ends.
  bool finer_than_windows = false;

  bool is_bounded() const { return left.expires && right.expires; }
};

JoinBounds join_bounds(const Join& join, const std::vector<NodePtr>& inputs);

}  // namespace millrace::plan
