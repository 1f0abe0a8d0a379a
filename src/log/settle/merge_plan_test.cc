#include "log/settle/merge_plan.h"

#include <gtest/gtest.h>

#include <random>

namespace millrace::log {
namespace {

constexpr uint64_t kMiB = 1 << 20;
const commit::PartitionId kPartition{commit::TopicId(1), 0};

std::vector<MergeCandidate> shared(size_t count, uint64_t bytes, uint64_t alive) {
  std::vector<MergeCandidate> files;
  for (size_t i = 0; i < count; ++i) {
    files.push_back({.number = i + 1, .bytes = bytes, .alive_bytes = alive, .only = {}});
  }
  return files;
}

std::vector<MergeCandidate> own(size_t count, uint64_t bytes, uint64_t alive) {
  auto files = shared(count, bytes, alive);
  for (MergeCandidate& file : files) {
    file.only = kPartition;
    file.own_file_end = 256 * kMiB;
  }
  return files;
}

TEST(MergePlan, FewFilesAreLeftAlone) {
  EXPECT_TRUE(choose_merge({}, {}).empty());
  EXPECT_TRUE(choose_merge(shared(7, kMiB / 2, kMiB / 2), {}).empty());
  EXPECT_TRUE(choose_merge(own(7, 10 * kMiB, 10 * kMiB), {}).empty());
}

TEST(MergePlan, ManyOfOneSizeAreMergedAndTheSmallOnesFirst) {
  EXPECT_EQ(choose_merge(shared(9, kMiB / 2, kMiB / 2), {}).size(), 9U);
  auto files = shared(9, 20 * kMiB, 20 * kMiB);
  for (MergeCandidate& file : shared(8, kMiB / 2, kMiB / 2)) {
    file.number += 100;
    files.push_back(file);
  }
  const auto chosen = choose_merge(files, {});
  EXPECT_EQ(chosen.size(), 8U);
  EXPECT_GT(*chosen.begin(), 100U);
  EXPECT_EQ(choose_merge(own(8, 10 * kMiB, 10 * kMiB), {}).size(), 8U);
}

TEST(MergePlan, WhatIsLargeAlreadyStays) {
  EXPECT_TRUE(choose_merge(shared(50, 600 * kMiB, 600 * kMiB), {}).empty());
  EXPECT_TRUE(choose_merge(own(50, 64 * kMiB, 64 * kMiB), {}).empty());
  auto files = own(50, 10 * kMiB, 10 * kMiB);
  for (MergeCandidate& file : files) file.own_file_end = 8 * kMiB;
  EXPECT_TRUE(choose_merge(files, {}).empty()) << "they would come out as they are";
}

TEST(MergePlan, AFileInWhichLittleIsAliveIsWrittenAnew) {
  EXPECT_EQ(choose_merge(shared(1, 100 * kMiB, 40 * kMiB), {}).size(), 1U);
  EXPECT_TRUE(choose_merge(shared(1, 100 * kMiB, 60 * kMiB), {}).empty());
  EXPECT_TRUE(choose_merge(own(1, 64 * kMiB, 10 * kMiB), {}).empty());
  EXPECT_EQ(choose_merge(own(1, 256 * kMiB, 10 * kMiB), {}).size(), 1U);
}

TEST(MergePlan, OneMergeIsBounded) {
  EXPECT_EQ(choose_merge(shared(8, 300 * kMiB, 300 * kMiB), {}).size(), 3U);
}

// Files come in at random sizes and are merged as is said; their number stays small.
TEST(MergePlan, TheNumberOfSharedFilesStaysBounded) {
  std::mt19937_64 random(7);
  std::vector<MergeCandidate> files;
  uint64_t next = 1;
  size_t most = 0;
  uint64_t written = 0;
  uint64_t merged = 0;
  for (int pass = 0; pass < 5000; ++pass) {
    const uint64_t bytes = 1 + (random() % 64 * kMiB >> random() % 12);
    files.push_back({.number = next++, .bytes = bytes, .alive_bytes = bytes, .only = {}});
    written += bytes;
    const auto chosen = choose_merge(files, {});
    uint64_t sum = 0;
    std::erase_if(files, [&](const MergeCandidate& file) {
      if (!chosen.contains(file.number)) return false;
      sum += file.alive_bytes;
      return true;
    });
    merged += sum;
    if (sum > 0) {
      files.push_back({.number = next++, .bytes = sum, .alive_bytes = sum, .only = {}});
    }
    size_t not_large = 0;
    for (const MergeCandidate& file : files) not_large += file.bytes < 512 * kMiB ? 1 : 0;
    most = std::max(most, not_large);
  }
  EXPECT_LE(most, 40U);
  EXPECT_LE(merged, written * 4);
}

}  // namespace
}  // namespace millrace::log
