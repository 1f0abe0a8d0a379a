// Damaged files are named and never served; what they do not hold goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using testing::HasSubstr;

class DamageTest : public testing::Test {
 protected:
  // A few laps, so that there are a ring, segments and a checkpoint.
  DamageTest() {
    LogDriver driver(world_.world());
    first_ = driver.make_partition("first");
    second_ = driver.make_partition("second");
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(driver.append(first_, batch_of({std::string(20'000, 'x')})).has_value());
    }
    EXPECT_TRUE(driver.append(second_, batch_of({"kept"})).has_value());
    EXPECT_GE(driver.log().status().checkpoint_generation, 1U);
    // The seal witnesses the last group.
    world_.threads().run_for(io::kNsPerSecond);
  }
  std::string only_file(const std::string& folder) {
    return folder + "/" + world_.files().list(folder).value().at(0);
  }
  Error open_error() {
    LogDriver driver(world_.world());
    return driver.open_error().value_or(Error(ErrorCode::kInternal, "it opened"));
  }

  io::SimulatedWorld world_;
  PartitionId first_;
  PartitionId second_;
};

TEST_F(DamageTest, ATruncatedRingFileIsNamed) {
  const std::string path = only_file("/data/ring");
  const auto file = world_.files().open(path, io::OpenMode::kReadWrite).value();
  ASSERT_TRUE(file->truncate(700'000).has_value());
  const Error error = open_error();
  EXPECT_EQ(error.code(), ErrorCode::kRingDamaged);
  EXPECT_EQ(error.place(), path);
  EXPECT_THAT(error.message(), HasSubstr("700000 bytes instead of 1048576"));
}

TEST_F(DamageTest, ADamagedOrMissingCheckpointIsNamed) {
  const std::string path = only_file("/data/checkpoint");
  world_.files().flip_bit(path, 40, 3);
  EXPECT_EQ(open_error().code(), ErrorCode::kRingDamaged);
  EXPECT_EQ(open_error().place(), path);
  ASSERT_TRUE(world_.files().remove(path).has_value());
  EXPECT_EQ(open_error().code(), ErrorCode::kRingDamaged);
}

TEST_F(DamageTest, AMissingSegmentFileIsNamed) {
  const std::string path = only_file("/data/segments");
  ASSERT_TRUE(world_.files().remove(path).has_value());
  EXPECT_EQ(open_error().code(), ErrorCode::kRingDamaged);
  EXPECT_EQ(open_error().place(), path);
}

TEST_F(DamageTest, AFlippedBitInASegmentIsNamedWhenReadAndTheRestIsServed) {
  const std::string path = only_file("/data/segments");
  world_.files().flip_bit(path, 5000, 1);
  LogDriver driver(world_.world());
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  const auto data = driver.read({{.partition = first_}, {.partition = second_}});
  ASSERT_TRUE((*data)[0].error.has_value());
  EXPECT_EQ((*data)[0].error->code(), ErrorCode::kCorruptRecord);
  EXPECT_THAT((*data)[0].error->place(), HasSubstr(path + "@"));
  EXPECT_FALSE((*data)[1].error.has_value());
  EXPECT_EQ((*data)[1].batches.size(), 1U);
}

TEST_F(DamageTest, AFlippedBitInABodyOfTheRingQuarantinesItsPartitionForGood) {
  const std::string path = only_file("/data/ring");
  const Buffer ring = *io::read_file(world_.files(), path);
  uint64_t at = 0;
  {
    // The newest append to `first`.
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.append(first_, batch_of({std::string(500, 'q')})).has_value());
    world_.threads().run_for(io::kNsPerSecond);
    at = io::read_file(world_.files(), path)->view().find(std::string(100, 'q'));
  }
  world_.files().flip_bit(path, at, 0);
  for (int round = 0; round < 2; ++round) {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    EXPECT_EQ((*driver.read({{.partition = first_}}))[0].error->code(),
              ErrorCode::kPartitionQuarantined);
    EXPECT_EQ(driver.append(first_, batch_of({"no"})).error().code(),
              ErrorCode::kPartitionQuarantined);
    if (round > 0) continue;
    EXPECT_THAT(driver.log().status().damages, testing::SizeIs(1));
    // Goes through a checkpoint: it must not be forgotten there.
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(driver.append(second_, batch_of({std::string(20'000, 'y')})).has_value());
    }
  }
  LogDriver driver(world_.world());
  EXPECT_EQ(driver.values(second_).size(), 61U);
}

TEST_F(DamageTest, ALogThatWasClosedHasNoGroupThatIsTakenForATornOne) {
  {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.append(second_, batch_of({std::string(500, 'q')})).has_value());
  }
  const std::string path = only_file("/data/ring");
  const size_t at = io::read_file(world_.files(), path)->view().find(std::string(100, 'q'));
  world_.files().flip_bit(path, at, 0);
  LogDriver driver(world_.world());
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  EXPECT_EQ((*driver.read({{.partition = second_}}))[0].error->code(),
            ErrorCode::kPartitionQuarantined);
}

// A register that only proposals change.
class Register final : public commit::StateMachine {
 public:
  std::string_view tag() const override { return "register"; }
  Result<void> check(std::span<const commit::Command> commands) const override {
    for (const commit::Command& command : commands) {
      if (command.body == "bad") return Error(ErrorCode::kInvalidArgument, "bad");
    }
    return {};
  }
  void apply(commit::Lsn, std::string_view command) override { text += command; }
  std::string snapshot() const override { return text; }
  Result<void> restore(std::string_view snapshot) override {
    text = snapshot;
    return {};
  }
  std::string text;
};

TEST(ProposalTest, CommandsAreAppliedWholeOrNotAtAllAndSurvive) {
  io::SimulatedWorld world;
  const auto propose = [](LogDriver& driver, std::vector<commit::Command> commands) {
    return io::await<commit::Lsn>(driver.threads(), [&](auto done) {
      driver.log().proposals().propose(std::move(commands), driver.executor(), std::move(done));
    });
  };
  LogOptions options = small_log();
  {
    Register table;
    options.machines = {&table};
    LogDriver driver(world.world(), options);
    const commit::Command topic = commit::create_topic_command({.name = "t"});
    ASSERT_TRUE(propose(driver, {{.machine = "register", .body = "a"}, topic}).has_value());
    EXPECT_EQ(table.text, "a");
    EXPECT_TRUE(driver.log().topics().describe("t").has_value());
    // The topic exists: neither is applied.
    EXPECT_EQ(propose(driver, {{.machine = "register", .body = "x"}, topic}).error().code(),
              ErrorCode::kTopicExists);
    EXPECT_EQ(propose(driver, {{.machine = "register", .body = "bad"}}).error().code(),
              ErrorCode::kInvalidArgument);
    EXPECT_EQ(driver.log().proposals().version("register"), 1U);
    EXPECT_EQ(propose(driver, {{.machine = "register", .body = "x", .expected_version = 0}})
                  .error()
                  .code(),
              ErrorCode::kVersionConflict);
    ASSERT_TRUE(
        propose(driver, {{.machine = "register", .body = "b", .expected_version = 1}}).has_value());
    const PartitionId partition = driver.make_partition("t");
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(driver.append(partition, batch_of({std::string(20'000, 'x')})).has_value());
    }
    ASSERT_TRUE(propose(driver, {{.machine = "register", .body = "c"}}).has_value());
    EXPECT_GE(driver.log().status().checkpoint_generation, 1U);
  }
  Register table;
  options.machines = {&table};
  LogDriver driver(world.world(), options);
  EXPECT_EQ(table.text, "abc");
  EXPECT_EQ(driver.log().proposals().version("register"), 3U);
  LogDriver without(world.world(), small_log());
  EXPECT_FALSE(without.is_open());
}

TEST(ProposalTest, ADirectoryWithATableThatTheProgramDoesNotKnowIsRefused) {
  io::SimulatedWorld world;
  {
    Register table;
    LogOptions options = small_log();
    options.machines = {&table};
    LogDriver driver(world.world(), options);
    ASSERT_TRUE(io::await<commit::Lsn>(driver.threads(), [&](auto done) {
                  driver.log().proposals().propose({{.machine = "register", .body = "a"}},
                                                   driver.executor(), std::move(done));
                }).has_value());
  }
  LogDriver driver(world.world());
  EXPECT_EQ(driver.open_error()->code(), ErrorCode::kVersionMismatch);
}

}  // namespace
}  // namespace millrace::log
