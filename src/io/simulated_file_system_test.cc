#include <gtest/gtest.h>

#include "io/simulated_world.h"

namespace millrace::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::unique_ptr<File> opened(FileSystem& files, const std::string& path,
                             OpenMode mode = OpenMode::kCreate) {
  return std::move(files.open(path, mode)).value();
}

void write_all(FileSystem& files, const std::string& path, std::string_view text) {
  ASSERT_TRUE(opened(files, path)->write_at(0, bytes_of(text)));
}

std::string read_all(FileSystem& files, const std::string& path) {
  auto content = read_file(files, path);
  return content ? std::string(content->view()) : content.error().to_string();
}

bool exists(FileSystem& files, const std::string& path) {
  return files.stat(path).has_value();
}

void power_loss(SimulatedFileSystem& files) {
  files.crash(CrashMode::kLoseUnsynced);
  files.recover();
}

TEST(SimulatedFileSystem, PowerLossKeepsExactlyWhatWasSynced) {
  SimulatedWorld world;
  auto& files = world.files();
  ASSERT_TRUE(files.make_folders("data"));
  const auto file = opened(files, "data/ring");
  ASSERT_TRUE(files.sync_folder("data"));
  ASSERT_TRUE(file->write_at(0, bytes_of("synced")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->write_at(2, bytes_of("NOT, AND LONGER")));
  EXPECT_EQ(read_all(files, "data/ring"), "syNOT, AND LONGER");
  power_loss(files);
  EXPECT_EQ(read_all(files, "data/ring"), "synced");
  EXPECT_EQ(file->size().error().code(), ErrorCode::kIoFailed) << "opened before the crash";
}

TEST(SimulatedFileSystem, AKilledProcessLosesNothing) {
  SimulatedWorld world;
  write_all(world.files(), "a", "unsynced");
  world.files().crash(CrashMode::kProcess);
  EXPECT_FALSE(world.files().open("a", OpenMode::kRead));
  world.files().recover();
  EXPECT_EQ(read_all(world.files(), "a"), "unsynced");
}

TEST(SimulatedFileSystem, NamesAreLostUntilTheirFolderIsSynced) {
  SimulatedWorld world;
  auto& files = world.files();
  ASSERT_TRUE(files.make_folders("d"));
  write_all(files, "d/new", "x");
  ASSERT_TRUE(opened(files, "d/new")->sync());
  write_all(files, "d/kept", "y");
  ASSERT_TRUE(opened(files, "d/kept")->sync());
  ASSERT_TRUE(files.sync_folder("d"));
  ASSERT_TRUE(files.rename("d/kept", "d/renamed"));
  ASSERT_TRUE(files.remove("d/new"));
  write_all(files, "d/third", "z");
  EXPECT_EQ(files.list("d").value(), (std::vector<std::string>{"renamed", "third"}));
  power_loss(files);
  EXPECT_EQ(files.list("d").value(), (std::vector<std::string>{"kept", "new"}));
  EXPECT_EQ(read_all(files, "d/kept"), "y");
}

TEST(SimulatedFileSystem, SyncOfTheTargetFolderTakesTheRenameAndWhatItBuildsOn) {
  SimulatedWorld world;
  auto& files = world.files();
  ASSERT_TRUE(files.make_folders("a"));
  ASSERT_TRUE(files.make_folders("b"));
  write_all(files, "a/one", "1");
  ASSERT_TRUE(opened(files, "a/one")->sync());
  write_all(files, "a/other", "2");
  ASSERT_TRUE(files.rename("a/one", "b/one"));
  ASSERT_TRUE(files.sync_folder("b"));
  power_loss(files);
  EXPECT_EQ(read_all(files, "b/one"), "1");
  EXPECT_TRUE(files.list("a").value().empty());
}

TEST(SimulatedFileSystem, ARenamedFolderTakesItsContentAlong) {
  SimulatedWorld world;
  auto& files = world.files();
  ASSERT_TRUE(files.make_folders("x/deep"));
  write_all(files, "x/deep/file", "1");
  ASSERT_TRUE(opened(files, "x/deep/file")->sync());
  ASSERT_TRUE(files.rename("x", "y"));
  ASSERT_TRUE(files.sync_folder("."));
  ASSERT_TRUE(files.sync_folder("y/deep"));
  power_loss(files);
  EXPECT_EQ(read_all(files, "y/deep/file"), "1");
  EXPECT_FALSE(exists(files, "x"));
}

TEST(SimulatedFileSystem, ReplaceFileShowsTheOldOrTheNewAfterACrashAtAnyCall) {
  for (const CrashMode mode : {CrashMode::kLoseUnsynced, CrashMode::kTear, CrashMode::kProcess}) {
    for (uint64_t nth = 1;; ++nth) {
      SimulatedWorld world({.seed = nth});
      auto& files = world.files();
      ASSERT_TRUE(replace_file(files, "f", bytes_of("old content")));
      files.inject({.nth = nth, .effect = FaultEffect::kCrash, .crash = mode});
      const bool replaced = replace_file(files, "f", bytes_of("new")).has_value();
      files.clear_faults();
      if (files.crashed()) files.recover();
      const std::string content = read_all(files, "f");
      EXPECT_TRUE(content == "new" || (!replaced && content == "old content")) << nth << content;
      if (replaced) break;
    }
  }
}

TEST(SimulatedFileSystem, ATornWriteIsOldOrNewSectorBySector) {
  bool mixed = false;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SimulatedWorld world({.seed = seed});
    auto& files = world.files();
    const auto file = opened(files, "f");
    ASSERT_TRUE(files.sync_folder(""));
    ASSERT_TRUE(file->write_at(0, bytes_of(std::string(16'384, 'o'))));
    ASSERT_TRUE(file->sync());
    files.inject({.call = FileCall::kWrite, .effect = FaultEffect::kCrash});
    ASSERT_FALSE(file->write_at(0, bytes_of(std::string(16'384, 'n'))));
    files.recover();
    const std::string content = read_all(files, "f");
    ASSERT_EQ(content.size(), 16'384U);
    for (size_t at = 0; at < content.size(); at += 512) {
      ASSERT_EQ(content.substr(at, 512), std::string(512, content[at]));
    }
    mixed |= content.contains('o') && content.contains('n');
  }
  EXPECT_TRUE(mixed);
}

TEST(SimulatedFileSystem, AFailedSyncIsNotMendedByTheNextOne) {
  SimulatedWorld world;
  auto& files = world.files();
  const auto file = opened(files, "f");
  ASSERT_TRUE(files.sync_folder("."));
  ASSERT_TRUE(file->write_at(0, bytes_of("12345678")));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->write_at(0, bytes_of("lost")));
  files.inject({.call = FileCall::kSync});
  EXPECT_EQ(file->sync().error().code(), ErrorCode::kIoFailed);
  EXPECT_EQ(read_all(files, "f"), "lost5678");
  ASSERT_TRUE(file->sync());
  power_loss(files);
  EXPECT_EQ(read_all(files, "f"), "12345678");
}

TEST(SimulatedFileSystem, FaultsHitTheNthMatchingCallOnceOrFromThenOn) {
  SimulatedWorld world;
  auto& files = world.files();
  write_all(files, "ring.0", "x");
  files.inject({.call = FileCall::kRead, .nth = 2, .path_part = "ring"});
  const auto file = opened(files, "ring.0");
  std::array<std::byte, 1> to;
  EXPECT_TRUE(file->read_at(0, to));
  EXPECT_FALSE(file->read_at(0, to));
  EXPECT_TRUE(file->read_at(0, to));
  files.inject({.call = FileCall::kRead, .lasting = true, .code = ErrorCode::kDiskFull});
  EXPECT_EQ(file->read_at(0, to).error().code(), ErrorCode::kDiskFull);
  EXPECT_FALSE(file->read_at(0, to));
  files.clear_faults();
  EXPECT_TRUE(file->read_at(0, to));
}

TEST(SimulatedFileSystem, AFullDiskTakesOverwritesButNoGrowth) {
  SimulatedWorld world;
  auto& files = world.files();
  files.limit_disk(10);
  const auto file = opened(files, "f");
  ASSERT_TRUE(file->write_at(0, bytes_of("0123456789")));
  EXPECT_EQ(file->write_at(5, bytes_of("abcdef")).error().code(), ErrorCode::kDiskFull);
  EXPECT_TRUE(file->write_at(5, bytes_of("abcde")));
  EXPECT_EQ(read_all(files, "f"), "01234abcde");
}

TEST(SimulatedFileSystem, BitFlipsAndMisdirectedWritesDamageTheContent) {
  SimulatedWorld world;
  auto& files = world.files();
  write_all(files, "f", "abc");
  files.flip_bit("f", 1, 0);
  EXPECT_EQ(read_all(files, "f"), "acc");
  files.inject({.call = FileCall::kWrite, .effect = FaultEffect::kMisdirect});
  const auto file = opened(files, "f");
  ASSERT_TRUE(file->write_at(1 << 20, bytes_of("elsewhere")));
  std::array<std::byte, 9> to{};
  ASSERT_TRUE(file->read_at(1 << 20, to));
  EXPECT_NE(std::memcmp(to.data(), "elsewhere", 9), 0);
}

TEST(SimulatedFileSystem, HundredGigabytesOfZeroesOrOfDiscardedWritesTakeNoMemory) {
  SimulatedWorld world;
  auto& files = world.files();
  const std::vector<std::byte> zeroes(1 << 20);
  const auto sparse = opened(files, "sparse");
  for (uint64_t at = 0; at < 100; ++at) ASSERT_TRUE(sparse->write_at(at << 30, zeroes));
  ASSERT_TRUE(sparse->sync());
  const auto discarded = opened(files, "discarded");
  files.discard_writes("discarded");
  const std::vector<std::byte> ones(1 << 20, std::byte{1});
  for (uint64_t at = 0; at < 102'400; ++at) ASSERT_TRUE(discarded->write_at(at << 20, ones));
  EXPECT_EQ(discarded->size().value(), uint64_t{100} << 30);
  EXPECT_EQ(files.held_bytes(), 0U);
}

TEST(SimulatedFileSystem, ShrinkingForgetsTheTail) {
  SimulatedWorld world;
  auto& files = world.files();
  const auto file = opened(files, "f");
  ASSERT_TRUE(files.sync_folder("."));
  ASSERT_TRUE(file->write_at(0, bytes_of(std::string(10'000, 'a'))));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->truncate(5'000));
  ASSERT_TRUE(file->truncate(10'000));
  EXPECT_EQ(read_all(files, "f"), std::string(5'000, 'a') + std::string(5'000, '\0'));
  ASSERT_TRUE(file->sync());
  power_loss(files);
  EXPECT_EQ(read_all(files, "f"), std::string(5'000, 'a') + std::string(5'000, '\0'));
}

}  // namespace
}  // namespace millrace::io
