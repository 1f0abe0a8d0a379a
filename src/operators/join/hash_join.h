#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"
#include "expr/expression.h"
#include "operators/join/time_limit.h"

namespace millrace::operators {

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull };

// One equality of a join's condition. The columns have types that are equal as keys (integers of
// any width are; docs/formats/keys.md).
struct JoinKey {
  uint32_t left = 0;         // column of the left input
  uint32_t right = 0;        // column of the right input
  bool nulls_equal = false;  // IS NOT DISTINCT FROM
};

// How far one side's rows reach in time, where both inputs only add rows.
struct JoinSideTime {
  // Behind this port's own watermark a row is late: what it would match may be gone.
  std::optional<TimeLimit> late;
  // Behind the other port's watermark nothing can match the row any more.
  std::optional<TimeLimit> expires;
};

// A join of two changing inputs. Port 0: left, port 1: right.
struct HashJoinSpec {
  JoinKind kind = JoinKind::kInner;
  data::SchemaPtr left;
  data::SchemaPtr right;
  data::SchemaPtr output;        // left columns, then right ones
  std::vector<JoinKey> keys;     // none: every pair
  expr::ExpressionPtr residual;  // BOOLEAN over left columns, then right ones; null: TRUE
  bool changing_left = false;    // the input may retract
  bool changing_right = false;
  JoinSideTime left_time;
  JoinSideTime right_time;
};

// Symmetric: a change is applied to its own side and then meets the other, row by row in input
// order. Pairs have the sign of the change. Rows of a preserved side without a match are padded
// with NULLs: +I when they come or lose their last match, -D when they get their first. A NULL key
// equals none. A pair whose residual fails is rejected and counts as no match. Late rows go to
// push_late.
//
// State: every row of both sides that has not expired, with its multiplicity and, where its side is
// preserved, the number of its matches. REQUIRES: both inputs arrive by hash of their keys, in the
// order of `keys`.
Result<std::unique_ptr<engine::Operator>> make_hash_join(HashJoinSpec spec);

}  // namespace millrace::operators
