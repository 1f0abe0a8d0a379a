#include "state/ordered_multiset_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace millrace::state {
namespace {

constexpr commit::StateId kId{16};
using Model = std::map<std::string, std::map<std::string, int64_t>>;

std::unique_ptr<OrderedMultisetTable> open(StateStore& store) {
  auto table = OrderedMultisetTable::open(store, kId);
  EXPECT_TRUE(table);
  return std::move(*table);
}

uint64_t hash_of(const std::string& key) {
  return std::hash<std::string>{}(key);
}

void expect_equal(const OrderedMultisetTable& table, const Model& model) {
  size_t elements = 0;
  for (const auto& [key, multiset] : model) {
    Slot slot = table.first(key);
    for (const auto& [element, count] : multiset) {
      ASSERT_NE(slot, kNoSlot);
      EXPECT_EQ(table.bytes(slot), element);
      EXPECT_EQ(table.count(slot), count);
      if (element == multiset.rbegin()->first) {
        EXPECT_EQ(table.last(key), slot);
      }
      slot = table.next(slot);
      ++elements;
    }
    EXPECT_EQ(slot, kNoSlot);
    if (multiset.empty()) {
      EXPECT_EQ(table.last(key), kNoSlot);
    }
  }
  EXPECT_EQ(table.elements(), elements);
}

TEST(OrderedMultisetTable, RandomChangesAreThoseOfAModelAndSurviveARestore) {
  std::mt19937 random(7);
  const std::string keys[] = {"", "a", "\xff", std::string("a\0", 2), "a key of some length"};
  MemoryAccount memory{"test"};
  auto store = std::make_unique<StateStore>(&memory);
  auto table = open(*store);
  ASSERT_TRUE(store->restored());
  std::vector<Buffer> deltas;
  Model model;
  for (const std::string& key : keys) model[key];
  for (int step = 0; step < 4000; ++step) {
    const std::string& key = keys[random() % std::size(keys)];
    const std::string element(random() % 3, static_cast<char>(random() % 5 - 2));
    const int64_t weight = random() % 2 == 0 ? 1 : -1;
    int64_t& count = model[key][element];
    const auto added = table->add(hash_of(key), key, element, weight);
    EXPECT_EQ(added.before, count);
    EXPECT_EQ(added.after, count + weight);
    count = std::max<int64_t>(0, count + weight);
    if (count == 0) model[key].erase(element);
    if (random() % 300 == 0) {
      table->erase_key(key);
      model[key].clear();
    }
    if (step % 500 != 499) continue;
    expect_equal(*table, model);
    store->collect_changes();
    while (!store->drained()) deltas.push_back(store->next_delta(256));
    table.reset();
    store = std::make_unique<StateStore>(&memory);
    for (const Buffer& delta : deltas) store->restore(delta);
    table = open(*store);
    ASSERT_TRUE(store->restored());
    expect_equal(*table, model);
  }
}

}  // namespace
}  // namespace millrace::state
