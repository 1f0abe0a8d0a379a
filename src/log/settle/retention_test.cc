// Records that are let go: deleted by somebody, or by what a topic keeps, with crashes.
#include <gtest/gtest.h>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;

class Retained : public ::testing::Test {
 protected:
  Retained() { open(); }
  void open() {
    LogOptions options = small_log();
    options.retention_interval_ns = io::kNsPerSecond;
    driver_.emplace(world_.world(), options);
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
  }
  void crash() {
    world_.files().crash(io::CrashMode::kTear);
    driver_.reset();
    world_.files().recover();
    open();
  }
  PartitionId make(std::map<std::string, std::string> config, const std::string& name = "t") {
    const auto id = io::await<commit::TopicId>(driver_->threads(), [&](auto done) {
      driver_->log().topics().create({.name = name, .partitions = 1, .config = std::move(config)},
                                     driver_->executor(), std::move(done));
    });
    EXPECT_TRUE(id.has_value());
    return {*id, 0};
  }
  Result<commit::Lsn> remove_before(PartitionId partition, int64_t offset) {
    return io::await<commit::Lsn>(driver_->threads(), [&](auto done) {
      driver_->log().proposals().propose({commit::delete_records_command(partition, offset)},
                                         driver_->executor(), std::move(done));
    });
  }
  int64_t start(PartitionId partition) {
    const auto data = driver_->read({{.partition = partition, .offset = 0}});
    return (*data)[0].start_offset;
  }
  // Until the ring has been emptied several times.
  void fill(PartitionId partition, int batches, int64_t timestamp_ms = 1) {
    for (int i = 0; i < batches; ++i) {
      const std::string value(20'000, static_cast<char>('a' + (i % 26)));
      ASSERT_TRUE(driver_->append(partition, batch_of({value}, timestamp_ms)).has_value());
    }
  }
  uint64_t segment_bytes() {
    uint64_t bytes = 0;
    const std::string folder = std::string(kTestFolder) + "/segments";
    const auto names = world_.files().list(folder);
    for (const std::string& name : *names) {
      bytes += world_.files().stat(folder + "/" + name)->bytes;
    }
    return bytes;
  }

  io::SimulatedWorld world_{{.seed = 5}};
  std::optional<LogDriver> driver_;
};

TEST_F(Retained, DeletedRecordsAreGoneForReadersAtOnceAndAfterACrash) {
  const PartitionId partition = make({});
  for (const char* value : {"a", "b", "c", "d"}) {
    ASSERT_TRUE(driver_->append(partition, batch_of({value})).has_value());
  }
  ASSERT_TRUE(remove_before(partition, 2).has_value());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(start(partition), 2);
    const auto data = driver_->read({{.partition = partition, .offset = 1}});
    ASSERT_TRUE((*data)[0].error.has_value());
    EXPECT_EQ((*data)[0].error->code(), ErrorCode::kOffsetOutOfRange);
    EXPECT_EQ(driver_->values(partition, 2), (std::vector<std::string>{"2:c", "3:d"}));
    crash();
  }
  const auto appended = driver_->append(partition, batch_of({"e"}));
  EXPECT_EQ(appended->base_offset, 4);
  EXPECT_EQ(appended->start_offset, 2);
}

TEST_F(Retained, NothingBehindTheEndIsDeletedAndTheStartNeverGoesBack) {
  const PartitionId partition = make({});
  ASSERT_TRUE(driver_->append(partition, batch_of({"a", "b", "c"})).has_value());
  EXPECT_EQ(remove_before(partition, 4).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(remove_before(partition, -1).error().code(), ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(remove_before({partition.topic, 1}, 0).error().code(), ErrorCode::kTopicNotFound);
  ASSERT_TRUE(remove_before(partition, 2).has_value());
  ASSERT_TRUE(remove_before(partition, 1).has_value());
  EXPECT_EQ(start(partition), 2);
  ASSERT_TRUE(remove_before(partition, 3).has_value());
  EXPECT_EQ(start(partition), 3);
  EXPECT_TRUE(driver_->values(partition, 3).empty());
  EXPECT_EQ(driver_->ends({partition}), (std::vector<int64_t>{3}));
}

TEST_F(Retained, FilesOfDeletedRecordsGoWithACheckpoint) {
  const PartitionId partition = make({});
  fill(partition, 200);
  EXPECT_GT(segment_bytes(), 2'000'000U);
  ASSERT_TRUE(remove_before(partition, 190).has_value());
  const PartitionId other = make({}, "other");
  fill(other, 60);
  EXPECT_LT(segment_bytes(), 2'000'000U);
  crash();
  EXPECT_EQ(start(partition), 190);
  EXPECT_EQ(driver_->values(partition, 190).size(), 10U);
}

TEST_F(Retained, OldRecordsGoAndYoungOnesStay) {
  const PartitionId partition = make({{"retention.ms", "3600000"}});
  const PartitionId all = make({{"retention.ms", "-1"}}, "all");
  fill(partition, 100);
  fill(all, 10);
  fill(partition, 100, world_.clock().wall_us() / 1000);
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_GT(start(partition), 0);
  EXPECT_LE(start(partition), 100);
  EXPECT_EQ(start(all), 0);
  const int64_t before = start(partition);
  crash();
  EXPECT_EQ(start(partition), before);
  EXPECT_EQ(driver_->ends({partition}), (std::vector<int64_t>{200}));
}

TEST_F(Retained, OfTooMuchTheOldestGoes) {
  const PartitionId partition = make({{"retention.bytes", "1000000"}});
  const PartitionId compacted =
      make({{"retention.bytes", "1000000"}, {"cleanup.policy", "compact"}}, "compacted");
  const PartitionId internal = make({{"retention.bytes", "1000000"}}, "__internal");
  fill(partition, 200);
  fill(compacted, 100);
  fill(internal, 100);
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_GT(start(partition), 100);
  EXPECT_LE(start(partition), 150);
  EXPECT_EQ(start(compacted), 0);
  EXPECT_EQ(start(internal), 0);
}

TEST_F(Retained, TopicsThatSayNothingFollowTheDefaultsOfTheMoment) {
  const PartitionId silent = make({}, "silent");
  const PartitionId own = make({{"retention.bytes", "-1"}}, "own");
  const PartitionId internal = make({}, "__internal");
  for (const PartitionId id : {silent, own, internal}) fill(id, 100);
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_EQ(start(silent), 0);
  driver_->log().topics().set_defaults({.retention_ms = {}, .retention_bytes = 500'000});
  world_.threads().run_for(3 * io::kNsPerSecond);
  const int64_t first = start(silent);
  EXPECT_GT(first, 25);
  EXPECT_EQ(start(own), 0);
  EXPECT_EQ(start(internal), 0);
  crash();
  EXPECT_EQ(start(silent), first);
  // Another process, which has not been told of any: nothing more goes.
  fill(silent, 100);
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_EQ(start(silent), first);
  driver_->log().topics().set_defaults({.retention_ms = 0, .retention_bytes = {}});
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_GT(start(silent), first);
}

TEST_F(Retained, WhereTheDefaultIsNotToDeleteOnlyTopicsGoThatAskForIt) {
  driver_->log().topics().set_defaults(
      {.retention_ms = {}, .retention_bytes = 500'000, .deletes = false});
  const PartitionId silent = make({}, "silent");
  const PartitionId own = make({{"cleanup.policy", "delete"}}, "own");
  for (const PartitionId id : {silent, own}) fill(id, 100);
  world_.threads().run_for(3 * io::kNsPerSecond);
  EXPECT_EQ(start(silent), 0);
  EXPECT_GT(start(own), 25);
}

TEST_F(Retained, RecordsGoWhenTheirTimeHasComeAlthoughNothingIsWritten) {
  const PartitionId partition = make({{"retention.ms", "3600000"}});
  fill(partition, 100, world_.clock().wall_us() / 1000);
  world_.threads().run_for(60 * io::kNsPerSecond);
  EXPECT_EQ(start(partition), 0);
  world_.threads().run_for(3700 * io::kNsPerSecond);
  EXPECT_GT(start(partition), 50);
}

TEST_F(Retained, TheSizeOfAPartitionIsWhatItStillTakes) {
  const PartitionId partition = make({});
  EXPECT_EQ(driver_->log().reader().size({commit::TopicId(99), 0}).error().code(),
            ErrorCode::kTopicNotFound);
  fill(partition, 1);
  auto size = *driver_->log().reader().size(partition);
  EXPECT_GT(size.ring_bytes, 20'000U);
  EXPECT_EQ(size.file_bytes, 0U);
  fill(partition, 99);
  size = *driver_->log().reader().size(partition);
  EXPECT_GT(size.file_bytes, 1'000'000U);
  EXPECT_NEAR(static_cast<double>(size.ring_bytes + size.file_bytes), 100 * 20'100, 30'000);
  crash();
  const auto after = *driver_->log().reader().size(partition);
  EXPECT_EQ(after.ring_bytes, size.ring_bytes);
  EXPECT_EQ(after.file_bytes, size.file_bytes);
  ASSERT_TRUE(remove_before(partition, 100).has_value());
  size = *driver_->log().reader().size(partition);
  EXPECT_EQ(size.ring_bytes + size.file_bytes, 0U);
}

}  // namespace
}  // namespace millrace::log
