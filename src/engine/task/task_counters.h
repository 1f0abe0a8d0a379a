#pragma once

#include <atomic>
#include <cstdint>

#include "engine/step.h"

namespace millrace::engine {

// TaskCounters: what a task tells about itself. Threading: one writer, any readers.
struct alignas(64) TaskCounters {
  std::atomic<uint64_t> rows_in{0};
  std::atomic<uint64_t> rows_out{0};
  std::atomic<uint64_t> rows_late{0};
  std::atomic<uint64_t> rows_rejected{0};
  std::atomic<uint64_t> rows_skipped{0};  // rejections that nobody keeps
  std::atomic<uint64_t> state_entries{0};
  std::atomic<int64_t> state_bytes{0};
  // Of source tasks: the watermark, and whether minima leave it out.
  std::atomic<Timestamp> watermark{kTimeMin};
  std::atomic<bool> idle{false};

  static void add(std::atomic<uint64_t>& counter, uint64_t count) {
    counter.store(counter.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
  }
};

}  // namespace millrace::engine
