#include "state/state_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/hash.h"
#include "state/multiset_table.h"

namespace millrace::state {
namespace {

uint64_t hash_of(std::string_view key) {
  return hash64(std::as_bytes(std::span(key)));
}

std::vector<Buffer> take_deltas(StateStore& store, size_t bytes_max) {
  std::vector<Buffer> deltas;
  store.collect_changes();
  while (!store.drained()) deltas.push_back(store.next_delta(bytes_max));
  return deltas;
}

std::map<std::string, std::pair<int64_t, int64_t>> contents(MultisetTable& table, int keys) {
  std::map<std::string, std::pair<int64_t, int64_t>> found;
  for (int key = 0; key < keys; ++key) {
    const std::string name = std::to_string(key);
    for (Slot at = table.first(hash_of(name), name); at != kNoSlot; at = table.next(at)) {
      found[name + "/" + std::string(table.bytes(at))] = {table.count(at), table.counter(at)};
    }
  }
  return found;
}

TEST(StateStore, RestoresFromTheDeltasOfEveryEpochWhateverWasErasedInBetween) {
  std::mt19937_64 random(11);
  std::vector<Buffer> log;
  auto store = std::make_unique<StateStore>(nullptr);
  auto table = MultisetTable::open(*store, commit::StateId(5)).value();
  ASSERT_TRUE(store->restored());
  for (int epoch = 0; epoch < 60; ++epoch) {
    for (int change = 0; change < 100; ++change) {
      const std::string key = std::to_string(random() % 20);
      const std::string element = "e" + std::to_string(random() % 30);
      const auto added = table->add(hash_of(key), key, element, random() % 2 == 0 ? 1 : -1);
      if (added.element != kNoSlot && added.after > 0) {
        table->set_counter(added.element, static_cast<int64_t>(random() % 7));
      }
    }
    for (Buffer& delta : take_deltas(*store, 512)) log.push_back(std::move(delta));
    if (epoch % 7 != 0) continue;
    const auto before = contents(*table, 20);
    store = std::make_unique<StateStore>(nullptr);
    for (const Buffer& delta : log) store->restore(delta);
    table = MultisetTable::open(*store, commit::StateId(5)).value();
    ASSERT_TRUE(store->restored());
    ASSERT_EQ(contents(*table, 20), before);
  }
}

TEST(StateStore, SnapshotSlicesHoldEveryEntry) {
  StateStore store(nullptr);
  KeyedTable& one = *store.table({.id = commit::StateId(1), .value_bytes = 8}).value();
  KeyedTable& two = *store.table({.id = commit::StateId(2), .has_tail = true}).value();
  ASSERT_TRUE(store.restored());
  for (int64_t number = 0; number < 1'000; ++number) {
    const std::string key = "a key of some length " + std::to_string(number);
    bool inserted = false;
    one.value_as<int64_t>(one.find_or_insert(hash_of(key), key, inserted)) = number;
    two.set_tail(two.find_or_insert(hash_of(key), key, inserted), key);
  }
  StateStore copy(nullptr);
  size_t slices = 0;
  for (Buffer slice = store.next_snapshot_slice(4'096); !slice.empty();
       slice = store.next_snapshot_slice(4'096)) {
    copy.restore(slice);
    ++slices;
  }
  EXPECT_GT(slices, 10U);
  KeyedTable& copied = *copy.table({.id = commit::StateId(1), .value_bytes = 8}).value();
  KeyedTable& tails = *copy.table({.id = commit::StateId(2), .has_tail = true}).value();
  ASSERT_TRUE(copy.restored());
  EXPECT_EQ(copied.size(), 1'000U);
  const std::string key = "a key of some length 77";
  EXPECT_EQ(copied.value_as<int64_t>(copied.find(hash_of(key), key)), 77);
  EXPECT_EQ(tails.tail(tails.find(hash_of(key), key)), key);
}

TEST(StateStore, RefusesStateOfAnotherShapeOrOfNoTable) {
  StateStore store(nullptr);
  KeyedTable& table = *store.table({.id = commit::StateId(1), .value_bytes = 8}).value();
  bool inserted = false;
  table.find_or_insert(hash_of("a"), "a", inserted);
  const auto deltas = take_deltas(store, 1 << 20);

  StateStore other(nullptr);
  other.restore(deltas[0]);
  const auto misfit = other.table({.id = commit::StateId(1), .value_bytes = 16});
  ASSERT_FALSE(misfit);
  EXPECT_EQ(misfit.error().code(), ErrorCode::kStateIncompatible);

  StateStore empty(nullptr);
  empty.restore(deltas[0]);
  EXPECT_EQ(empty.restored().error().code(), ErrorCode::kStateIncompatible);
}

TEST(MultisetTable, RefusesToGoBelowZero) {
  StateStore store(nullptr);
  auto table = MultisetTable::open(store, commit::StateId(1)).value();
  EXPECT_EQ(table->add(hash_of("k"), "k", "row", -1).after, -1);
  EXPECT_EQ(table->elements(), 0U);
  EXPECT_EQ(table->add(hash_of("k"), "k", "row", 2).after, 2);
  EXPECT_EQ(table->add(hash_of("k"), "k", "row", -2).after, 0);
  EXPECT_EQ(table->keys(), 0U);
}

}  // namespace
}  // namespace millrace::state
