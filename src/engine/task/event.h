#pragma once

#include <cstdint>

#include "data/batch.h"
#include "engine/operator.h"
#include "engine/step.h"

namespace millrace::engine {

// What travels between tasks and between the stages of one: rows and, in their order, signals.
enum class EventKind : uint8_t {
  kBatch,
  kLate,       // rows beside the stream, from an operator straight to its task's tail
  kWatermark,  // value: event time
  kTick,       // value: processing time
  kBarrier,    // value: the epoch that ends here
  kIdle,       // value: 1 idle, 0 active again; minima leave idle inputs out
  kEnd,        // no more rows; barriers still follow
};

struct Event {
  EventKind kind = EventKind::kBatch;
  Port port = 0;
  int64_t value = 0;
  // For times into a head with several inputs: what goes on downstream when the port's is done.
  int64_t forward = 0;
  data::Batch batch;

  static Event rows(Port port, data::Batch batch) {
    return {EventKind::kBatch, port, 0, 0, std::move(batch)};
  }
  static Event late(data::Batch batch) { return {EventKind::kLate, 0, 0, 0, std::move(batch)}; }
  static Event signal(EventKind kind, int64_t value = 0) { return {kind, 0, value, value, {}}; }
  static Event time(EventKind kind, Port port, int64_t value, int64_t forward) {
    return {kind, port, value, forward, {}};
  }
  bool is_batch() const { return kind == EventKind::kBatch || kind == EventKind::kLate; }
};

}  // namespace millrace::engine
