#include "log/recovery/replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using commit::TaskId;

struct EntryPlace {
  uint64_t begin = 0;
  uint64_t body = 0;
  uint64_t end = 0;
  commit::Lsn lsn;
  commit::Lsn durable;
  EntryType type = EntryType::kSeal;
};

struct Outcome {
  std::optional<ErrorCode> refused;
  std::string refused_at;
  std::string state;  // what is there, without what is quarantined
  size_t damages = 0;
  commit::Lsn next_lsn;
};

// RingImage: the ring of a log that was closed, to be spoilt and recovered again and again.
class RingImage {
 public:
  explicit RingImage(io::SimulatedWorld& world) : world_(world) {
    const std::vector<std::string> names = world.files().list("/data/ring").value();
    path_ = "/data/ring/" + names.at(0);
    file_ = world.files().open(path_, io::OpenMode::kReadWrite).value();
    bytes_ = *io::read_file(world.files(), path_);
  }

  const Buffer& bytes() const { return bytes_; }
  void write(uint64_t offset, std::span<const std::byte> bytes) {
    ASSERT_TRUE(file_->write_at(offset, bytes).has_value());
  }
  void restore(uint64_t offset, uint64_t count) {
    write(offset, bytes_.span().subspan(offset, count));
  }
  void zero(uint64_t offset, uint64_t count) { write(offset, Buffer::zeroed(count).span()); }

  std::vector<EntryPlace> entries() {
    std::vector<EntryPlace> places;
    const auto files = open();
    const auto checkpoint = *load_checkpoint(world_.files(), "/data/checkpoint");
    RingScan scan(*files, checkpoint ? checkpoint->point : RingPoint());
    while (auto entry = *scan.next()) {
      places.push_back({entry->address, entry->body_address, scan.point().address,
                        entry->header.lsn, entry->header.durable_lsn, entry->header.type});
    }
    return places;
  }

  Outcome recover() {
    const auto files = open();
    const auto segments = *SegmentStore::open(world_.files(), "/data/segments", true);
    Ledger ledger({});
    const auto checkpoint = load_checkpoint(world_.files(), "/data/checkpoint");
    Outcome outcome;
    const auto recovered = Replay(*files, *segments, ledger).run(*checkpoint);
    if (!recovered) {
      outcome.refused = recovered.error().code();
      outcome.refused_at = recovered.error().place();
      return outcome;
    }
    outcome.damages = recovered->damages.size();
    outcome.next_lsn = recovered->end.next_lsn;
    outcome.state = state_of(ledger);
    return outcome;
  }

 private:
  std::unique_ptr<RingFiles> open() {
    return std::move(*RingFiles::open(world_.files(), {.folder = "/data/ring"}));
  }
  static std::string state_of(Ledger& ledger) {
    std::string text;
    for (const PartitionPtr& partition : ledger.partitions()) {
      if (partition->quarantined()) continue;
      text += std::to_string(partition->id().topic.value()) + "-" +
              std::to_string(partition->id().index) + ":" +
              std::to_string(partition->next_offset()) + " ";
    }
    for (const auto& job : ledger.jobs().list()) {
      if (!ledger.jobs().recover(ledger.jobs().find(job.name)->job)) continue;
      text += job.name + "." + std::to_string(job.incarnation.value()) + "@" +
              std::to_string(job.last_epoch.value()) + "/" + std::to_string(job.delta_bytes);
      for (const auto& split : job.positions.splits) text += "," + split.position;
    }
    return text;
  }

  io::SimulatedWorld& world_;
  std::string path_;
  std::unique_ptr<io::File> file_;
  Buffer bytes_;
};

LogOptions image_options() {
  LogOptions options = small_log();
  options.ring_bytes = options.ring_bytes_max = 512 << 10;  // settles at half of it
  return options;
}

// A bit of everything, one group each.
void fill(LogDriver& driver, int epochs) {
  const PartitionId a = driver.make_partition("a", 0, 2);
  const PartitionId b{a.topic, 1};
  const auto job = driver.open_job("job");
  commit::DeltaBuilder delta;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    ASSERT_TRUE(driver.append(a, batch_of({std::string(700, 'a')})).has_value());
    auto unit = *driver.begin(*job, static_cast<uint64_t>(epoch));
    ASSERT_TRUE(driver.stage(*unit, b, batch_of({"b", "c"})).has_value());
    delta.put(commit::KeyGroup(1), commit::StateId(1), "key", std::to_string(epoch));
    ASSERT_TRUE(driver.stage_state(*unit, TaskId(1), delta.finish()).has_value());
    commit::Positions positions;
    positions.splits.push_back({.source = "s", .split = "f", .position = std::to_string(epoch)});
    ASSERT_TRUE(driver.commit(*unit, positions).has_value());
    if (epoch % 3 != 0) continue;
    ASSERT_TRUE(driver.append(b, batch_of({std::string(9000, 'f')})).has_value());
  }
}

// States after each entry: what a clean end there recovers to.
std::map<uint64_t, std::string> states_by_next_lsn(RingImage& image,
                                                   const std::vector<EntryPlace>& entries) {
  std::map<uint64_t, std::string> states;
  const uint64_t size = image.bytes().bytes();
  for (size_t i = entries.size(); i-- > 0;) {
    const Outcome outcome = image.recover();
    EXPECT_FALSE(outcome.refused.has_value());
    EXPECT_EQ(outcome.next_lsn, entries[i].lsn.next());
    states[outcome.next_lsn.value()] = outcome.state;
    image.zero(entries[i].begin, entries[i].end - entries[i].begin);
  }
  image.restore(0, size);
  return states;
}

TEST(Replay, EveryCutOfTheLastGroupsLeavesAPrefixOfWholeEntries) {
  io::SimulatedWorld world;
  {
    LogDriver driver(world.world(), image_options());
    fill(driver, 6);
  }
  RingImage image(world);
  const auto entries = image.entries();
  ASSERT_GE(entries.size(), 20U);
  const auto states = states_by_next_lsn(image, entries);
  const uint64_t end = entries.back().end;
  for (uint64_t cut = entries[entries.size() - 8].begin; cut < end; ++cut) {
    image.zero(cut, end - cut);
    const Outcome outcome = image.recover();
    ASSERT_FALSE(outcome.refused.has_value()) << "cut at " << cut;
    ASSERT_EQ(outcome.state, states.at(outcome.next_lsn.value())) << "cut at " << cut;
    const auto whole =
        std::ranges::count_if(entries, [&](const EntryPlace& entry) { return entry.end <= cut; });
    // An entry whose last bytes are zeroes anyway is whole a little earlier.
    ASSERT_GE(outcome.next_lsn.value(), static_cast<uint64_t>(whole) + 1) << "cut at " << cut;
    ASSERT_LE(outcome.next_lsn.value(), static_cast<uint64_t>(whole) + 2) << "cut at " << cut;
    image.restore(cut, end - cut);
  }
}

// What a flipped bit in `entry` must have led to.
std::string judge(const EntryPlace& entry, bool in_header, bool witnessed, const Outcome& outcome,
                  const Outcome& whole, const std::map<uint64_t, std::string>& states) {
  const bool same = !outcome.refused && outcome.damages == 0 && outcome.state == whole.state &&
                    outcome.next_lsn == whole.next_lsn;
  if (same) return in_header ? "missed" : "harmless: padding";
  if (!witnessed) {
    const bool torn = !outcome.refused && outcome.next_lsn == entry.lsn &&
                      outcome.state == states.at(entry.lsn.value());
    return torn ? "torn: not witnessed" : "wrong";
  }
  if (in_header || entry.type == EntryType::kMeta || entry.type == EntryType::kStageRef) {
    const bool named = outcome.refused == ErrorCode::kRingDamaged && !outcome.refused_at.empty();
    return named ? "named: refuses to start" : "wrong";
  }
  const bool quarantined = !outcome.refused && outcome.damages == 1 &&
                           outcome.state != whole.state && outcome.next_lsn == whole.next_lsn;
  return quarantined ? "named: quarantined" : "wrong";
}

// One bit in 61; `--gtest_shuffle --gtest_random_seed=N` takes others.
TEST(Replay, EveryFlippedBitIsNamedOrTornOrHarmless) {
  constexpr uint64_t kStep = 61;
  io::SimulatedWorld world;
  {
    LogDriver driver(world.world(), image_options());
    fill(driver, 6);
  }
  RingImage image(world);
  const auto entries = image.entries();
  const auto states = states_by_next_lsn(image, entries);
  const Outcome whole = image.recover();
  std::map<std::string, uint64_t> classes;
  ASSERT_GE(entries.back().end, 60U << 10);
  const uint64_t bits = round_up(entries.back().end, kBlockBytes) * 8;
  const auto first = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  size_t at = 0;
  for (uint64_t bit = first % kStep; bit < bits; bit += kStep) {
    const uint64_t address = bit / 8;
    const std::byte flipped = image.bytes().data()[address] ^ (std::byte{1} << (bit % 8));
    image.write(address, std::span(&flipped, 1));
    const Outcome outcome = image.recover();
    image.restore(address, 1);
    while (at < entries.size() && entries[at].end <= address) ++at;
    if (at == entries.size() || address < entries[at].begin) {
      ASSERT_EQ(outcome.state, whole.state) << "bit " << bit;
      ++classes["harmless: between entries"];
      continue;
    }
    const EntryPlace& entry = entries[at];
    const std::string kind = judge(entry, address < entry.body, entry.lsn <= entries.back().durable,
                                   outcome, whole, states);
    ASSERT_NE(kind, "wrong") << "bit " << bit;
    ASSERT_NE(kind, "missed") << "bit " << bit;
    ++classes[kind];
  }
  for (const auto& [name, count] : classes) RecordProperty(name, std::to_string(count));
  EXPECT_GT(classes["named: refuses to start"], 0U);
  EXPECT_GT(classes["named: quarantined"], 0U);
  EXPECT_GT(classes["torn: not witnessed"], 0U);
}

TEST(Replay, AHoleBelowWhatWasWitnessedIsDamageAndNeverATornTail) {
  io::SimulatedWorld world;
  {
    LogDriver driver(world.world(), image_options());
    fill(driver, 6);
  }
  RingImage image(world);
  const auto entries = image.entries();
  ASSERT_GE(entries.size(), 20U);
  for (const EntryPlace& entry : entries) {
    if (entry.lsn > entries.back().durable) continue;
    image.zero(entry.begin, entry.end - entry.begin);
    const Outcome outcome = image.recover();
    ASSERT_EQ(outcome.refused, ErrorCode::kRingDamaged) << entry.lsn.value();
    image.restore(entry.begin, entry.end - entry.begin);
  }
}

TEST(Replay, WhatAnEarlierLapLeftBehindIsNeverTakenForTheTail) {
  io::SimulatedWorld world;
  Buffer before;
  std::string path;
  {
    LogOptions options = image_options();
    options.ring_bytes = options.ring_bytes_max = 128 << 10;
    LogDriver driver(world.world(), options);
    const PartitionId partition = driver.make_partition("t");
    const auto append = [&] {
      ASSERT_TRUE(driver.append(partition, batch_of({std::string(2000, 'x')})).has_value());
    };
    while (driver.log().status().checkpoint_generation < 9) append();
    world.threads().run_for(io::kNsPerSecond);
    path = "/data/ring/" + world.files().list("/data/ring").value().at(0);
    before = *io::read_file(world.files(), path);
    for (int i = 0; i < 5; ++i) append();
    ASSERT_LT(driver.log().status().checkpoint_generation, 10U);
  }
  RingImage image(world);
  const auto entries = image.entries();
  ASSERT_GE(entries.size(), 5U);
  const auto states = states_by_next_lsn(image, entries);
  std::set<uint64_t> ends;
  for (uint64_t sector = 0; sector < before.bytes(); sector += 512) {
    // Up to here the new bytes made it, behind it the old lap's are still there.
    image.write(sector, before.span().subspan(sector));
    const Outcome outcome = image.recover();
    ASSERT_FALSE(outcome.refused) << "sector at " << sector;
    ASSERT_EQ(outcome.state, states.contains(outcome.next_lsn.value())
                                 ? states.at(outcome.next_lsn.value())
                                 : outcome.state);
    ends.insert(outcome.next_lsn.value());
    image.restore(sector, before.bytes() - sector);
  }
  EXPECT_GE(ends.size(), 5U);
}

}  // namespace
}  // namespace millrace::log
