#pragma once

#include <atomic>
#include <cstdint>

#include "log/calls/read_stats.h"

namespace millrace::log {

// ReadCounters: adds up what reads came to. Synchronised inside.
class ReadCounters {
 public:
  void add(const ReadStats& read);
  // Without what is held now.
  ReadStats stats() const;

 private:
  struct Given {
    std::atomic<uint64_t> batches{0};
    std::atomic<uint64_t> bytes{0};
    void add(const GivenBatches& given);
    GivenBatches sum() const;
  };
  Given from_ring_;
  Given from_files_;
  Given from_ahead_;
  std::atomic<uint64_t> ahead_hits_{0};
  std::atomic<uint64_t> ahead_misses_{0};
};

}  // namespace millrace::log
