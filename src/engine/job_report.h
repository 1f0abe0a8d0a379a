#pragma once

#include <cstdint>
#include <memory>

#include "base/log_histogram.h"
#include "commit/ids.h"
#include "engine/step.h"

namespace millrace::engine {

// What a job tells of itself: plain values.

enum class JobEnd : uint8_t {
  kComplete,         // all inputs ended and all of it is committed
  kStopped,          // on request, after a committed epoch
  kAlreadyComplete,  // an earlier run had completed it; nothing was done
};

struct JobSummary {
  JobEnd end = JobEnd::kComplete;
  commit::Epoch resumed_after;  // the last epoch of an earlier run; 0: there was none
  commit::Epoch last_epoch;
  uint64_t rows_in = 0;
  uint64_t rows_out = 0;
  uint64_t rows_rejected = 0;
  uint64_t rows_late = 0;
  uint64_t rows_skipped = 0;  // rejections of sources that keep none
};

// How far a job is. Rows count since the start of this run.
struct JobProgress {
  uint64_t rows_in = 0;   // decoded by sources
  uint64_t rows_out = 0;  // taken by sinks
  uint64_t rows_late = 0;
  uint64_t rows_rejected = 0;
  uint64_t rows_skipped = 0;
  commit::Epoch committed_epoch;
  Timestamp watermark = kTimeMin;  // the least of all sources'; kTimeMax: all have ended
  uint64_t state_entries = 0;      // as of the last barriers
  int64_t state_bytes = 0;
  // Of committed rows with event time: from that to the commit of their epoch, in µs.
  std::shared_ptr<const LogHistogram> latency_us;
};

}  // namespace millrace::engine
