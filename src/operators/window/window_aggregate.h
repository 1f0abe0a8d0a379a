#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"
#include "operators/aggregate/aggregate_call.h"
#include "operators/window/window.h"

namespace millrace::operators {

// GROUP BY in windows of event time.
struct WindowAggregateSpec {
  WindowSpec window;
  uint32_t time_column = 0;  // of the input: a TIMESTAMP
  data::SchemaPtr input;
  // The keys, window_start, window_end, window_time (end - 1 ms), then a column per call.
  data::SchemaPtr output;
  std::vector<uint32_t> keys;  // columns of the input, without those of the window
  std::vector<AggregateCall> calls;
  bool changing_input = false;  // the input may retract
  // A window takes rows until the watermark reaches its end + this; what they change after the
  // window closed is emitted as a correction.
  int64_t allowed_lateness_us = 0;
  // Emits open windows too, their net change once per epoch.
  bool early = false;
  // With `early`: after this much processing time, and whenever a window closes or is corrected.
  int64_t early_every_us = 0;
  // With `early`, in tumbling windows over an input that adds rows only: a group whenever so many
  // rows have come to it, and when its window closes or is corrected.
  uint64_t early_rows = 0;
  // Each emission holds only the rows that came after the last one, so all are +I. REQUIRES: the
  // input adds rows only; `early`, or tumbling windows.
  bool discarding = false;
};

// [start, end) closes when the watermark reaches `end`: its rows are emitted before the watermark
// goes on, windows in order of time, keys in order of their bytes. Append-only unless lateness or
// `early` ask for corrections (-U +U once per epoch). A group without rows has no row. A row that
// is too late for its last window (end + lateness <= watermark) goes to push_late; one that is too
// late for some of its windows counts in the others. At the end of the input everything closes. A
// row whose event time is NULL is rejected.
//
// State: one entry per slice and key (slices: the gcd of size and slide; with DISTINCT calls in
// hopping windows: one per window and key); gone when the last window of a slice is final.
// REQUIRES: rows arrive by hash of `keys`.
// Failure: kNotSupported: a call that cannot be kept up to date over changing input.
Result<std::unique_ptr<engine::Operator>> make_window_aggregate(WindowAggregateSpec spec);

}  // namespace millrace::operators
