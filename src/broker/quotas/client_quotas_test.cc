#include "broker/quotas/client_quotas.h"

#include <gtest/gtest.h>

#include <string>

#include "io/simulated_clock.h"

namespace millrace::broker {
namespace {

constexpr int16_t kProduceKey = 0;
constexpr int16_t kFetchKey = 1;
constexpr int16_t kHeartbeat = 12;
constexpr int16_t kCreateTopics = 19;

class Quotas : public ::testing::Test {
 protected:
  void set(const QuotaEntity& entity, const std::string& key, std::optional<double> value) {
    table_.apply(commit::Lsn(1), QuotaTable::change_command(entity, {{key, value}}).body);
  }
  int64_t throttle(int16_t api, const std::string& client, size_t request, size_t response = 0,
                   int64_t work_ns = 0) {
    const TollPtr toll = quotas_.toll({.api_key = api, .client_id = client}, request);
    if (toll == nullptr) return 0;
    clock_.advance(work_ns);
    const int64_t ms = toll->pay(response);
    toll->worked();
    return ms;
  }
  double bound(const std::string& user, const std::string& client) {
    const auto found = table_.find("producer_byte_rate", user, client);
    return found ? found->value : 0;
  }

  QuotaTable table_;
  io::SimulatedClock clock_{0};
  ClientQuotas quotas_{table_, clock_};
};

TEST_F(Quotas, TheNearestOneHolds) {
  const std::string key = "producer_byte_rate";
  const std::optional<std::string> any;
  EXPECT_EQ(bound("u", "c"), 0);
  set({{"client-id", any}}, key, 1);
  EXPECT_EQ(bound("u", "c"), 1);
  set({{"client-id", "c"}}, key, 2);
  EXPECT_EQ(bound("u", "c"), 2);
  EXPECT_EQ(bound("u", "d"), 1);
  set({{"user", any}}, key, 3);
  EXPECT_EQ(bound("u", "c"), 3);
  set({{"user", any}, {"client-id", any}}, key, 4);
  EXPECT_EQ(bound("u", "c"), 4);
  set({{"user", any}, {"client-id", "c"}}, key, 5);
  EXPECT_EQ(bound("u", "c"), 5);
  set({{"user", "u"}}, key, 6);
  EXPECT_EQ(bound("u", "c"), 6);
  EXPECT_EQ(bound("v", "c"), 5);
  set({{"user", "u"}, {"client-id", any}}, key, 7);
  EXPECT_EQ(bound("u", "c"), 7);
  set({{"user", "u"}, {"client-id", "c"}}, key, 8);
  EXPECT_EQ(bound("u", "c"), 8);
  set({{"user", "u"}, {"client-id", "c"}}, key, std::nullopt);
  EXPECT_EQ(bound("u", "c"), 7);
}

TEST_F(Quotas, WithoutAnyNobodyPays) {
  EXPECT_EQ(quotas_.toll({.api_key = kProduceKey}, 1), nullptr);
  set({{"client-id", "other"}}, "producer_byte_rate", 1);
  EXPECT_EQ(throttle(kProduceKey, "c", 1'000'000), 0);
  EXPECT_EQ(throttle(kFetchKey, "other", 1'000'000, 1'000'000), 0);
}

TEST_F(Quotas, ABurstOfTenSecondsIsFreeAndWhatIsAboveIsWaitedFor) {
  set({{"client-id", "c"}}, "producer_byte_rate", 1'000);
  EXPECT_EQ(throttle(kProduceKey, "c", 10'000), 0);
  EXPECT_EQ(throttle(kProduceKey, "c", 2'000), 2'000);
}

TEST_F(Quotas, WhatIsProducedCountsWhenItComesAndOnce) {
  set({{"client-id", "c"}}, "producer_byte_rate", 1'000);
  const TollPtr toll = quotas_.toll({.api_key = kProduceKey, .client_id = "c"}, 12'000);
  EXPECT_EQ(toll->due_ms(), 2'000);
  EXPECT_EQ(toll->pay(10), 2'000);
  EXPECT_EQ(quotas_.toll({.api_key = kFetchKey, .client_id = "c"}, 12'000)->due_ms(), 0);
}

// A client that waits as it is told keeps to its rate. (A request of more than ten seconds' worth
// is forgotten before it has been waited for, in Kafka as here.)
TEST_F(Quotas, TheRateOfAClientThatIsThrottledIsItsQuota) {
  for (const size_t request : {100UL, 5'000UL, 9'000UL}) {
    const std::string client = "c" + std::to_string(request);
    for (const auto& [api, key] : {std::pair{kProduceKey, "producer_byte_rate"},
                                   std::pair{kFetchKey, "consumer_byte_rate"}}) {
      set({{"client-id", client}}, key, 1'000);
      const auto begin = clock_.now();
      double bytes = 0;
      while (clock_.now() - begin < 600 * io::kNsPerSecond) {
        const int64_t ms = throttle(api, client, request, request);
        bytes += static_cast<double>(request);
        clock_.advance((ms + 1) * io::kNsPerMs);
      }
      const double seconds =
          static_cast<double>(clock_.now() - begin) / static_cast<double>(io::kNsPerSecond);
      EXPECT_NEAR(bytes / seconds, 1'000, 150) << client << " " << key;
    }
  }
}

TEST_F(Quotas, AllClientsOfAUserShareItsQuota) {
  set({{"user", "ANONYMOUS"}}, "consumer_byte_rate", 1'000);
  EXPECT_EQ(throttle(kFetchKey, "a", 10, 10'000), 0);
  EXPECT_GT(throttle(kFetchKey, "b", 10, 10'000), 0);
}

TEST_F(Quotas, ADefaultIsForEachClientItsOwn) {
  set({{"client-id", std::nullopt}}, "consumer_byte_rate", 1'000);
  EXPECT_EQ(throttle(kFetchKey, "a", 10, 10'000), 0);
  EXPECT_EQ(throttle(kFetchKey, "b", 10, 10'000), 0);
  EXPECT_GT(throttle(kFetchKey, "a", 10, 10'000), 0);
}

TEST_F(Quotas, MutationsAreRefusedWhileTheBucketIsOverdrawn) {
  set({{"client-id", "c"}}, "controller_mutation_rate", 2);
  const auto change = [&](size_t partitions, bool may_refuse) {
    const TollPtr toll = quotas_.toll({.api_key = kCreateTopics, .client_id = "c"}, 10);
    const bool accepted = toll->charge_partitions(partitions, may_refuse);
    return std::pair(accepted, toll->pay(10));
  };
  EXPECT_EQ(change(20, true), std::pair(true, int64_t{0}));
  // Two are left; whoever comes before it is empty may take more, and the next one waits for it.
  EXPECT_EQ(change(8, true), std::pair(true, int64_t{0}));
  EXPECT_EQ(change(1, true), std::pair(false, int64_t{3'000}));
  EXPECT_EQ(change(1, true), std::pair(false, int64_t{3'000}));
  clock_.advance(2 * io::kNsPerSecond);
  EXPECT_EQ(change(1, true), std::pair(false, int64_t{1'000}));
  clock_.advance(io::kNsPerSecond);
  EXPECT_EQ(change(1, true), std::pair(true, int64_t{0}));
  // Clients that do not know the code are not refused, but wait.
  EXPECT_EQ(change(3, false), std::pair(true, int64_t{2'000}));
  EXPECT_EQ(change(1, false), std::pair(true, int64_t{2'500}));
  clock_.advance(100 * io::kNsPerSecond);
  EXPECT_EQ(change(22, true), std::pair(true, int64_t{0}));
  EXPECT_EQ(change(0, true), std::pair(true, int64_t{0}));
  EXPECT_EQ(quotas_.throttled(), 5U);
  EXPECT_TRUE(quotas_.toll({.api_key = kCreateTopics, .client_id = "d"}, 10)
                  ->charge_partitions(1'000, true));
}

TEST_F(Quotas, TimeIsThrottledByASecondAtMost) {
  set({{"client-id", "c"}}, "request_percentage", 1);
  EXPECT_EQ(throttle(kHeartbeat, "c", 10, 10, 50 * io::kNsPerMs), 0);
  EXPECT_EQ(throttle(kHeartbeat, "c", 10, 10, 500 * io::kNsPerMs), 1'000);
  EXPECT_EQ(quotas_.throttled(), 1U);
  EXPECT_EQ(quotas_.throttled_ms(), 1'000U);
  clock_.advance(20 * io::kNsPerSecond);
  EXPECT_EQ(throttle(kHeartbeat, "c", 10, 10, 50 * io::kNsPerMs), 0);
}

}  // namespace
}  // namespace millrace::broker
