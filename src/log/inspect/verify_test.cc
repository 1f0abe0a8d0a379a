// What `verify` says of data directories that are whole, damaged, in use, or none.

#include "log/inspect/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Verify : public testing::Test {
 protected:
  // Several laps of the ring: a checkpoint, segment files with records and state, and a tail.
  Verify() {
    LogDriver driver(world_.world());
    first_ = driver.make_partition("first");
    second_ = driver.make_partition("second");
    const commit::OpenedJob job = *driver.open_job("totals");
    for (uint64_t epoch = 1; epoch <= 60; ++epoch) {
      EXPECT_TRUE(driver.append(first_, batch_of({std::string(15'000, 'x')})).has_value());
      auto unit = *driver.begin(job, epoch);
      commit::DeltaBuilder delta;
      delta.put(commit::KeyGroup(1), commit::StateId(1), "key", std::string(3'000, 's'));
      EXPECT_TRUE(driver.stage_state(*unit, commit::TaskId(0), delta.finish()).has_value());
      EXPECT_TRUE(driver.stage(*unit, second_, batch_of({std::to_string(epoch)})).has_value());
      EXPECT_TRUE(driver.commit(*unit).has_value());
    }
    EXPECT_GE(driver.log().status().checkpoint_generation, 1U);
    EXPECT_TRUE(driver.append(second_, batch_of({"last"})).has_value());
  }

  Verification verified() {
    auto found = verify(world_.files(), {.data = kTestFolder, .watch = {}});
    EXPECT_TRUE(found.has_value()) << found.error().to_string();
    return found ? std::move(*found) : Verification();
  }
  std::string path_in(const std::string& folder, size_t index) {
    const std::string whole = std::string(kTestFolder) + "/" + folder;
    return whole + "/" + world_.files().list(whole).value().at(index);
  }
  uint64_t bytes_of(const std::string& path) { return world_.files().stat(path)->bytes; }

  io::SimulatedWorld world_;
  PartitionId first_;
  PartitionId second_;
};

TEST_F(Verify, ReadsAllOfAWholeDirectoryAndFindsNothing) {
  const Verification found = verified();
  EXPECT_THAT(found.damages, IsEmpty());
  EXPECT_THAT(found.notes, IsEmpty());
  EXPECT_EQ(found.checkpoints.files, 1U);
  EXPECT_GT(found.segments.records, 50U);
  EXPECT_GT(found.segments.entries, found.segments.records);  // state, too
  EXPECT_GT(found.ring.entries, 0U);
  EXPECT_GT(found.last, found.settled);
}

TEST_F(Verify, NamesFilePlaceAndPartitionOfADamagedSegment) {
  const std::string path = path_in("segments", 0);
  for (const uint64_t at : {uint64_t{3}, uint64_t{600}, bytes_of(path) - 60, bytes_of(path) - 1}) {
    world_.files().flip_bit(path, at, 2);
    const Verification found = verified();
    ASSERT_THAT(found.damages, testing::Not(IsEmpty())) << at;
    EXPECT_THAT(found.damages[0].place, HasSubstr(path));
    if (at == 600) {
      EXPECT_THAT(found.damages[0].concerns, HasSubstr("first-0 from offset"));
    }
    world_.files().flip_bit(path, at, 2);
  }
  EXPECT_THAT(verified().damages, IsEmpty());
}

TEST_F(Verify, NamesTheEntryOfTheRingAndItsPartition) {
  const std::string path = path_in("ring", 0);
  const size_t at = io::read_file(world_.files(), path)->view().rfind("last");
  world_.files().flip_bit(path, at, 0);
  const Verification found = verified();
  ASSERT_THAT(found.damages, SizeIs(1));
  EXPECT_THAT(found.damages[0].place, HasSubstr(path + "@"));
  EXPECT_THAT(found.damages[0].what, HasSubstr("does not match its checksum"));
  EXPECT_THAT(found.damages[0].concerns, HasSubstr("second-0, offset 60"));
}

TEST_F(Verify, SaysWhatIsMissing) {
  ASSERT_TRUE(world_.files().remove(path_in("segments", 0)).has_value());
  EXPECT_THAT(verified().damages, testing::Not(IsEmpty()));
  ASSERT_TRUE(world_.files().remove(path_in("checkpoint", 0)).has_value());
  EXPECT_THAT(verified().damages, testing::Not(IsEmpty()));
}

TEST_F(Verify, RefusesWhatIsInUseAndWhatIsNoDataDirectory) {
  {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open());
    const auto found = verify(world_.files(), {.data = kTestFolder, .watch = {}});
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code(), ErrorCode::kInUse);
  }
  ASSERT_TRUE(world_.files().make_folders("/other").has_value());
  for (const char* other : {"/other", "/nothing"}) {
    const auto found = verify(world_.files(), {.data = other, .watch = {}});
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code(), ErrorCode::kFileNotFound);
  }
}

// Wherever a bit is flipped: it is named, or nothing that the log has to keep stood there.
TEST_F(Verify, NoFlippedBitThatMattersGoesUnseen) {
  std::vector<std::string> whole;
  {
    LogDriver driver(world_.world());
    whole = driver.values(first_);
    for (const std::string& value : driver.values(second_)) whole.push_back(value);
  }
  std::mt19937 random(11);
  int named = 0;
  for (int round = 0; round < 150; ++round) {
    const char* folders[] = {"ring", "segments", "checkpoint"};
    const std::string folder = folders[random() % 3];
    const size_t files = world_.files().list(std::string(kTestFolder) + "/" + folder)->size();
    const std::string path = path_in(folder, random() % files);
    const uint64_t at = random() % bytes_of(path);
    const int bit = static_cast<int>(random() % 8);
    world_.files().flip_bit(path, at, bit);
    const Verification found = verified();
    if (!found.damages.empty()) {
      ++named;
      world_.files().flip_bit(path, at, bit);
      continue;
    }
    EXPECT_EQ(folder, "ring") << path << "@" << at << " is read by nobody";
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    std::vector<std::string> now = driver.values(first_);
    for (const std::string& value : driver.values(second_)) now.push_back(value);
    EXPECT_EQ(now, whole) << path << "@" << at;
  }
  EXPECT_GT(named, 80);
}

}  // namespace
}  // namespace millrace::log
