#include "log/calls/read_counters.h"

namespace millrace::log {
namespace {

// Most reads touch few of the counters.
void grow(std::atomic<uint64_t>& counter, uint64_t by) {
  if (by > 0) counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

void ReadCounters::Given::add(const GivenBatches& given) {
  grow(batches, given.batches);
  grow(bytes, given.bytes);
}

GivenBatches ReadCounters::Given::sum() const {
  return {.batches = batches.load(std::memory_order_relaxed),
          .bytes = bytes.load(std::memory_order_relaxed)};
}

void ReadCounters::add(const ReadStats& read) {
  from_ring_.add(read.from_ring);
  from_files_.add(read.from_files);
  from_ahead_.add(read.from_ahead);
  grow(ahead_hits_, read.ahead_hits);
  grow(ahead_misses_, read.ahead_misses);
}

ReadStats ReadCounters::stats() const {
  return {.from_ring = from_ring_.sum(),
          .from_files = from_files_.sum(),
          .from_ahead = from_ahead_.sum(),
          .ahead_hits = ahead_hits_.load(std::memory_order_relaxed),
          .ahead_misses = ahead_misses_.load(std::memory_order_relaxed)};
}

}  // namespace millrace::log
