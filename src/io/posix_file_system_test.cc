#include "io/posix_file_system.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/simulated_world.h"

namespace millrace::io {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// The promises of FileSystem, checked in both forms.
class FileSystems : public testing::TestWithParam<bool> {
 protected:
  FileSystems() { EXPECT_TRUE(files().make_folders(folder_)); }
  ~FileSystems() override { EXPECT_TRUE(remove_tree(files(), folder_)); }

  FileSystem& files() {
    if (GetParam()) return simulated_.files();
    return posix_;
  }
  std::string path(std::string_view name) { return join_path(folder_, name); }
  ErrorCode open_error(const std::string& name, OpenMode mode) {
    return files().open(path(name), mode).error().code();
  }
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(files().open(path(name), OpenMode::kCreate).value()->write_at(0, bytes_of(text)));
  }

 private:
  PosixFileSystem posix_;
  SimulatedWorld simulated_;
  const std::string folder_ =
      join_path(testing::TempDir(), "millrace-io-" + std::to_string(getpid()) + "/folder");
};

INSTANTIATE_TEST_SUITE_P(Worlds, FileSystems, testing::Bool(),
                         [](const auto& info) { return info.param ? "Simulated" : "Posix"; });

TEST_P(FileSystems, ReadBackWhatWasWrittenInPiecesAtOffsets) {
  const auto file = files().open(path("f"), OpenMode::kCreateNew).value();
  std::vector<std::string> texts;
  std::string expected(3, '\0');
  for (int index = 0; index < 300; ++index) {
    texts.push_back(
        std::string(static_cast<size_t>(index % 7), static_cast<char>('a' + index % 26)));
    expected += texts.back();
  }
  std::vector<std::span<const std::byte>> pieces;
  for (const std::string& text : texts) pieces.push_back(bytes_of(text));
  ASSERT_TRUE(file->write_at(3, pieces));
  ASSERT_TRUE(file->sync());
  ASSERT_TRUE(file->drop_cache());
  EXPECT_EQ(file->size().value(), expected.size());
  EXPECT_EQ(read_file(files(), path("f")).value().view(), expected);
  std::array<std::byte, 8> tail;
  EXPECT_EQ(file->read_at(expected.size() - 2, tail).value(), 2U);
  EXPECT_EQ(file->read_at(expected.size() + 9, tail).value(), 0U);
  ASSERT_TRUE(file->truncate(1));
  EXPECT_EQ(files().stat(path("f")).value().bytes, 1U);
}

TEST_P(FileSystems, KeepWhatIsWrittenInBulk) {
  write("there", "x");
  EXPECT_EQ(open_error("there", OpenMode::kCreateBulk), ErrorCode::kAlreadyExists);
  for (const uint64_t least : {1, 4096, 8191, 700'000, 70'000'000}) {
    const std::string name = path("bulk" + std::to_string(least));
    const auto file = files().open(name, OpenMode::kCreateBulk).value();
    std::string expected;
    // Pieces of many sizes, with a sync now and then, after which it goes on at an odd place.
    for (uint64_t piece = 0; expected.size() < least; ++piece) {
      const std::string text((piece * 7919) % 100'000 + 1, static_cast<char>('a' + piece % 26));
      ASSERT_TRUE(file->write_at(expected.size(), bytes_of(text)));
      expected += text;
      EXPECT_EQ(file->size().value(), expected.size());
      if (least == 700'000 && piece % 5 == 4) {
        ASSERT_TRUE(file->sync());
      }
    }
    ASSERT_TRUE(file->sync());
    EXPECT_EQ(files().stat(name).value().bytes, expected.size());
    EXPECT_TRUE(read_file(files(), name).value().view() == expected);
    const auto reader = files().open(name, OpenMode::kReadBulk).value();
    for (const uint64_t bytes : {1, 100'000, 1'048'577}) {
      for (const uint64_t offset : {0, 1, 4095, 4096, 333'333}) {
        const auto got = reader->read(offset, bytes).value();
        EXPECT_TRUE(got.view() == std::string_view(expected).substr(
                                      std::min<size_t>(offset, expected.size()), bytes))
            << bytes << " at " << offset << " of " << expected.size();
      }
    }
    EXPECT_FALSE(reader->write_at(0, bytes_of("x")));
  }
  EXPECT_EQ(open_error("none", OpenMode::kReadBulk), ErrorCode::kFileNotFound);
}

TEST(PosixFileSystem, ABulkFileTakesNoMoreOfTheDiskThanItHolds) {
  PosixFileSystem files;
  const std::string folder =
      join_path(testing::TempDir(), "millrace-bulk-" + std::to_string(getpid()));
  ASSERT_TRUE(files.make_folders(folder));
  const std::string name = join_path(folder, "file");
  {
    const auto file = files.open(name, OpenMode::kCreateBulk).value();
    const std::string text(3'000'001, 'x');
    ASSERT_TRUE(file->write_at(0, bytes_of(text)));
    ASSERT_TRUE(file->sync());
  }
  struct stat found{};
  ASSERT_EQ(::stat(name.c_str(), &found), 0);
  EXPECT_LT(found.st_blocks * 512, 4 << 20);
  EXPECT_TRUE(remove_tree(files, folder));
}

TEST_P(FileSystems, SayWhatIsWrongWithAPath) {
  write("file", "x");
  ASSERT_TRUE(files().make_folders(path("a/b")));
  EXPECT_TRUE(files().make_folders(path("a/b")));
  EXPECT_EQ(open_error("none", OpenMode::kRead), ErrorCode::kFileNotFound);
  EXPECT_EQ(open_error("none/none", OpenMode::kCreate), ErrorCode::kFileNotFound);
  EXPECT_EQ(open_error("a", OpenMode::kRead), ErrorCode::kIsFolder);
  EXPECT_EQ(open_error("a", OpenMode::kReadWrite), ErrorCode::kIsFolder);
  EXPECT_EQ(open_error("file", OpenMode::kCreateNew), ErrorCode::kAlreadyExists);
  EXPECT_EQ(files().stat(path("none")).error().code(), ErrorCode::kFileNotFound);
  EXPECT_EQ(files().list(path("none")).error().code(), ErrorCode::kFileNotFound);
  EXPECT_EQ(files().rename(path("none"), path("x")).error().code(), ErrorCode::kFileNotFound);
  EXPECT_EQ(files().remove(path("none")).error().code(), ErrorCode::kFileNotFound);
  EXPECT_EQ(files().remove(path("a")).error().code(), ErrorCode::kIoFailed);
  EXPECT_EQ(files().sync_folder(path("none")).error().code(), ErrorCode::kFileNotFound);
  EXPECT_EQ(files().make_folders(path("file")).error().code(), ErrorCode::kAlreadyExists);
  const Error error = files().open(path("none"), OpenMode::kRead).error();
  EXPECT_EQ(error.place(), path("none"));
}

TEST_P(FileSystems, ListSortedNamesAndTellFoldersFromFiles) {
  write("b", "12");
  write("a", "1");
  ASSERT_TRUE(files().make_folders(path("c/deep")));
  EXPECT_EQ(files().list(path("")).value(), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(files().stat(path("c")).value().is_folder);
  const FileStat stat = files().stat(path("b")).value();
  EXPECT_FALSE(stat.is_folder);
  EXPECT_EQ(stat.bytes, 2U);
  EXPECT_GT(stat.modified_us, 1'700'000'000'000'000);
}

TEST_P(FileSystems, RenameReplacesAndReplaceFileLeavesNothingBehind) {
  write("old", "old");
  write("new", "new");
  ASSERT_TRUE(files().rename(path("new"), path("old")));
  EXPECT_EQ(read_file(files(), path("old")).value().view(), "new");
  ASSERT_TRUE(replace_file(files(), path("old"), bytes_of("newest")));
  EXPECT_EQ(read_file(files(), path("old")).value().view(), "newest");
  EXPECT_EQ(files().list(path("")).value(), (std::vector<std::string>{"old"}));
  EXPECT_TRUE(remove_tree(files(), path("old")));
  EXPECT_TRUE(remove_tree(files(), path("old"))) << "nothing there is success";
}

TEST_P(FileSystems, GiveALockToOneHolderAtATime) {
  auto lock = files().lock(path("lock"));
  ASSERT_TRUE(lock);
  EXPECT_EQ(files().lock(path("lock")).error().code(), ErrorCode::kInUse);
  lock->reset();
  EXPECT_TRUE(files().lock(path("lock")));
}

TEST_P(FileSystems, OpenFilesSurviveTheirName) {
  write("f", "still here");
  const auto file = files().open(path("f"), OpenMode::kRead).value();
  ASSERT_TRUE(files().remove(path("f")));
  std::array<std::byte, 5> start;
  EXPECT_EQ(file->read_at(0, start).value(), 5U);
  EXPECT_FALSE(file->write_at(0, start)) << "opened for reading";
}

TEST(PosixFileSystem, AFullDiskIsNamedWithARemedy) {
  PosixFileSystem files;
  const auto full = files.open("/dev/full", OpenMode::kReadWrite);
  if (!full) GTEST_SKIP() << "no /dev/full here";
  const Error error = (*full)->write_at(0, bytes_of("x")).error();
  EXPECT_EQ(error.code(), ErrorCode::kDiskFull);
  EXPECT_EQ(error.place(), "/dev/full");
  EXPECT_FALSE(error.remedy().empty());
}

TEST(PosixFileSystem, RemoveTreeTakesALinkAndNotItsTarget) {
  PosixFileSystem files;
  const std::string folder =
      join_path(testing::TempDir(), "millrace-io-link-" + std::to_string(getpid()));
  ASSERT_TRUE(files.make_folders(folder + "/target"));
  ASSERT_TRUE(replace_file(files, folder + "/target/kept", bytes_of("x")));
  ASSERT_TRUE(files.make_folders(folder + "/tree"));
  ASSERT_EQ(symlink((folder + "/target").c_str(), (folder + "/tree/link").c_str()), 0);
  ASSERT_TRUE(remove_tree(files, folder + "/tree"));
  EXPECT_TRUE(files.stat(folder + "/target/kept"));
  EXPECT_FALSE(files.stat(folder + "/tree"));
  ASSERT_TRUE(remove_tree(files, folder));
}

TEST(Path, JoinsAndSplits) {
  EXPECT_EQ(join_path("a", "b/c"), "a/b/c");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("a", "/b"), "/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(parent_path("a/b"), "a");
  EXPECT_EQ(parent_path("/b"), "/");
  EXPECT_EQ(parent_path("b"), ".");
  EXPECT_EQ(file_name("a/b"), "b");
  EXPECT_EQ(normal_path("/a//b/./../c/"), "/a/c");
  EXPECT_EQ(normal_path("./a"), "a");
  EXPECT_EQ(normal_path("."), "");
  EXPECT_EQ(normal_path("/../a"), "/a");
}

}  // namespace
}  // namespace millrace::io
