#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

#include "broker/quotas/quota_table.h"
#include "broker/quotas/sampled_rate.h"
#include "broker/quotas/token_bucket.h"
#include "broker/quotas/toll.h"
#include "kafka/request_header.h"

namespace millrace::broker {

// ClientQuotas: holds clients to what the table allows them: bytes produced and fetched per second,
// per cent of one thread's time, and partitions made and removed per second. A client above its
// rate is answered, told how long to wait, and not read from for so long.
//
// Threading:  synchronised inside.
// Ownership:  table and clock outlive it, and it the tolls.
class ClientQuotas {
 public:
  ClientQuotas(const QuotaTable& table, const io::Clock& clock) : table_(table), clock_(clock) {}
  ClientQuotas(const ClientQuotas&) = delete;
  ClientQuotas& operator=(const ClientQuotas&) = delete;

  // Of a request that has just come; null: nobody has a quota.
  TollPtr toll(const kafka::RequestHeader& header, size_t request_bytes);

  // Answers that told a client to wait, and for how long together.
  uint64_t throttled() const { return throttled_.load(std::memory_order_relaxed); }
  uint64_t throttled_ms() const { return throttled_ms_.load(std::memory_order_relaxed); }

 private:
  class RequestToll;
  using Client = std::tuple<std::string, std::string, std::string>;  // key, user, client-id
  // Counts `amount` and says for how long the client of `key` is above its quota.
  double record(const char* key, const std::string& client_id, double amount);
  // The same for partitions, which may be refused.
  struct Charged {
    bool accepted = true;
    double seconds = 0;
  };
  Charged charge(const std::string& client_id, size_t partitions, bool may_refuse);
  // Whose a quota is, in a map by client.
  static Client owner(const char* key, const QuotaTable::Bound& quota,
                      const std::string& client_id);
  void forget_silent(io::MonotonicTime now);

  const QuotaTable& table_;
  const io::Clock& clock_;
  std::mutex mutex_;
  std::map<Client, SampledRate> rates_;
  std::map<Client, TokenBucket> buckets_;
  size_t tidy_at_ = 1'000;  // when those that are silent are forgotten
  std::atomic<uint64_t> throttled_ = 0;
  std::atomic<uint64_t> throttled_ms_ = 0;
};

}  // namespace millrace::broker
