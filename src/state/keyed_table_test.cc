#include "state/keyed_table.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

#include "base/hash.h"

namespace millrace::state {
namespace {

uint64_t hash_of(std::string_view key) {
  return hash64(std::as_bytes(std::span(key)));
}

TEST(KeyedTable, BehavesLikeAMapUnderRandomInsertionsAndErasures) {
  MemoryAccount memory("state");
  {
    KeyedTable table({.id = commit::StateId(1), .value_bytes = 8, .has_tail = true}, &memory);
    std::unordered_map<std::string, std::pair<int64_t, std::string>> model;
    std::mt19937_64 random(7);
    for (int step = 0; step < 200'000; ++step) {
      const std::string key =
          "key-" + std::to_string(random() % 5'000) + std::string(random() % 3 * 10, 'x');
      if (random() % 3 == 0) {
        const Slot slot = table.find(hash_of(key), key);
        ASSERT_EQ(slot != kNoSlot, model.erase(key) == 1);
        if (slot != kNoSlot) table.erase(slot);
      } else {
        bool inserted = false;
        const Slot slot = table.find_or_insert(hash_of(key), key, inserted);
        ASSERT_EQ(inserted, !model.contains(key));
        table.value_as<int64_t>(slot) += 1;
        table.set_tail(slot, key);
        table.touch(slot);
        model[key].first += 1;
        model[key].second = key;
      }
      if (step % 1'000 == 0) table.clear_dirty();
    }
    EXPECT_EQ(table.size(), model.size());
    size_t seen = 0;
    table.scan(0, [&](Slot slot) {
      const auto& expected = model.at(std::string(table.key(slot)));
      EXPECT_EQ(table.value_as<int64_t>(slot), expected.first);
      EXPECT_EQ(table.tail(slot), expected.second);
      return ++seen != 0;
    });
    EXPECT_EQ(seen, model.size());
  }
  EXPECT_EQ(memory.bytes(), 0);
}

TEST(KeyedTable, ReportsAChangeOncePerKeyHoweverOftenItWasErasedAndMadeAnew) {
  KeyedTable table({.id = commit::StateId(1), .value_bytes = 8}, nullptr);
  bool inserted = false;
  const Slot old = table.find_or_insert(hash_of("a"), "a", inserted);
  table.clear_dirty();
  table.erase(old);
  const Slot made_anew = table.find_or_insert(hash_of("a"), "a", inserted);
  auto changes = table.changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].slot, made_anew);
  EXPECT_FALSE(changes[0].erased);

  table.erase(made_anew);
  changes = table.changes();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_TRUE(changes[0].erased);
  EXPECT_EQ(table.key(changes[0].slot), "a");
}

TEST(KeyedTable, NeverReportsWhatWasMadeAndErasedWithinOneEpoch) {
  KeyedTable table({.id = commit::StateId(1), .value_bytes = 8}, nullptr);
  bool inserted = false;
  table.erase(table.find_or_insert(hash_of("a"), "a", inserted));
  EXPECT_TRUE(table.changes().empty());
  table.clear_dirty();
  EXPECT_EQ(table.size(), 0U);
}

TEST(SlotIndex, FindsEverythingWhileItGrows) {
  SlotIndex index(nullptr);
  std::vector<uint64_t> hashes;
  std::mt19937_64 random(3);
  for (Slot slot = 0; slot < 100'000; ++slot) {
    hashes.push_back(random() % 50'000 == 0 && slot > 0 ? hashes[slot / 2] : random());
    index.insert(hashes.back(), slot);
    const Slot probe = static_cast<Slot>(random() % (slot + 1));
    ASSERT_EQ(index.find(hashes[probe], [&](Slot found) { return found == probe; }), probe);
  }
  for (Slot slot = 0; slot < 100'000; slot += 2) index.erase(hashes[slot], slot);
  for (Slot slot = 0; slot < 100'000; ++slot) {
    const Slot expected = slot % 2 == 0 ? kNoSlot : slot;
    ASSERT_EQ(index.find(hashes[slot], [&](Slot found) { return found == slot; }), expected);
  }
}

}  // namespace
}  // namespace millrace::state
