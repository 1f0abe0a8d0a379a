#pragma once

#include <cstdint>
#include <vector>

#include "base/log_histogram.h"
#include "engine/step.h"

namespace millrace::engine {

// Rows whose event times lie between two.
struct EventTimeSpan {
  Timestamp least = kTimeMax;
  Timestamp most = kTimeMin;
  uint64_t rows = 0;
};

// EventTimeSpans: when the rows happened that one epoch of a source task holds, batch by batch;
// what is known when the epoch commits makes latencies of it.
//
// Bounded: spans within a millisecond are one, and beyond kSpansMax the last one widens.
//
// Threading:  a value; confined to one task, then to the coordinator.
class EventTimeSpans {
 public:
  static constexpr size_t kSpansMax = 1024;

  void add(EventTimeSpan span);
  const std::vector<EventTimeSpan>& spans() const { return spans_; }

  // How long the rows took until `committed`, in µs; those of a span lie evenly in it.
  void tell(Timestamp committed, LogHistogram& latency) const;

 private:
  std::vector<EventTimeSpan> spans_;
};

}  // namespace millrace::engine
