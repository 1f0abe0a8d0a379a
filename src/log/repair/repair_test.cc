// What a repair gives up, and that all the rest is there afterwards: compared with what had been
// acknowledged, after random damage, and wherever the repair itself is broken off.

#include "log/repair/repair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "log/inspect/dump.h"
#include "log/inspect/verify.h"
#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// A data directory with a checkpoint, segment files and a tail, and what was acknowledged of it.
struct History {
  struct Written {
    commit::Lsn lsn;
    std::string topic;
    std::string value;
  };

  // Sixty epochs are more than half of the ring, so that there is a checkpoint. A unit of another
  // job begins in front of epoch `opened` and stays open.
  History(io::SimulatedWorld& world, int epochs, int opened = 0) {
    LogDriver driver(world.world());
    const PartitionId first = driver.make_partition("first");
    const PartitionId second = driver.make_partition("second");
    const commit::OpenedJob job = *driver.open_job("totals");
    std::unique_ptr<commit::Unit> open;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
      if (epoch == opened) {
        open = *driver.begin(*driver.open_job("slow"), 1);
        EXPECT_TRUE(driver.stage(*open, second, batch_of({"never committed"})).has_value());
      }
      append(driver, first, "first", std::to_string(epoch) + std::string(9'000, 'x'));
      auto unit = *driver.begin(job, static_cast<uint64_t>(epoch));
      commit::DeltaBuilder delta;
      delta.put(commit::KeyGroup(1), commit::StateId(1), "epoch", std::to_string(epoch));
      EXPECT_TRUE(driver.stage_state(*unit, commit::TaskId(0), delta.finish()).has_value());
      const std::string value = std::to_string(epoch);
      EXPECT_TRUE(driver.stage(*unit, second, batch_of({value})).has_value());
      const auto committed = driver.commit(*unit);
      written.push_back({committed->lsn, "second", value});
      commits.push_back(committed->lsn);
      if (epoch % 4 == 0) {
        driver.make_partition("topic-" + std::to_string(epoch));
        append(driver, second, "second", "between");
      }
    }
    append(driver, second, "second", "last");
  }

  void append(LogDriver& driver, PartitionId partition, const std::string& topic,
              const std::string& value) {
    written.push_back({driver.append(partition, batch_of({value}))->lsn, topic, value});
  }
  std::vector<std::string> values(const std::string& topic, commit::Lsn before) const {
    std::vector<std::string> values;
    for (const Written& record : written) {
      if (record.topic == topic && record.lsn < before) {
        values.push_back(std::to_string(values.size()) + ":" + record.value);
      }
    }
    return values;
  }
  uint64_t epoch(commit::Lsn before) const {
    return static_cast<uint64_t>(
        std::ranges::count_if(commits, [&](commit::Lsn lsn) { return lsn < before; }));
  }

  std::vector<Written> written;
  std::vector<commit::Lsn> commits;
};

constexpr commit::Lsn kAll(UINT64_MAX);

class RepairTest : public testing::Test {
 protected:
  io::SimulatedFileSystem& files() { return world_.files(); }
  std::vector<RepairChoice> choices() {
    auto found = find_choices(files(), {.data = kTestFolder});
    EXPECT_TRUE(found.has_value()) << found.error().to_string();
    return found ? std::move(*found) : std::vector<RepairChoice>();
  }
  Result<Repaired> give_up(const RepairChoice& choice) {
    RepairOptions options{.data = kTestFolder, .from = choice.from};
    if (!choice.from) options.names = {choice.name};
    return repair(files(), options);
  }
  Error refusal(RepairOptions options) {
    options.data = kTestFolder;
    auto done = repair(files(), options);
    EXPECT_FALSE(done.has_value());
    return done ? Error(ErrorCode::kInternal, "it was repaired") : done.error();
  }
  // An entry of the ring behind the checkpoint, with what `takes` says of it.
  DumpedEntry entry_of(const std::function<bool(const DumpedEntry&)>& takes) {
    std::optional<DumpedEntry> found;
    const auto dumped = dump_ring(files(), {.data = kTestFolder}, [&](const DumpedEntry& entry) {
      if (!found && takes(entry)) found = entry;
      return Result<void>();
    });
    EXPECT_TRUE(dumped.has_value() && found);
    return *found;
  }
  void flip(const std::string& place, uint64_t behind) {
    const size_t at = place.rfind('@');
    files().flip_bit(place.substr(0, at), std::stoull(place.substr(at + 1)) + behind, 3);
  }
  std::string path_in(const std::string& folder, size_t index) {
    const std::string whole = std::string(kTestFolder) + "/" + folder;
    return whole + "/" + files().list(whole).value().at(index);
  }
  // It starts, holds just what was written before, takes more, starts again.
  void expect_goes_on(const History& history, commit::Lsn before) {
    const auto found = verify(files(), {.data = kTestFolder, .watch = {}});
    ASSERT_TRUE(found.has_value());
    EXPECT_THAT(found->damages, IsEmpty());
    std::vector<std::string> second = history.values("second", before);
    for (int start = 0; start < 3; ++start) {
      LogDriver driver(world_.world());
      ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
      EXPECT_EQ(driver.values(driver.make_partition("first")), history.values("first", before));
      EXPECT_EQ(driver.values(driver.make_partition("second")), second);
      const auto job = driver.open_job("totals");
      EXPECT_EQ(driver.log().jobs().recover(job->job)->last_epoch.value(), history.epoch(before));
      if (history.epoch(before) > 0) {
        EXPECT_EQ(driver.state(job->job)->at(0).second, std::to_string(history.epoch(before)));
      }
      ASSERT_TRUE(driver.append(driver.make_partition("second"), batch_of({"new"})).has_value());
      second.push_back(std::to_string(second.size()) + ":new");
    }
  }

  io::SimulatedWorld world_;
};

TEST_F(RepairTest, NothingIsGivenUpOfWhatIsWhole) {
  const History history(world_, 60);
  EXPECT_THAT(choices(), IsEmpty());
  EXPECT_THAT(refusal({.from = history.commits.back()}).message(), HasSubstr("are whole"));
  EXPECT_THAT(refusal({.names = {"first-0"}}).message(), HasSubstr("'first-0'"));
  EXPECT_FALSE(files().stat(std::string(kTestFolder) + "/given-up").has_value());
  expect_goes_on(history, kAll);
}

TEST_F(RepairTest, ABrokenChainLosesWhatFollowsAndNothingElse) {
  const History history(world_, 20);
  const DumpedEntry broken = entry_of([&](const DumpedEntry& entry) {
    return entry.lsn > history.commits[9].value() && entry.type == "append";
  });
  flip(broken.place, 20);  // its header
  {
    LogDriver refused(world_.world());
    ASSERT_FALSE(refused.is_open());
    EXPECT_THAT(refused.open_error()->to_string(), HasSubstr("millrace log repair"));
  }
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].from, commit::Lsn(broken.lsn));
  EXPECT_THAT(found[0].place, HasSubstr("/ring/000000-"));
  EXPECT_THAT(found[0].loses,
              AllOf(HasSubstr("of which 1 cannot be read"), HasSubstr("second-0, offsets "),
                    HasSubstr("job totals, epoch"), HasSubstr("changes of topics")));
  EXPECT_THAT(refusal({.from = commit::Lsn(broken.lsn + 1)}).message(), HasSubstr("not help"));
  EXPECT_THAT(refusal({.names = {"first-0"}}).message(), HasSubstr("comes first"));
  EXPECT_THAT(refusal({.from = found[0].from, .names = {"first-0"}}).message(),
              HasSubstr("at once"));
  const auto done = give_up(found[0]);
  ASSERT_TRUE(done.has_value()) << done.error().to_string();
  EXPECT_THAT(done->given_up, ElementsAre(found[0].loses));
  // The copy is what it was.
  const auto kept = find_choices(files(), {.data = done->copy});
  ASSERT_TRUE(kept.has_value());
  ASSERT_THAT(*kept, SizeIs(1));
  EXPECT_EQ((*kept)[0].loses, found[0].loses);
  expect_goes_on(history, commit::Lsn(broken.lsn));
}

TEST_F(RepairTest, MoreCanBeGivenUpThanHasToBeButNotWhatIsInTheCheckpoint) {
  const History history(world_, 60);
  const DumpedEntry broken = entry_of([&](const DumpedEntry& entry) {
    return entry.lsn > history.commits[57].value() && entry.type == "append";
  });
  flip(broken.place, 20);
  EXPECT_THAT(refusal({.from = history.commits[3]}).message(), HasSubstr("in the checkpoint"));
  const commit::Lsn from = history.commits[56];
  ASSERT_TRUE(repair(files(), {.data = kTestFolder, .from = from}).has_value());
  expect_goes_on(history, from);
}

TEST_F(RepairTest, ADamagedChangeOfTopicsLosesWhatDependsOnIt) {
  const History history(world_, 20);
  const DumpedEntry meta = entry_of([&](const DumpedEntry& entry) {
    return entry.lsn > history.commits[6].value() && entry.type == "meta";
  });
  flip(meta.place, 80);  // its body
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].from, commit::Lsn(meta.lsn));
  ASSERT_TRUE(give_up(found[0]).has_value());
  expect_goes_on(history, commit::Lsn(meta.lsn));
}

// The ring is read from in front of the checkpoint, where a unit began that is still open.
TEST_F(RepairTest, ABreakInFrontOfTheCheckpointLosesWhatCameAfterIt) {
  const History history(world_, 60, 50);
  const DumpedEntry stage = entry_of([](const DumpedEntry& entry) {
    return entry.type == "stage" && entry.concerns.starts_with("job slow");
  });
  const auto whole = verify(files(), {.data = kTestFolder, .watch = {}});
  ASSERT_GT(whole->settled.value(), stage.lsn);
  flip(stage.place, 20);
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].from, whole->settled.next());
  EXPECT_THAT(refusal({.from = whole->settled}).message(), HasSubstr("in the checkpoint"));
  ASSERT_TRUE(give_up(found[0]).has_value());
  expect_goes_on(history, whole->settled.next());
}

TEST_F(RepairTest, WithoutTheRingWhatIsSettledIsLeft) {
  for (const bool all : {true, false}) {
    io::SimulatedWorld& world = world_;
    ASSERT_TRUE(io::remove_tree(files(), kTestFolder).has_value());
    const History history(world, 60);
    const auto whole = verify(files(), {.data = kTestFolder, .watch = {}});
    const std::string path = path_in("ring", 0);
    if (all) {
      ASSERT_TRUE(files().remove(path).has_value());
    } else {
      auto file = files().open(path, io::OpenMode::kReadWrite);
      ASSERT_TRUE((*file)->truncate(4096).has_value());
    }
    const auto found = choices();
    ASSERT_THAT(found, SizeIs(1));
    ASSERT_EQ(found[0].from, whole->settled.next());
    const auto done = give_up(found[0]);
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
    expect_goes_on(history, whole->settled.next());
  }
}

TEST_F(RepairTest, WithoutACheckpointThereIsNothingToChoose) {
  const History history(world_, 60);
  files().flip_bit(path_in("checkpoint", 0), 100, 1);
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_FALSE(found[0].from);
  EXPECT_THAT(found[0].name, IsEmpty());
  EXPECT_THAT(found[0].loses, HasSubstr("backup"));
  EXPECT_EQ(refusal({.from = commit::Lsn(1)}).code(), ErrorCode::kRingDamaged);
}

std::vector<std::string> without(std::vector<std::string> values, size_t first, size_t count) {
  values.erase(values.begin() + static_cast<ptrdiff_t>(first),
               values.begin() + static_cast<ptrdiff_t>(first + count));
  return values;
}

TEST_F(RepairTest, OfASegmentFileOnlyTheDamagedFramesGo) {
  const History history(world_, 60);
  const std::string path = path_in("segments", 0);
  const Buffer content = *io::read_file(files(), path);
  const size_t record = content.view().find("3xxxx");
  ASSERT_NE(record, std::string_view::npos);
  files().flip_bit(path, record + 500, 3);
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].name, "first-0");
  EXPECT_EQ(found[0].loses, "first-0, offset 2 (1 record)");
  EXPECT_THAT(found[0].place, HasSubstr(path + "@"));
  ASSERT_TRUE(give_up(found[0]).has_value());
  EXPECT_THAT(choices(), IsEmpty());
  for (int start = 0; start < 3; ++start) {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open());
    const PartitionId first = driver.make_partition("first");
    EXPECT_EQ(driver.values(first), without(history.values("first", kAll), 2, 1));
    EXPECT_EQ(driver.values(first, 2).at(0).substr(0, 3), "3:4");
    EXPECT_EQ(driver.values(driver.make_partition("second")), history.values("second", kAll));
  }
}

TEST_F(RepairTest, AHeaderOfAFrameCostsOneFrame) {
  const History history(world_, 60);
  const std::string path = path_in("segments", 0);
  std::string place;
  int frames = 0;
  ASSERT_TRUE(dump_segment(files(), {.data = kTestFolder}, io::file_name(path),
                           [&](const DumpedFrame& frame) {
                             if (frame.concerns.starts_with("first-0") && frame.first == 4) {
                               place = frame.place;
                             }
                             ++frames;
                             return Result<void>();
                           })
                  .has_value());
  ASSERT_GT(frames, 5);
  const size_t body = io::read_file(files(), path)->view().find("5xxxx");
  files().flip_bit(path, body - 61 - 40, 0);
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].loses, "first-0, offset 4 (1 record)");
  ASSERT_TRUE(give_up(found[0]).has_value());
  LogDriver driver(world_.world());
  EXPECT_EQ(driver.values(driver.make_partition("first")),
            without(history.values("first", kAll), 4, 1));
}

TEST_F(RepairTest, AMissingSegmentFileTakesWithItWhatStoodInIt) {
  const History history(world_, 60);
  const std::string path = path_in("segments", 0);
  ASSERT_TRUE(files().remove(path).has_value());
  {
    LogDriver refused(world_.world());
    ASSERT_FALSE(refused.is_open());
  }
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].name, io::file_name(path));
  EXPECT_THAT(found[0].loses, HasSubstr("first-0, offsets "));
  EXPECT_THAT(refusal({.names = {"first-0"}}).message(), HasSubstr("missing, too"));
  ASSERT_TRUE(give_up(found[0]).has_value());
  EXPECT_THAT(choices(), IsEmpty());
  LogDriver driver(world_.world());
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  const std::vector<std::string> all = history.values("first", kAll);
  const std::vector<std::string> left = driver.values(driver.make_partition("first"));
  EXPECT_LT(left.size(), all.size());
  EXPECT_EQ(left, without(all, 0, all.size() - left.size()));
  EXPECT_TRUE(driver.append(driver.make_partition("first"), batch_of({"new"})).has_value());
}

TEST_F(RepairTest, AJobWhoseStateIsMissingIsNamed) {
  const History history(world_, 60);
  for (size_t index = 0;; ++index) {
    const std::string path = path_in("segments", index);
    bool state = false;
    ASSERT_TRUE(dump_segment(files(), {.data = kTestFolder}, io::file_name(path),
                             [&](const DumpedFrame& frame) {
                               state = state || frame.kind == "delta";
                               return Result<void>();
                             })
                    .has_value());
    if (!state) continue;
    ASSERT_TRUE(files().remove(path).has_value());
    break;
  }
  const auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(found[0].loses, HasSubstr("job totals: its state"));
  ASSERT_TRUE(give_up(found[0]).has_value());
  const auto rest = choices();
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_THAT(rest[0].loses, HasSubstr("another name"));
  LogDriver driver(world_.world());
  ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
  EXPECT_EQ(driver.values(driver.make_partition("first")), history.values("first", kAll));
  EXPECT_EQ(driver.values(driver.make_partition("second")), history.values("second", kAll));
  EXPECT_EQ(driver.log().jobs().recover(driver.open_job("totals")->job).error().code(),
            ErrorCode::kPartitionQuarantined);
}

// Damaged in the ring, quarantined by the start, taken out of the ring, given up.
TEST_F(RepairTest, WhatIsQuarantinedIsServedAgainWithoutWhatIsDamaged) {
  const History history(world_, 20);
  const DumpedEntry damaged = entry_of([&](const DumpedEntry& entry) {
    return entry.lsn > history.commits[4].value() && entry.concerns.starts_with("first-0");
  });
  flip(damaged.place, 500);
  auto found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].from, commit::Lsn(damaged.lsn));
  EXPECT_THAT(found[0].loses, HasSubstr("start the server"));
  EXPECT_THAT(refusal({.names = {"first-0"}}).code(), ErrorCode::kInvalidOption);
  {
    LogDriver driver(world_.world());
    ASSERT_TRUE(driver.is_open());
    const PartitionId first = driver.make_partition("first");
    EXPECT_THAT(driver.values(first).at(0), HasSubstr("MR-4014"));
    while (driver.log().status().checkpoint_generation == 0) {
      ASSERT_TRUE(driver.append(driver.make_partition("second"), batch_of({"more"})).has_value());
    }
  }
  found = choices();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].name, "first-0");
  EXPECT_EQ(found[0].loses, "first-0, offset 5 (1 record)");
  ASSERT_TRUE(give_up(found[0]).has_value());
  EXPECT_THAT(choices(), IsEmpty());
  LogDriver driver(world_.world());
  const PartitionId first = driver.make_partition("first");
  EXPECT_EQ(driver.values(first), without(history.values("first", kAll), 5, 1));
  EXPECT_EQ(driver.append(first, batch_of({"new"}))->base_offset, 20);
}

// Wherever a bit is flipped: what is offered helps, and costs no more than it says.
TEST(RepairRandomTest, GivingUpWhatIsOfferedMakesItWhole) {
  int repaired = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(seed);
    io::SimulatedWorld world;
    const History history(world, 45, static_cast<int>(seed) % 45);
    std::mt19937_64 random(seed);
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      const char* folders[] = {"ring", "ring", "segments"};
      const std::string folder = std::string(kTestFolder) + "/" + folders[random() % 3];
      const auto names = world.files().list(folder);
      const std::string path = folder + "/" + names->at(random() % names->size());
      world.files().flip_bit(path, random() % world.files().stat(path)->bytes,
                             static_cast<int>(random() % 8));
    }
    for (int round = 0; round < 8; ++round) {
      const auto found = find_choices(world.files(), {.data = kTestFolder});
      ASSERT_TRUE(found.has_value()) << found.error().to_string();
      const auto choice = std::ranges::find_if(*found, [](const RepairChoice& offered) {
        return offered.from || !offered.name.empty();
      });
      if (choice == found->end()) break;
      ASSERT_LT(round, 7);
      RepairOptions options{.data = kTestFolder, .from = choice->from};
      for (const RepairChoice& other : *found) {
        if (!options.from) options.names.push_back(other.name);
      }
      std::erase(options.names, "");
      const auto done = repair(world.files(), options);
      ASSERT_TRUE(done.has_value()) << done.error().to_string();
      ++repaired;
    }
    LogDriver driver(world.world());
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    for (const char* topic : {"first", "second"}) {
      const std::vector<std::string> all = history.values(topic, kAll);
      const std::vector<std::string> left = driver.values(driver.make_partition(topic));
      // In order, each once, none that was never written.
      auto at = all.begin();
      for (const std::string& value : left) {
        at = std::find(at, all.end(), value);
        ASSERT_NE(at, all.end()) << topic << " " << value.substr(0, 20);
        ++at;
      }
    }
  }
  EXPECT_GT(repaired, 20);
}

// The N-th call of the repair fails, or the machine goes down in it, for every N.
void break_off_everywhere(const std::function<void(io::SimulatedWorld&, History&)>& damage) {
  constexpr io::CrashMode kModes[] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                      io::CrashMode::kTear};
  bool done = false;
  for (uint64_t nth = 1; !done; ++nth) {
    SCOPED_TRACE(nth);
    io::SimulatedWorld world;
    History history(world, 40);
    damage(world, history);
    const auto found = find_choices(world.files(), {.data = kTestFolder});
    ASSERT_THAT(*found, SizeIs(1));
    RepairOptions options{.data = kTestFolder, .from = found->at(0).from};
    if (!options.from) options.names = {found->at(0).name};
    const bool crash = nth % 2 == 0;
    world.files().inject({.nth = nth,
                          .effect = crash ? io::FaultEffect::kCrash : io::FaultEffect::kFail,
                          .crash = kModes[nth / 2 % 3]});
    done = repair(world.files(), options).has_value() && !world.files().crashed();
    world.files().clear_faults();
    if (world.files().crashed()) world.files().recover();
    const auto rest = find_choices(world.files(), {.data = kTestFolder});
    ASSERT_TRUE(rest.has_value()) << rest.error().to_string();
    if (!rest->empty()) {
      ASSERT_FALSE(done);
      // The same, but for a ring of which more is gone by now.
      options.from = rest->at(0).from;
      const auto again = repair(world.files(), options);
      ASSERT_TRUE(again.has_value()) << again.error().to_string();
    }
    LogDriver driver(world.world());
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    const std::vector<std::string> all = history.values("first", kAll);
    const std::vector<std::string> left = driver.values(driver.make_partition("first"));
    ASSERT_GT(left.size(), 3U);
    ASSERT_EQ(left.at(1), all.at(1));
    const auto checked = driver.append(driver.make_partition("first"), batch_of({"new"}));
    ASSERT_TRUE(checked.has_value());
  }
}

TEST(RepairBrokenOffTest, OfTheRing) {
  break_off_everywhere([](io::SimulatedWorld& world, History& history) {
    const auto dumped =
        dump_ring(world.files(), {.data = kTestFolder}, [&](const DumpedEntry& entry) {
          if (entry.lsn != history.commits[36].value()) return Result<void>();
          const size_t at = entry.place.rfind('@');
          world.files().flip_bit(entry.place.substr(0, at),
                                 std::stoull(entry.place.substr(at + 1)) + 20, 1);
          return Result<void>();
        });
    ASSERT_TRUE(dumped.has_value());
  });
}

TEST(RepairBrokenOffTest, OfAMissingRing) {
  break_off_everywhere([](io::SimulatedWorld& world, History&) {
    ASSERT_TRUE(io::remove_tree(world.files(), std::string(kTestFolder) + "/ring").has_value());
  });
}

TEST(RepairBrokenOffTest, OfAPartition) {
  break_off_everywhere([](io::SimulatedWorld& world, History&) {
    const std::string folder = std::string(kTestFolder) + "/segments";
    const std::string path = folder + "/" + world.files().list(folder)->at(0);
    const size_t at = io::read_file(world.files(), path)->view().find("4xxxx");
    world.files().flip_bit(path, at + 100, 1);
  });
}

}  // namespace
}  // namespace millrace::log
