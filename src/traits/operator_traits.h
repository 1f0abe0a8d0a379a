#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::traits {

// What one input of an operator brings with it.
struct PortTraits {
  // Columns whose values route a row to its shard, in order; empty: any shard will do.
  std::vector<uint32_t> key_columns;
  // Whether the operator takes -U and -D on this input.
  bool takes_retractions = true;
};

// OperatorTraits: what an operator is, as plain data: read by the task that runs it and by the
// lowering, which checks it against the properties that the planner derived. Immutable.
struct OperatorTraits {
  std::string name;  // the noun: "window_aggregate"
  std::vector<PortTraits> ports;
  // Whether it may emit -U or -D although its input never does.
  bool makes_retractions = false;
  // Keeps keyed state: gets key groups, takes part in epochs.
  bool stateful = false;
  // Its output's watermark lags its input's by this much (µs).
  int64_t watermark_delay_us = 0;
};

}  // namespace millrace::traits
