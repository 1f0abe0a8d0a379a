// Which leader epoch records have, through starts, the settling of the ring, and deletion.
#include <gtest/gtest.h>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::EpochEnd;
using commit::PartitionId;

class Epochs : public ::testing::Test {
 protected:
  Epochs() { open(); }
  void open() {
    driver_.emplace(world_.world());
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
  }
  void restart(bool crash = true) {
    if (crash) world_.files().crash(io::CrashMode::kTear);
    driver_.reset();
    if (crash) world_.files().recover();
    open();
  }
  commit::Reader& reader() { return driver_->log().reader(); }
  void append(PartitionId partition, int batches, size_t bytes = 10) {
    for (int i = 0; i < batches; ++i) {
      ASSERT_TRUE(driver_->append(partition, batch_of({std::string(bytes, 'v')})).has_value());
    }
  }
  EpochEnd end_of(PartitionId partition, int32_t epoch) {
    return reader().leader_epochs(partition)->end_of(epoch, reader().leader_epoch(),
                                                     driver_->ends({partition})[0]);
  }
  // Of every batch, as readers get it.
  std::vector<int32_t> read_epochs(PartitionId partition, int64_t offset = 0) {
    std::vector<int32_t> epochs;
    while (true) {
      const auto data = driver_->read({{.partition = partition, .offset = offset}});
      if ((*data)[0].batches.empty()) return epochs;
      for (const Buffer& bytes : (*data)[0].batches) {
        const auto header = record::read_batch_header(bytes.span());
        epochs.push_back(header->leader_epoch);
        offset = header->last_offset() + 1;
      }
    }
  }

  io::SimulatedWorld world_{{.seed = 11}};
  std::optional<LogDriver> driver_;
};

TEST_F(Epochs, RiseByOneWithEachStart) {
  EXPECT_EQ(reader().leader_epoch(), 0);
  restart(false);
  EXPECT_EQ(reader().leader_epoch(), 1);
  restart();
  EXPECT_EQ(reader().leader_epoch(), 2);
}

TEST_F(Epochs, BelongToTheRecordsThatWereWrittenInThem) {
  const PartitionId partition = driver_->make_partition("t");
  append(partition, 2);
  restart();
  restart();
  append(partition, 3);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(read_epochs(partition), (std::vector<int32_t>{0, 0, 2, 2, 2}));
    EXPECT_EQ(end_of(partition, 0), (EpochEnd{0, 2}));
    EXPECT_EQ(end_of(partition, 1), (EpochEnd{0, 2}));
    EXPECT_EQ(end_of(partition, 2), (EpochEnd{2, 5}));
    EXPECT_EQ(end_of(partition, reader().leader_epoch() + 1), EpochEnd());
    restart();
  }
}

TEST_F(Epochs, AreKeptWhenTheRingIsReused) {
  const PartitionId partition = driver_->make_partition("t");
  append(partition, 2);
  restart();
  append(partition, 1);
  const PartitionId other = driver_->make_partition("other");
  append(other, 100, 20'000);
  restart();
  append(other, 100, 20'000);
  append(partition, 1);
  restart();
  ASSERT_GT(driver_->log().status().checkpoint_generation, 1U);
  EXPECT_EQ(read_epochs(partition), (std::vector<int32_t>{0, 0, 1, 2}));
  EXPECT_EQ(end_of(partition, 0), (EpochEnd{0, 2}));
  EXPECT_EQ(end_of(partition, 1), (EpochEnd{1, 3}));
  EXPECT_EQ(end_of(other, 0), (EpochEnd{0, 0}));
  EXPECT_EQ(end_of(other, 1), (EpochEnd{1, 100}));
  std::vector<int32_t> expected(102, 2);
  expected[0] = expected[1] = 1;
  EXPECT_EQ(read_epochs(other, 98), expected);
}

TEST_F(Epochs, GoWithTheirRecords) {
  const PartitionId partition = driver_->make_partition("t");
  append(partition, 4);
  restart();
  append(partition, 4);
  const auto removed = io::await<commit::Lsn>(driver_->threads(), [&](auto done) {
    driver_->log().proposals().propose({commit::delete_records_command(partition, 6)},
                                       driver_->executor(), std::move(done));
  });
  ASSERT_TRUE(removed.has_value());
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(end_of(partition, 0), (EpochEnd{0, 6}));
    EXPECT_EQ(end_of(partition, 1), (EpochEnd{1, 8}));
    EXPECT_EQ(reader().leader_epochs(partition)->starts().size(), 1U);
    restart();
  }
}

TEST_F(Epochs, AreOfNoPartitionThatIsNotThere) {
  const auto none = reader().leader_epochs({commit::TopicId(77), 0});
  EXPECT_EQ(none.error().code(), ErrorCode::kTopicNotFound);
}

}  // namespace
}  // namespace millrace::log
