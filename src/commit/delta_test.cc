#include "commit/delta.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

namespace millrace::commit {
namespace {

using Key = std::tuple<uint16_t, uint64_t, std::string>;
using Table = std::map<Key, std::optional<std::string>>;

Buffer build(const Table& table) {
  DeltaBuilder builder;
  for (const auto& [key, value] : table) {
    const auto& [group, state, bytes] = key;
    if (value) {
      builder.put(KeyGroup(group), StateId(state), bytes, *value);
    } else {
      builder.remove(KeyGroup(group), StateId(state), bytes);
    }
  }
  return builder.finish();
}

Table read(const Buffer& delta, KeyGroupRange range = {}) {
  Table table;
  const auto reader = DeltaReader::open(delta);
  EXPECT_TRUE(reader.has_value());
  const auto visited = reader->for_each(range, [&](const DeltaEntry& entry) -> Result<void> {
    auto& value = table[{entry.group.value(), entry.state.value(), std::string(entry.key)}];
    value = entry.deleted ? std::nullopt : std::optional(std::string(entry.value));
    return {};
  });
  EXPECT_TRUE(visited.has_value());
  return table;
}

Table random_table(uint32_t seed, int entries) {
  std::mt19937 random(seed);
  Table table;
  for (int i = 0; i < entries; ++i) {
    std::string key(random() % 4, '\0');
    for (char& byte : key) byte = static_cast<char>(random() % 4 == 0 ? 0xFF : random() % 3);
    auto& value = table[{random() % 6 * 819, random() % 3, key}];
    if (random() % 4 != 0) value = std::string(random() % 200, static_cast<char>(random()));
  }
  return table;
}

TEST(Delta, ReadsBackWhatWasBuiltAndFiltersByKeyGroup) {
  const Table table = random_table(1, 500);
  const Buffer delta = build(table);
  EXPECT_EQ(read(delta), table);
  Table part;
  for (const auto& [key, value] : table) {
    if (std::get<0>(key) >= 819 && std::get<0>(key) <= 1638) part[key] = value;
  }
  EXPECT_EQ(read(delta, {KeyGroup(819), KeyGroup(1638)}), part);
  EXPECT_EQ(read(DeltaBuilder().finish()), Table());
}

TEST(Delta, EveryFlippedBitAndEveryCutIsNoticed) {
  const Buffer delta = build(random_table(2, 40));
  const auto whole = [](const Buffer& bytes) -> Result<void> {
    const DeltaReader reader = MILLRACE_TRY(DeltaReader::open(bytes));
    return reader.for_each({}, [](const DeltaEntry&) -> Result<void> { return {}; });
  };
  for (size_t bit = 0; bit < delta.bytes() * 8; ++bit) {
    Buffer flipped = Buffer::copy_of(delta.span());
    flipped.mutable_data()[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto result = whole(flipped);
    ASSERT_FALSE(result.has_value()) << "bit " << bit;
    EXPECT_EQ(result.error().code(), ErrorCode::kCorruptState);
  }
  for (size_t cut = 0; cut < delta.bytes(); ++cut) {
    ASSERT_FALSE(whole(Buffer::copy_of(delta.span().first(cut))).has_value()) << "cut " << cut;
  }
}

TEST(Delta, MergingKeepsTheNewestEntryOfEachKeyInOrder) {
  std::vector<Buffer> deltas;
  Table expected;
  for (uint32_t i = 0; i < 20; ++i) {
    const Table table = random_table(100 + i, 60);
    for (const auto& [key, value] : table) expected[key] = value;
    deltas.push_back(build(table));
  }
  const auto slices = merge_deltas(deltas, 2000);
  ASSERT_TRUE(slices.has_value());
  EXPECT_GT(slices->size(), 1U);
  Table merged;
  Key last;
  for (const Buffer& slice : *slices) {
    for (const auto& [key, value] : read(slice)) {
      EXPECT_TRUE(merged.empty() || last < key);
      merged[key] = value;
      last = key;
    }
  }
  EXPECT_EQ(merged, expected);
}

}  // namespace
}  // namespace millrace::commit
