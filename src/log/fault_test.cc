// The N-th I/O call fails, for N = 1, 2, 3, … until a run ends without a failure.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using commit::TaskId;

struct Known {
  std::vector<std::string> acknowledged;  // values of partition 0, in order
  std::vector<std::string> maybe;         // sent, and refused or not answered
  uint64_t epoch = 0;
};

LogOptions tiny() {
  LogOptions options = small_log();
  options.ring_bytes = options.ring_bytes_max = 256 << 10;
  options.unit_ring_bytes_max = 8 << 10;
  options.settle_idle_ns = io::kNsPerMs;
  options.own_file_bytes = 48 << 10;
  options.merge_files_min = 3;
  return options;
}

// Appends, units in the ring and in spill files, a few laps. Goes on after errors as a client
// would.
void work(io::World world, const LogOptions& options, Known& known) {
  LogDriver driver(world, options);
  if (!driver.is_open()) return;
  const PartitionId in = driver.make_partition("in");
  const PartitionId out = driver.make_partition("out");
  const auto job = driver.open_job("job");
  uint64_t epoch = known.epoch;
  bool alive = job.has_value();
  for (int i = 0; i < 30; ++i) {
    const std::string value = std::to_string(i) + std::string(9000, 'v');
    (driver.append(in, batch_of({value})) ? known.acknowledged : known.maybe).push_back(value);
    if (!alive || i % 5 != 0) continue;
    auto unit = driver.begin(*job, epoch + 1);
    alive = unit.has_value();
    for (int part = 0; alive && part < 4; ++part) {
      const std::string text = std::to_string(epoch + 1) + std::string(3000, 'o');
      alive = driver.stage(**unit, out, batch_of({text})).has_value();
    }
    commit::DeltaBuilder delta;
    delta.put(commit::KeyGroup(0), commit::StateId(0), "epoch", std::to_string(epoch + 1));
    alive = alive && driver.stage_state(**unit, TaskId(1), delta.finish()).has_value() &&
            driver.commit(**unit).has_value();
    if (alive) known.epoch = ++epoch;
  }
}

void check(io::World world, const LogOptions& options, const Known& known) {
  LogDriver driver(world, options);
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  std::vector<std::string> found = driver.values(driver.make_partition("in"));
  for (std::string& text : found) text.erase(0, text.find(':') + 1);
  std::erase_if(found, [&](const std::string& value) {
    return std::ranges::find(known.maybe, value) != known.maybe.end();
  });
  ASSERT_THAT(found, testing::ElementsAreArray(known.acknowledged));
  const auto job = driver.open_job("job");
  ASSERT_TRUE(job.has_value());
  const uint64_t epoch = driver.log().jobs().recover(job->job)->last_epoch.value();
  ASSERT_GE(epoch, known.epoch);
  ASSERT_LE(epoch, known.epoch + 1);
  ASSERT_EQ(driver.values(driver.make_partition("out")).size(), epoch * 4);
  const auto state = driver.state(job->job);
  ASSERT_TRUE(state.has_value());
  if (epoch > 0) {
    ASSERT_EQ((*state)[0].second, std::to_string(epoch));
  }
}

void fail_every_call(io::Fault fault, uint64_t step) {
  for (uint64_t nth = 1;; nth += step) {
    SCOPED_TRACE("call " + std::to_string(nth));
    io::SimulatedWorld world({.seed = nth});
    const LogOptions options = tiny();
    Known known;
    fault.nth = nth;
    world.files().inject(fault);
    const uint64_t before = world.files().calls();
    work(world.world(), options, known);
    const bool over = world.files().calls() - before < nth;
    world.files().clear_faults();
    world.files().crash(io::CrashMode::kLoseUnsynced);
    world.files().recover();
    check(world.world(), options, known);
    if (testing::Test::HasFatalFailure() || over) break;
  }
}

TEST(Fault, AnyCallMayFailAndNothingAcknowledgedIsLost) {
  fail_every_call({.call = io::FileCall::kAny, .code = ErrorCode::kIoFailed}, 1);
}

TEST(Fault, TheDiskMayBeFullFromAnyCallOn) {
  for (uint64_t nth = 1; nth < 200; nth += 7) {
    io::SimulatedWorld world({.seed = nth});
    Known known;
    world.files().inject(
        {.call = io::FileCall::kWrite, .nth = nth, .lasting = true, .code = ErrorCode::kDiskFull});
    work(world.world(), tiny(), known);
    world.files().clear_faults();
    world.files().crash(io::CrashMode::kLoseUnsynced);
    world.files().recover();
    check(world.world(), tiny(), known);
    ASSERT_FALSE(testing::Test::HasFatalFailure()) << "from write " << nth;
  }
}

// A failed sync of the ring stops everything: nothing is acknowledged after it, on any seed.
TEST(Fault, AfterAFailedSyncOfTheRingNothingIsAcknowledged) {
  for (uint64_t nth = 1; nth < 40; ++nth) {
    io::SimulatedWorld world({.seed = nth});
    LogOptions options = tiny();
    int fatal = 0;
    options.on_fatal = [&](const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kSyncFailed);
      ++fatal;
    };
    LogDriver driver(world.world(), options);
    const PartitionId partition = driver.make_partition("t");
    world.files().inject({.call = io::FileCall::kSync, .nth = nth, .path_part = "ring"});
    bool failed = false;
    for (int i = 0; i < 60; ++i) {
      const auto appended = driver.append(partition, batch_of({std::string(3000, 'x')}));
      ASSERT_FALSE(failed && appended.has_value());
      failed = failed || !appended;
    }
    ASSERT_TRUE(failed);
    ASSERT_EQ(fatal, 1);
  }
}

}  // namespace
}  // namespace millrace::log
