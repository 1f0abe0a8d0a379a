#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"
#include "io/clock.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

// ApiCounter: what was asked of one API, and what came of it.
//
// Threading:  synchronised inside (relaxed atomics).
class alignas(64) ApiCounter {
 public:
  explicit ApiCounter(std::string_view name) : name_(name) {}

  void begin(size_t request_bytes) {
    requests_.fetch_add(1, std::memory_order_relaxed);
    request_bytes_.fetch_add(request_bytes, std::memory_order_relaxed);
  }
  // The answer is on its way to the client.
  void end(size_t response_bytes, int64_t ns) {
    response_bytes_.fetch_add(response_bytes, std::memory_order_relaxed);
    durations_.add(ns);
  }
  // One of the codes of an answer, which is none of kNone.
  void count_error(int16_t code);

  std::string_view name() const { return name_; }
  uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  uint64_t request_bytes() const { return request_bytes_.load(std::memory_order_relaxed); }
  uint64_t response_bytes() const { return response_bytes_.load(std::memory_order_relaxed); }
  HistogramCounts durations() const { return durations_.counts(); }
  // Those that have come up.
  std::vector<std::pair<kafka::ProtocolError, uint64_t>> errors() const;

 private:
  static constexpr int16_t kFirstCode = -1;
  static constexpr size_t kCodes = 160;

  const std::string_view name_;
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> request_bytes_{0};
  std::atomic<uint64_t> response_bytes_{0};
  Histogram durations_{kDurationBoundsNs};
  std::array<std::atomic<uint64_t>, kCodes> errors_{};
};

// ApiCounters: one of each API that has a handler.
//
// Threading:  synchronised inside; which APIs there are is constant after construction.
class ApiCounters {
 public:
  explicit ApiCounters(std::span<const int16_t> keys);

  // nullptr: it has no handler.
  ApiCounter* find(int16_t key) const;
  // In order of keys.
  std::vector<const ApiCounter*> all() const;

  // A request that could not be answered, so its connection ended.
  void count_refused() { refused_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  std::map<int16_t, std::unique_ptr<ApiCounter>> counters_;
  std::atomic<uint64_t> refused_{0};
};

// One request on its way; a plain value. Without a counter nothing is counted.
struct Counted {
  ApiCounter* counter = nullptr;
  io::MonotonicTime began;
};

}  // namespace millrace::broker
