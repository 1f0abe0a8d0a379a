// On real files and threads.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <set>

#include "base/memory_account.h"
#include "io/posix_world.h"
#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using commit::TaskId;

class PosixTest : public testing::Test {
 protected:
  PosixTest() {
    options_ = small_log();
    options_.folder = testing::TempDir() + "millrace_log_" + std::to_string(getpid()) + "_" +
                      testing::UnitTest::GetInstance()->current_test_info()->name();
    EXPECT_TRUE(io::remove_tree(world_.world().files, options_.folder).has_value());
  }
  ~PosixTest() override { (void)io::remove_tree(world_.world().files, options_.folder); }

  io::PosixWorld world_;
  LogOptions options_;
};

// Looks at the ends of all partitions again and again, each time in one call.
struct Onlooker {
  Log& log;
  const std::vector<PartitionId> partitions;
  std::atomic<bool> stop = false;
  std::atomic<int> looks = 0;
  std::atomic<int> torn = 0;
  io::Notification stopped = {};
  std::unique_ptr<io::Executor> executor = nullptr;  // its tasks use all of the above

  void saw(const std::set<int64_t>& ends) {
    if (ends.size() != 1) ++torn;
    ++looks;
    if (stop) return stopped.set();
    look();
  }
  void look() {
    if (looks % 2 == 0) {
      commit::ReadRequest request;
      for (const PartitionId id : partitions) request.partitions.push_back({.partition = id});
      return log.reader().read(std::move(request), *executor, [this](auto answers) {
        std::set<int64_t> ends;
        for (const auto& answer : answers.value()) {
          ends.insert(answer.error ? -2 : answer.high_watermark);
        }
        saw(ends);
      });
    }
    std::vector<commit::OffsetQuery> queries;
    for (const PartitionId id : partitions) queries.push_back({.partition = id});
    log.reader().offsets(std::move(queries), *executor, [this](auto answers) {
      std::set<int64_t> ends;
      for (const auto& answer : answers.value()) ends.insert(answer.value_or(-2));
      saw(ends);
    });
  }
};

TEST_F(PosixTest, ACommitIsVisibleInAllPartitionsOrInNoneToEveryReader) {
  io::Threads& threads = world_.world().threads;
  LogDriver driver(world_.world(), options_);
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  const PartitionId first = driver.make_partition("t", 0, 3);
  const std::vector<PartitionId> all{first, {first.topic, 1}, {first.topic, 2}};
  const auto job = driver.open_job("job");
  std::vector<std::unique_ptr<Onlooker>> onlookers;
  for (int i = 0; i < 3; ++i) {
    onlookers.emplace_back(
        new Onlooker{.log = driver.log(),
                     .partitions = all,
                     .executor = threads.start({.name = "onlooker", .nice = 0})});
    onlookers.back()->look();
  }
  for (uint64_t epoch = 1; epoch <= 400 || onlookers[0]->looks < 400; ++epoch) {
    auto unit = *driver.begin(*job, epoch);
    for (const PartitionId id : all) {
      ASSERT_TRUE(driver.stage(*unit, id, batch_of({std::string(2000, 'x')})).has_value());
    }
    ASSERT_TRUE(driver.commit(*unit).has_value());
  }
  for (const auto& onlooker : onlookers) {
    onlooker->stop = true;
    threads.wait(onlooker->stopped);
    EXPECT_EQ(onlooker->torn, 0);
  }
  EXPECT_GE(driver.log().status().checkpoint_generation, 1U);
}

// Appends one value after the other, each when the one before is durable.
struct Client {
  Log& log;
  const PartitionId to;
  const std::string name;
  const int count;
  int next = 0;
  int carried = 0;
  io::Notification done = {};
  std::unique_ptr<io::Executor> executor = nullptr;  // its tasks use all of the above

  void append() {
    // What nobody waits for is answered last.
    if (next == count) {
      return executor->post([this] {
        EXPECT_EQ(carried, (count + 2) / 3);
        done.set();
      });
    }
    const auto value = [&] {
      return batch_of({name + "." + std::to_string(next++) + std::string(3000, ' ')});
    };
    // Each third one stands in the log, and is not waited for, before the next.
    if (next % 3 == 0) {
      log.appender().append(to, value(), commit::Acks::kCarried, *executor,
                            [this](const Result<commit::Appended>& appended) {
                              carried += appended.has_value() ? 1 : 0;
                            });
    }
    log.appender().append(to, value(), commit::Acks::kDurable, *executor,
                          [this](const Result<commit::Appended>& appended) {
                            EXPECT_TRUE(appended.has_value());
                            append();
                          });
  }
};

TEST_F(PosixTest, ManyAppendersKeepTheirOrderThroughManyLaps) {
  constexpr int kClients = 4;
  constexpr int kEach = 600;
  io::Threads& threads = world_.world().threads;
  std::vector<PartitionId> partitions;
  {
    LogDriver driver(world_.world(), options_);
    partitions = {driver.make_partition("t", 0, 2), driver.make_partition("t", 1, 2)};
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < kClients; ++i) {
      clients.emplace_back(new Client{.log = driver.log(),
                                      .to = partitions[static_cast<size_t>(i % 2)],
                                      .name = std::to_string(i),
                                      .count = kEach,
                                      .executor = threads.start({.name = "client", .nice = 0})});
      clients.back()->append();
    }
    for (const auto& client : clients) threads.wait(client->done);
  }
  LogDriver driver(world_.world(), options_);
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  std::map<int, int> next;
  for (const PartitionId id : partitions) {
    for (const std::string& text : driver.values(id)) {
      const std::string value = text.substr(text.find(':') + 1);
      const int client = std::stoi(value);
      EXPECT_EQ(std::stoi(value.substr(value.find('.') + 1)), next[client]++);
    }
  }
  for (int i = 0; i < kClients; ++i) EXPECT_EQ(next[i], kEach);
}

TEST_F(PosixTest, ALogMayBeClosedWhileItIsBusy) {
  for (int round = 0; round < 40; ++round) {
    std::atomic<int> answered = 0;
    LogDriver driver(world_.world(), options_);
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    const PartitionId partition = driver.make_partition("t");
    for (int i = 0; i < 40 + round * 10; ++i) {
      driver.log().appender().append(partition, batch_of({std::string(8000, 'x')}),
                                     commit::Acks::kDurable, driver.executor(),
                                     [&](Result<commit::Appended>) { ++answered; });
    }
    while (answered < round * 10) (void)driver.ends({partition});
  }
}

TEST_F(PosixTest, AUnitMuchLargerThanItsMemoryGoesThroughSpillFiles) {
  constexpr uint64_t kUnitBytes = 256 << 20;
  MemoryAccount account("unit");
  options_.staging_bytes_max = 4 << 20;
  options_.spill_file_bytes = 64 << 20;
  options_.sync = false;
  LogDriver driver(world_.world(), options_);
  const PartitionId partition = driver.make_partition("t");
  const auto job = driver.open_job("job");
  auto unit = *driver.begin(*job, 1);
  int64_t most = 0;
  int64_t staged = 0;
  for (uint64_t bytes = 0; bytes < kUnitBytes; bytes += 1 << 20) {
    record::BatchBuilder builder({.account = &account});
    ASSERT_TRUE(builder.append({.timestamp_ms = 1, .value = std::string(1 << 20, 'u')}));
    ASSERT_TRUE(driver.stage(*unit, partition, *commit::RecordBatch::of(builder.build())));
    most = std::max(most, account.bytes());
    ++staged;
  }
  ASSERT_TRUE(driver.commit(*unit).has_value());
  EXPECT_LT(most, 12 << 20);
  EXPECT_THAT(driver.ends({partition}), testing::ElementsAre(staged));
  const auto last = driver.read({{.partition = partition, .offset = staged - 1}});
  EXPECT_EQ((*last)[0].batches.size(), 1U);
}

TEST_F(PosixTest, TenThousandPartitionsAreBackInUnderASecond) {
  options_.ring_bytes = options_.ring_bytes_max = 16 << 20;
  PartitionId first;
  {
    LogDriver driver(world_.world(), options_);
    first = driver.make_partition("wide", 0, 10'000);
    std::atomic<int> done = 0;
    for (uint32_t index = 0; index < 10'000; ++index) {
      driver.log().appender().append({first.topic, index}, batch_of({std::string(500, 'x')}),
                                     commit::Acks::kDurable, driver.executor(),
                                     [&](Result<commit::Appended>) { ++done; });
    }
    while (done < 10'000) (void)driver.ends({first});
  }
  const io::MonotonicTime start = world_.world().clock.now();
  LogDriver driver(world_.world(), options_);
  const int64_t took = world_.world().clock.now() - start;
  ASSERT_TRUE(driver.is_open());
  EXPECT_THAT(driver.ends({first, {first.topic, 9'999}}), testing::ElementsAre(1, 1));
  EXPECT_LT(took, io::kNsPerSecond);
  RecordProperty("recovery_ms", std::to_string(took / io::kNsPerMs));
}

}  // namespace
}  // namespace millrace::log
