#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "broker/quotas/quota_table.h"
#include "broker/quotas/sampled_rate.h"

namespace millrace::broker {

// ConnectionRates: holds addresses to how many connections per second the table allows them
// (connection_creation_rate).
//
// Threading:  synchronised inside.
// Ownership:  table and clock outlive it.
class ConnectionRates {
 public:
  ConnectionRates(const QuotaTable& table, const io::Clock& clock) : table_(table), clock_(clock) {}
  ConnectionRates(const ConnectionRates&) = delete;
  ConnectionRates& operator=(const ConnectionRates&) = delete;

  // Somebody connects from there. 0: he is let in; else he is to be kept for so long, and then
  // closed: who tries again at once waits all the same.
  int64_t wait_ns(const std::string& address);

  // Connections that were not let in.
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  const QuotaTable& table_;
  const io::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, SampledRate> rates_;
  size_t tidy_at_ = 1'000;  // when those that are silent are forgotten
  std::atomic<uint64_t> refused_ = 0;
};

}  // namespace millrace::broker
