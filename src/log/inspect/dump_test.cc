// What `dump` tells of a data directory, whole and damaged.

#include "log/inspect/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Dump : public testing::Test {
 protected:
  Dump() {
    LogDriver driver(world_.world());
    const commit::PartitionId orders = driver.make_partition("orders");
    for (int i = 0; i < 80; ++i) {
      EXPECT_TRUE(driver.append(orders, batch_of({std::string(15'000, 'x'), "y"})).has_value());
    }
    EXPECT_GE(driver.log().status().checkpoint_generation, 1U);
    EXPECT_TRUE(driver.append(orders, batch_of({"last"})).has_value());
    driver.make_partition("later");
  }

  std::vector<DumpedEntry> ring(DumpOptions options = {.data = kTestFolder}) {
    std::vector<DumpedEntry> entries;
    const auto done = dump_ring(world_.files(), options, [&](const DumpedEntry& entry) {
      entries.push_back(entry);
      return Result<void>();
    });
    EXPECT_TRUE(done.has_value()) << done.error().to_string();
    return entries;
  }
  std::vector<DumpedItem> checkpoint() {
    std::vector<DumpedItem> items;
    const auto done = dump_checkpoint(world_.files(), {.data = kTestFolder},
                                      [&](const DumpedItem& item) -> Result<void> {
                                        items.push_back(item);
                                        return {};
                                      });
    EXPECT_TRUE(done.has_value()) << done.error().to_string();
    return items;
  }
  Result<std::vector<DumpedFrame>> segment(const std::string& name) {
    std::vector<DumpedFrame> frames;
    MILLRACE_TRY(dump_segment(world_.files(), {.data = kTestFolder}, name,
                              [&](const DumpedFrame& frame) -> Result<void> {
                                frames.push_back(frame);
                                return {};
                              }));
    return frames;
  }

  io::SimulatedWorld world_;
};

TEST_F(Dump, TheRingShowsEachEntryAndWhatItConcerns) {
  const auto entries = ring();
  ASSERT_THAT(entries, Not(IsEmpty()));
  for (size_t i = 1; i < entries.size(); ++i) EXPECT_EQ(entries[i].lsn, entries[i - 1].lsn + 1);
  const auto last = std::ranges::find(entries, "orders-0, offset 160", &DumpedEntry::concerns);
  ASSERT_NE(last, entries.end());
  EXPECT_EQ(last->type, "append");
  EXPECT_EQ(last->records, 1U);
  EXPECT_TRUE(last->good);
  EXPECT_THAT(last->place, HasSubstr("/data/ring/"));
  const auto topic = std::ranges::find(entries, "meta", &DumpedEntry::type);
  ASSERT_NE(topic, entries.end());
  EXPECT_THAT(topic->concerns, HasSubstr("topics"));

  const auto one = ring({.data = kTestFolder, .from = last->lsn, .to = last->lsn});
  ASSERT_THAT(one, SizeIs(1));
  EXPECT_EQ(one[0].lsn, last->lsn);
}

TEST_F(Dump, TheCheckpointNamesPartitionsAndSegmentsWhoseFramesCanBeShown) {
  std::string name;
  bool partition = false;
  for (const DumpedItem& item : checkpoint()) {
    if (item.kind == "segment") name = item.name;
    if (item.kind == "partition" && item.name == "orders-0") {
      partition = true;
      EXPECT_THAT(item.holds, HasSubstr("offsets 0 to "));
    }
  }
  EXPECT_TRUE(partition);
  const auto frames = segment(name);
  ASSERT_TRUE(frames.has_value()) << frames.error().to_string();
  ASSERT_THAT(*frames, Not(IsEmpty()));
  EXPECT_EQ((*frames)[0].kind, "records");
  EXPECT_EQ((*frames)[0].concerns, "orders-0");
  EXPECT_EQ((*frames)[0].records, 2U);
  EXPECT_EQ(segment("nosuch").error().code(), ErrorCode::kFileNotFound);
  EXPECT_EQ(segment("ffff").error().code(), ErrorCode::kFileNotFound);
}

TEST_F(Dump, ShowsWhatIsDamagedAsSuch) {
  const std::string path = "/data/ring/" + world_.files().list("/data/ring")->at(0);
  const size_t at = io::read_file(world_.files(), path)->view().rfind("last");
  world_.files().flip_bit(path, at, 0);
  const auto entries = ring();
  const auto bad = std::ranges::find(entries, false, &DumpedEntry::good);
  ASSERT_NE(bad, entries.end());
  EXPECT_EQ(bad->concerns, "orders-0, offset 160");

  const std::string checkpoint =
      "/data/checkpoint/" + world_.files().list("/data/checkpoint")->at(0);
  world_.files().flip_bit(checkpoint, 60, 0);
  const auto done = dump_ring(world_.files(), {.data = kTestFolder},
                              [](const DumpedEntry&) { return Result<void>(); });
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), ErrorCode::kRingDamaged);
  EXPECT_EQ(done.error().place(), checkpoint);
}

}  // namespace
}  // namespace millrace::log
