// Backups of a log at work, restored and compared with a model; crashes, faults and damage.

#include "log/backup/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "log/backup/backup_history_test.h"
#include "log/backup/busy_files_test.h"
#include "log/backup/restore.h"
#include "log/settle/checkpoint.h"

namespace millrace::log {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr const char* kBackup = "/backups/one";
constexpr const char* kRestored = "/restored";

Result<BackupOutcome> back_up_to(io::World world, const std::string& to,
                                 size_t open_files_max = 256) {
  return back_up(world, {.data = kTestFolder,
                         .to = to,
                         .program = "1.2.3",
                         .open_files_max = open_files_max,
                         .stop = {},
                         .watch = {}});
}

Result<BackupManifest> restore_from(io::World world, const std::string& from,
                                    const std::string& data = kRestored) {
  return restore(world, {.from = from, .data = data, .stop = {}, .watch = {}});
}

LogOptions at_folder(LogOptions options, const std::string& folder) {
  options.folder = folder;
  return options;
}

// Of a backup: all files below its folder, as paths.
std::vector<std::string> files_below(io::FileSystem& files, const std::string& folder) {
  std::vector<std::string> found;
  const auto names = files.list(folder);
  for (const std::string& name : *names) {
    const std::string path = io::join_path(folder, name);
    if (files.stat(path)->is_folder) {
      for (std::string& below : files_below(files, path)) found.push_back(std::move(below));
    } else {
      found.push_back(path);
    }
  }
  return found;
}

constexpr io::CrashMode kModes[3] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                     io::CrashMode::kTear};

class BackupTest : public testing::Test {
 protected:
  // Durable.
  void copy_tree(const std::string& from, const std::string& to) {
    for (const std::string& path : files_below(world_.files(), from)) {
      const std::string copy = to + path.substr(from.size());
      const auto folder = world_.files().make_folders(std::string(io::parent_path(copy)));
      ASSERT_TRUE(folder.has_value());
      const auto content = io::read_file(world_.files(), path);
      ASSERT_TRUE(io::replace_file(world_.files(), copy, content->span()).has_value());
    }
  }
  void open() {
    driver_.emplace(world_.world(), small_log());
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
  }
  // Enough to settle several times.
  std::vector<std::string> fill(const std::string& topic, int from, int count) {
    const auto partition = driver_->make_partition(topic);
    std::vector<std::string> expected;
    for (int i = from; i < from + count; ++i) {
      const std::string value = std::to_string(i) + std::string(20'000, '.');
      EXPECT_TRUE(driver_->append(partition, batch_of({value})).has_value());
      expected.push_back(std::to_string(i) + ":" + value);
    }
    return expected;
  }
  std::vector<std::string> restored_values(const std::string& topic,
                                           const std::string& folder = kRestored) {
    LogDriver restored(world_.world(), at_folder(small_log(), folder));
    if (!restored.is_open()) return {restored.open_error()->to_string()};
    return restored.values(restored.make_partition(topic));
  }

  io::SimulatedWorld world_;
  std::optional<LogDriver> driver_;
};

TEST_F(BackupTest, OfADirectoryThatNobodyUsesHoldsAllOfIt) {
  open();
  const auto expected = fill("a", 0, 200);
  driver_.reset();
  const auto outcome = back_up_to(world_.world(), kBackup);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().to_string();
  EXPECT_EQ(outcome->manifest.topics, 1U);
  EXPECT_EQ(outcome->manifest.partitions, 1U);
  EXPECT_EQ(outcome->manifest.jobs, 0U);
  EXPECT_EQ(outcome->manifest.program, "1.2.3");
  const auto restored = restore_from(world_.world(), kBackup);
  ASSERT_TRUE(restored.has_value()) << restored.error().to_string();
  EXPECT_EQ(restored->lsn, outcome->manifest.lsn);
  EXPECT_THAT(restored_values("a"), ElementsAreArray(expected));
  open();
  EXPECT_THAT(driver_->values(driver_->make_partition("a")), ElementsAreArray(expected));
}

TEST_F(BackupTest, OfANewDirectoryWithoutACheckpointCanBeRestored) {
  open();
  const auto expected = fill("a", 0, 3);
  const auto outcome = back_up_to(world_.world(), kBackup);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().to_string();
  EXPECT_EQ(outcome->manifest.files.size(), 1U);
  const commit::Lsn restored_lsn = outcome->manifest.lsn;
  ASSERT_TRUE(restore_from(world_.world(), kBackup).has_value());
  EXPECT_THAT(restored_values("a"), ElementsAreArray(expected));
  // The restored log goes on for laps, and can be backed up itself, even if it was never started.
  ASSERT_TRUE(restore_from(world_.world(), kBackup, "/unused").has_value());
  const auto again =
      back_up(world_.world(),
              {.data = "/unused", .to = "/backups/again", .program = "1", .stop = {}, .watch = {}});
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  EXPECT_EQ(again->manifest.lsn, restored_lsn);
  LogDriver restored(world_.world(), at_folder(small_log(), kRestored));
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(restored.append(restored.make_partition("a"), batch_of({std::string(20'000, 'x')}))
                    .has_value());
  }
}

TEST_F(BackupTest, TheSecondOneIntoAFolderCopiesWhatIsNew) {
  open();
  fill("a", 0, 300);
  const auto first = back_up_to(world_.world(), kBackup);
  ASSERT_TRUE(first.has_value()) << first.error().to_string();
  const auto again = back_up_to(world_.world(), kBackup);
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  EXPECT_LT(again->copied_bytes, first->copied_bytes / 3);
  const auto expected_b = fill("b", 0, 100);
  const auto third = back_up_to(world_.world(), kBackup);
  ASSERT_TRUE(third.has_value()) << third.error().to_string();
  EXPECT_GT(third->manifest.lsn, first->manifest.lsn);
  // Nothing is there that the manifest does not name.
  EXPECT_EQ(files_below(world_.files(), kBackup).size(), third->manifest.files.size() + 1);
  ASSERT_TRUE(restore_from(world_.world(), kBackup).has_value());
  EXPECT_THAT(restored_values("b"), ElementsAreArray(expected_b));
}

TEST_F(BackupTest, AFolderWithSomethingElseIsRefusedAndStaysAsItIs) {
  open();
  fill("a", 0, 3);
  ASSERT_TRUE(world_.files().make_folders("/other").has_value());
  ASSERT_TRUE(world_.files().open("/other/letter", io::OpenMode::kCreate).has_value());
  const auto refused = back_up_to(world_.world(), "/other");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_THAT(refused.error().to_string(), HasSubstr("letter"));
  EXPECT_EQ(files_below(world_.files(), "/other").size(), 1U);
  // A data directory is something else, too, also the one that is to be copied.
  EXPECT_EQ(back_up_to(world_.world(), kTestFolder).error().code(), ErrorCode::kAlreadyExists);
}

TEST_F(BackupTest, AFolderWithABackupOfOtherDataIsRefusedAndStaysAsItIs) {
  open();
  fill("a", 0, 200);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  driver_.reset();
  ASSERT_TRUE(io::remove_tree(world_.files(), kTestFolder).has_value());
  world_.threads().run_for(io::kNsPerSecond);
  open();
  fill("other", 0, 200);
  const auto refused = back_up_to(world_.world(), kBackup);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kAlreadyExists);
  ASSERT_TRUE(restore_from(world_.world(), kBackup).has_value());
  EXPECT_EQ(restored_values("a").size(), 200U);
}

TEST_F(BackupTest, WhatIsNoDataDirectoryIsRefused) {
  EXPECT_EQ(back_up_to(world_.world(), kBackup).error().code(), ErrorCode::kFileNotFound);
  ASSERT_TRUE(world_.files().make_folders(kTestFolder).has_value());
  EXPECT_EQ(back_up_to(world_.world(), kBackup).error().code(), ErrorCode::kFileNotFound);
  EXPECT_FALSE(world_.files().stat(kBackup).has_value());
  const std::string line = "millrace data 2\n";
  ASSERT_TRUE(io::replace_file(world_.files(), std::string(kTestFolder) + "/format",
                               std::as_bytes(std::span(line)))
                  .has_value());
  EXPECT_EQ(back_up_to(world_.world(), kBackup).error().code(), ErrorCode::kVersionMismatch);
}

TEST_F(BackupTest, TwoAtOnceIntoOneFolderAreRefused) {
  open();
  fill("a", 0, 3);
  ASSERT_TRUE(world_.files().make_folders(kBackup).has_value());
  const auto lock = world_.files().lock(std::string(kBackup) + "/unfinished");
  ASSERT_TRUE(lock.has_value());
  EXPECT_EQ(back_up_to(world_.world(), kBackup).error().code(), ErrorCode::kInUse);
}

TEST_F(BackupTest, DamageBelowWhatWasWitnessedIsNamedAndNoBackupIsMade) {
  open();
  fill("a", 0, 10);
  driver_.reset();
  const std::string ring = io::join_path("/data/ring", world_.files().list("/data/ring")->front());
  world_.files().flip_bit(ring, 5 * kBlockBytes * 5 + 100, 3);
  const auto refused = back_up_to(world_.world(), kBackup);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kRingDamaged);
  EXPECT_THAT(refused.error().place(), HasSubstr("ring/000000-"));
  EXPECT_FALSE(world_.files().stat(kBackup).has_value());
}

TEST_F(BackupTest, AMissingSegmentFileIsNamed) {
  open();
  fill("a", 0, 200);
  driver_.reset();
  const std::string segment =
      io::join_path("/data/segments", world_.files().list("/data/segments")->front());
  ASSERT_TRUE(world_.files().remove(segment).has_value());
  const auto refused = back_up_to(world_.world(), kBackup);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), ErrorCode::kRingDamaged);
  EXPECT_EQ(refused.error().place(), segment);
}

TEST_F(BackupTest, DamageInAnyFileOfABackupIsNamedAndNothingIsRestored) {
  open();
  fill("a", 0, 100);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  const RestoreOptions options{.from = kBackup, .data = kRestored, .stop = {}, .watch = {}};
  ASSERT_TRUE(verify_backup(world_.world(), options).has_value());
  for (const std::string& path : files_below(world_.files(), kBackup)) {
    const uint64_t bytes = world_.files().stat(path)->bytes;
    world_.files().flip_bit(path, bytes / 2, 1);
    for (const bool verify : {true, false}) {
      const auto refused =
          verify ? verify_backup(world_.world(), options) : restore(world_.world(), options);
      ASSERT_FALSE(refused.has_value()) << path;
      EXPECT_EQ(refused.error().code(), ErrorCode::kMalformedFile);
      EXPECT_EQ(refused.error().place(), path);
      EXPECT_FALSE(world_.files().stat(kRestored).has_value());
    }
    world_.files().flip_bit(path, bytes / 2, 1);
  }
  const auto file =
      *world_.files().open(files_below(world_.files(), kBackup).back(), io::OpenMode::kReadWrite);
  ASSERT_TRUE(file->truncate(*file->size() - 1).has_value());
  EXPECT_THAT(verify_backup(world_.world(), options).error().to_string(),
              HasSubstr("bytes instead"));
}

TEST_F(BackupTest, ARestoreTakesOnlyAnEmptyFolder) {
  open();
  fill("a", 0, 10);
  EXPECT_EQ(restore_from(world_.world(), "/nothing").error().code(), ErrorCode::kFileNotFound);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  EXPECT_EQ(restore_from(world_.world(), kBackup, kTestFolder).error().code(),
            ErrorCode::kAlreadyExists);
  ASSERT_TRUE(world_.files().make_folders("/empty/lost+found").has_value());
  ASSERT_TRUE(restore_from(world_.world(), kBackup, "/empty").has_value());
  EXPECT_EQ(restored_values("a", "/empty").size(), 10U);
  EXPECT_EQ(restore_from(world_.world(), kBackup, "/empty").error().code(),
            ErrorCode::kAlreadyExists);
}

TEST_F(BackupTest, OneOfAnotherVersionIsRefused) {
  open();
  fill("a", 0, 3);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  const std::string path = std::string(kBackup) + "/manifest";
  std::string text(io::read_file(world_.files(), path)->view());
  text.replace(0, 17, "millrace-backup 2");
  ASSERT_TRUE(io::replace_file(world_.files(), path, std::as_bytes(std::span(text))).has_value());
  EXPECT_EQ(restore_from(world_.world(), kBackup).error().code(), ErrorCode::kVersionMismatch);
}

// Whatever stands there, a manifest is taken as it was written or not at all.
TEST_F(BackupTest, AManifestThatWasChangedIsRefused) {
  open();
  fill("a", 0, 100);
  const auto outcome = back_up_to(world_.world(), kBackup);
  ASSERT_TRUE(outcome.has_value());
  const std::string text = to_text(outcome->manifest);
  ASSERT_TRUE(parse_manifest(text).has_value());
  EXPECT_EQ(to_text(*parse_manifest(text)), text);
  for (size_t at = 0; at < text.size(); ++at) {
    EXPECT_FALSE(parse_manifest(text.substr(0, at)).has_value()) << at;
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(parse_manifest(changed).has_value()) << at;
  }
  // With a right checksum, too, nothing may lead out of the folder or the ring.
  const auto refused = [&](auto change) {
    BackupManifest manifest = outcome->manifest;
    change(manifest);
    return !parse_manifest(to_text(manifest)).has_value();
  };
  for (const char* path : {"../../etc/passwd", "segments/../../x", "/etc/passwd", "segments/",
                           "ring/1/2", "format", "segments/0x", "manifest"}) {
    EXPECT_TRUE(refused([&](BackupManifest& manifest) { manifest.files[0].path = path; })) << path;
  }
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.files.clear(); }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.files.pop_back(); }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.ring_files.clear(); }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.ring_files[0] = 0; }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.runs[0].address = 1 << 20; }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.runs[0].address = UINT64_MAX; }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.runs[0].bytes = UINT64_MAX; }));
  EXPECT_TRUE(refused([](BackupManifest& manifest) { manifest.files.back().bytes += 1; }));
}

TEST_F(BackupTest, WhenItIsStoppedTheFolderIsAsBefore) {
  open();
  fill("a", 0, 100);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = back_up(
      world_.world(),
      {.data = kTestFolder, .to = kBackup, .program = "1", .stop = stop.get_token(), .watch = {}});
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_FALSE(world_.files().stat(kBackup).has_value());
}

TEST_F(BackupTest, ADiskThatIsFullLeavesTheBackupBefore) {
  open();
  fill("a", 0, 100);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  const auto before = files_below(world_.files(), kBackup);
  fill("a", 100, 100);
  world_.files().inject({.call = io::FileCall::kWrite,
                         .lasting = true,
                         .path_part = kBackup,
                         .code = ErrorCode::kDiskFull});
  EXPECT_EQ(back_up_to(world_.world(), kBackup).error().code(), ErrorCode::kDiskFull);
  world_.files().clear_faults();
  EXPECT_EQ(files_below(world_.files(), kBackup), before);
  ASSERT_TRUE(restore_from(world_.world(), kBackup).has_value());
  EXPECT_EQ(restored_values("a").size(), 100U);
}

// The N-th call fails or the machine crashes in it, for every N: the folder holds the backup before
// or the new one, and the next one works; a folder that is being restored is whole or no data
// directory.
TEST_F(BackupTest, WhereverItBreaksOffABackupIsThereWholeOrNotAtAll) {
  open();
  fill("a", 0, 60);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  copy_tree(kBackup, "/backups/old");
  fill("a", 60, 60);
  driver_.reset();
  const uint64_t calls_before = world_.files().calls();
  ASSERT_TRUE(back_up_to(world_.world(), "/backups/other").has_value());
  const uint64_t calls = world_.files().calls() - calls_before;
  bool done = false;
  for (uint64_t nth = 1; !done || nth <= calls; ++nth) {
    SCOPED_TRACE(nth);
    const bool crash = nth % 2 == 0;
    world_.files().inject({.nth = nth,
                           .effect = crash ? io::FaultEffect::kCrash : io::FaultEffect::kFail,
                           .crash = kModes[nth / 2 % 3]});
    done = back_up_to(world_.world(), kBackup).has_value() && !world_.files().crashed();
    world_.files().clear_faults();
    if (world_.files().crashed()) world_.files().recover();
    const std::string restored = kRestored + std::to_string(nth);
    const auto manifest = restore_from(world_.world(), kBackup, restored);
    ASSERT_TRUE(manifest.has_value()) << manifest.error().to_string();
    const size_t records = restored_values("a", restored).size();
    ASSERT_TRUE(records == 120 || (!done && records == 60)) << records;
    if (records == 120) {
      // Begin with the old one again.
      ASSERT_TRUE(io::remove_tree(world_.files(), kBackup).has_value());
      copy_tree("/backups/old", kBackup);
    }
  }
}

TEST_F(BackupTest, WhereverARestoreBreaksOffItIsWholeOrNoDataDirectory) {
  open();
  fill("a", 0, 120);
  ASSERT_TRUE(back_up_to(world_.world(), kBackup).has_value());
  driver_.reset();
  const uint64_t calls_before = world_.files().calls();
  ASSERT_TRUE(restore_from(world_.world(), kBackup, "/elsewhere").has_value());
  const uint64_t calls = world_.files().calls() - calls_before;
  bool done = false;
  for (uint64_t nth = 1; !done || nth <= calls; ++nth) {
    SCOPED_TRACE(nth);
    const bool crash = nth % 2 == 0;
    world_.files().inject({.nth = nth,
                           .effect = crash ? io::FaultEffect::kCrash : io::FaultEffect::kFail,
                           .crash = kModes[nth / 2 % 3]});
    const std::string restored = kRestored + std::to_string(nth);
    done = restore_from(world_.world(), kBackup, restored).has_value() && !world_.files().crashed();
    world_.files().clear_faults();
    if (world_.files().crashed()) world_.files().recover();
    const bool whole = world_.files().stat(restored + "/format").has_value();
    if (!whole && !done && world_.files().stat(restored + "/ring")) {
      LogDriver refused(world_.world(), at_folder(small_log(), restored));
      ASSERT_FALSE(refused.is_open());
      ASSERT_EQ(refused.open_error()->code(), ErrorCode::kVersionMismatch);
    }
    if (!whole) {
      const auto again = restore_from(world_.world(), kBackup, restored);
      ASSERT_TRUE(again.has_value()) << again.error().to_string();
    }
    ASSERT_EQ(restored_values("a", restored).size(), 120U);
  }
}

// Twenty seeds; `--gtest_shuffle --gtest_random_seed=N` takes others.
TEST(BackupHistoryTest, OfALogAtWorkIsWhatItHeldAtOneLsn) {
  constexpr uint64_t kSeeds = 20;
  const auto runs = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  uint64_t incremental = 0;
  for (uint64_t seed = 1 + runs * kSeeds; seed <= (runs + 1) * kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    io::SimulatedWorld world({.seed = seed});
    // Of half of them the ring grows.
    LogOptions options = BackupHistory::options();
    options.ring_bytes_max <<= seed % 2 * 2;
    BackupHistory history(seed, world.world(), options);
    std::mt19937_64 random(seed);
    const uint64_t seldom = 4 + random() % 12;
    // Whoever reads the ring may be lapped, too.
    const uint64_t pauses = random() % 3;
    BusyFiles files(world.files(), [&](const std::string& path) {
      const bool pause = path.find("/data/ring/") != std::string::npos && random() % 12 < pauses;
      for (uint64_t i = pause ? random() % 300 : 0; i > 0; --i) history.step();
      if (random() % seldom == 0) history.step();
    });
    const io::World busy{world.clock(), world.random(), files, world.threads(), world.network()};
    std::vector<commit::Lsn> moments;
    for (int round = 0; round < 4; ++round) {
      for (uint64_t i = random() % 200; i > 0; --i) history.step();
      const commit::Lsn acknowledged = history.acknowledged();
      const std::string to = "/backups/" + std::to_string(random() % 2);
      const auto outcome = back_up_to(busy, to, random() % 2 == 0 ? 256 : 2);
      ASSERT_TRUE(outcome.has_value()) << outcome.error().to_string();
      ASSERT_GE(outcome->manifest.lsn, acknowledged);
      incremental += outcome->copied_bytes < outcome->manifest.bytes() ? 1 : 0;
      moments.push_back(outcome->manifest.lsn);
      const std::string restored = kRestored + std::to_string(round);
      const auto manifest = restore_from(world.world(), to, restored);
      ASSERT_TRUE(manifest.has_value()) << manifest.error().to_string();
    }
    history.finish();
    for (size_t round = 0; round < moments.size(); ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      LogDriver restored(world.world(), at_folder(options, kRestored + std::to_string(round)));
      ASSERT_TRUE(restored.is_open()) << restored.open_error()->to_string();
      history.check(restored, moments[round]);
      if (testing::Test::HasFailure()) return;
      // Its ring can be emptied: it goes on for laps.
      for (int i = 0; i < 60; ++i) {
        const auto filler = restored.make_partition("filler");
        ASSERT_TRUE(restored.append(filler, batch_of({std::string(20'000, 'f')})).has_value());
      }
    }
  }
  EXPECT_GT(incremental, 5U);
}

}  // namespace
}  // namespace millrace::log
