#include "broker/quotas/connection_rates.h"

#include <gtest/gtest.h>

#include "io/simulated_clock.h"

namespace millrace::broker {
namespace {

class ConnectionRatesTest : public ::testing::Test {
 protected:
  void set(std::optional<std::string> address, std::optional<double> rate) {
    table_.apply(
        commit::Lsn(1),
        QuotaTable::change_command({{"ip", address}}, {{"connection_creation_rate", rate}}).body);
  }
  int let_in(const std::string& address, int attempts) {
    int count = 0;
    for (int i = 0; i < attempts; ++i) count += rates_.wait_ns(address) == 0 ? 1 : 0;
    return count;
  }

  QuotaTable table_;
  io::SimulatedClock clock_{0};
  ConnectionRates rates_{table_, clock_};
};

TEST_F(ConnectionRatesTest, WithoutAQuotaEverybodyIsLetIn) {
  EXPECT_EQ(let_in("10.0.0.1", 1'000), 1'000);
  set("10.0.0.2", 1);
  EXPECT_EQ(let_in("10.0.0.1", 1'000), 1'000);
  EXPECT_EQ(rates_.refused(), 0U);
}

TEST_F(ConnectionRatesTest, ABurstOfTenSecondsIsLetInAndThenTheRateHolds) {
  set("10.0.0.1", 2);
  EXPECT_EQ(let_in("10.0.0.1", 100), 20);
  EXPECT_EQ(rates_.refused(), 80U);
  const int64_t wait_ns = rates_.wait_ns("10.0.0.1");
  EXPECT_GT(wait_ns, 0);
  EXPECT_LE(wait_ns, io::kNsPerSecond);
  int later = 0;
  constexpr int kSeconds = 220;
  for (int second = 0; second < kSeconds; ++second) {
    clock_.advance(io::kNsPerSecond);
    later += let_in("10.0.0.1", 50);
  }
  EXPECT_NEAR(later, 2 * kSeconds, 2 * 22);
}

TEST_F(ConnectionRatesTest, AnAddressHasItsOwnOrTheDefault) {
  set(std::nullopt, 1);
  set("10.0.0.1", 3);
  EXPECT_EQ(let_in("10.0.0.1", 100), 30);
  EXPECT_EQ(let_in("10.0.0.2", 100), 10);
  EXPECT_EQ(let_in("10.0.0.3", 100), 10);
  set("10.0.0.1", std::nullopt);
  EXPECT_EQ(let_in("10.0.0.1", 100), 0);
  set(std::nullopt, std::nullopt);
  EXPECT_EQ(let_in("10.0.0.1", 100), 100);
}

}  // namespace
}  // namespace millrace::broker
