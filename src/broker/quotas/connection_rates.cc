#include "broker/quotas/connection_rates.h"

#include <algorithm>

namespace millrace::broker {
namespace {

// As Kafka: a sample's time, whatever the rate.
constexpr double kSecondsMax = 1;

}  // namespace

int64_t ConnectionRates::wait_ns(const std::string& address) {
  if (table_.empty()) return 0;
  const auto bound = table_.find_connection_rate(address);
  if (!bound) return 0;
  const io::MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (rates_.size() >= tidy_at_) {
    std::erase_if(rates_, [&](const auto& entry) { return entry.second.forgotten(now); });
    tidy_at_ = std::max<size_t>(2 * rates_.size(), 1'000);
  }
  SampledRate& rate = rates_[address];
  rate.record(1, now);
  const double seconds = std::min(rate.seconds_over(*bound, now), kSecondsMax);
  if (seconds <= 0) return 0;
  // It was none: only those that are let in count.
  rate.record(-1, now);
  refused_.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int64_t>(seconds * static_cast<double>(io::kNsPerSecond));
}

}  // namespace millrace::broker
