#include "broker/quotas/client_quotas.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace millrace::broker {
namespace {

constexpr const char* kProduced = "producer_byte_rate";
constexpr const char* kFetched = "consumer_byte_rate";
constexpr const char* kTime = "request_percentage";
constexpr const char* kMutations = "controller_mutation_rate";
constexpr int16_t kProduceKey = 0;
constexpr int16_t kFetchKey = 1;
// Nobody has to say who he is.
const std::string kUser = "ANONYMOUS";
constexpr double kRequestSecondsMax = 1;

int64_t milliseconds(double seconds) {
  constexpr double kMax = std::numeric_limits<int32_t>::max();
  return static_cast<int64_t>(std::min(std::ceil(seconds * 1e3), kMax));
}

}  // namespace

class ClientQuotas::RequestToll final : public Toll {
 public:
  RequestToll(ClientQuotas& quotas, const kafka::RequestHeader& header, size_t request_bytes)
      : quotas_(quotas),
        api_(header.api_key),
        client_id_(header.client_id.value_or("")),
        begun_(quotas.clock_.now()) {
    if (api_ != kProduceKey) return;
    due_seconds_ = quotas_.record(kProduced, client_id_, static_cast<double>(request_bytes));
  }

  int64_t due_ms() const override { return milliseconds(due_seconds_); }

  int64_t pay(size_t response_bytes) override {
    double seconds = std::min(count_time(), kRequestSecondsMax);
    seconds = std::max({seconds, due_seconds_, mutation_seconds_.load()});
    if (api_ == kFetchKey) {
      const auto bytes = static_cast<double>(response_bytes);
      seconds = std::max(seconds, quotas_.record(kFetched, client_id_, bytes));
    }
    const int64_t ms = milliseconds(seconds);
    if (ms > 0) {
      quotas_.throttled_.fetch_add(1, std::memory_order_relaxed);
      quotas_.throttled_ms_.fetch_add(static_cast<uint64_t>(ms), std::memory_order_relaxed);
    }
    return ms;
  }

  bool charge_partitions(size_t count, bool may_refuse) override {
    const Charged charged = quotas_.charge(client_id_, count, may_refuse);
    mutation_seconds_ = std::max(mutation_seconds_.load(), charged.seconds);
    return charged.accepted;
  }

  void worked() override {
    count_time();
    returned_ = true;
  }

 private:
  // Counts the handler's time that was not counted yet; how long it is too much for.
  double count_time() {
    int64_t ns = 0;
    if (!returned_) {
      ns = quotas_.clock_.now() - begun_;
      ns -= std::min(ns, counted_ns_.exchange(ns));
    }
    const double percent = 1e2 * static_cast<double>(ns) / static_cast<double>(io::kNsPerSecond);
    return quotas_.record(kTime, client_id_, percent);
  }

  ClientQuotas& quotas_;
  const int16_t api_;
  const std::string client_id_;
  const io::MonotonicTime begun_;
  double due_seconds_ = 0;
  std::atomic<double> mutation_seconds_ = 0;
  std::atomic<int64_t> counted_ns_ = 0;
  std::atomic<bool> returned_ = false;
};

TollPtr ClientQuotas::toll(const kafka::RequestHeader& header, size_t request_bytes) {
  if (table_.empty()) return nullptr;
  return std::make_shared<RequestToll>(*this, header, request_bytes);
}

double ClientQuotas::record(const char* key, const std::string& client_id, double amount) {
  const auto quota = table_.find(key, kUser, client_id);
  if (!quota) return 0;
  const io::MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (rates_.size() + buckets_.size() >= tidy_at_) forget_silent(now);
  SampledRate& rate = rates_[owner(key, *quota, client_id)];
  rate.record(amount, now);
  return rate.seconds_over(quota->value, now);
}

ClientQuotas::Client ClientQuotas::owner(const char* key, const QuotaTable::Bound& quota,
                                         const std::string& client_id) {
  return {key, quota.of_user ? kUser : "", quota.of_client ? client_id : ""};
}

ClientQuotas::Charged ClientQuotas::charge(const std::string& client_id, size_t partitions,
                                           bool may_refuse) {
  const auto quota = table_.find(kMutations, kUser, client_id);
  if (!quota) return {};
  const io::MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (rates_.size() + buckets_.size() >= tidy_at_) forget_silent(now);
  TokenBucket& bucket = buckets_[owner(kMutations, *quota, client_id)];
  const bool accepted = bucket.open(quota->value, now) || !may_refuse;
  if (accepted) bucket.take(static_cast<double>(partitions), quota->value, now);
  // Who may be refused waits when he is, and not before.
  const bool waits = !accepted || !may_refuse;
  return {accepted, waits ? bucket.seconds_until_open(quota->value, now) : 0};
}

void ClientQuotas::forget_silent(io::MonotonicTime now) {
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.forgotten(now); });
  std::erase_if(rates_, [&](const auto& entry) { return entry.second.forgotten(now); });
  tidy_at_ = std::max<size_t>(2 * (rates_.size() + buckets_.size()), 1'000);
}

}  // namespace millrace::broker
