#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "state/keyed_table.h"
#include "state/state_store.h"

namespace millrace::state {

// OrderedMultisetTable: key -> a multiset of elements in the order of their bytes (memcmp), each
// with its multiplicity: the least and greatest value of a group whose rows change, the first n
// rows of an order. Adding and finding are O(log elements).
//
// Durable per element, like MultisetTable.
//
// Threading:  confined to one task.
// Ownership:  bytes are copied in; views are valid until the element is removed.
class OrderedMultisetTable {
 public:
  // Over its durable table in `store` under `id`, with what was restored for it.
  static Result<std::unique_ptr<OrderedMultisetTable>> open(StateStore& store, commit::StateId id);

  // Multiplicity before and after.
  struct Added {
    int64_t before;
    int64_t after;
  };
  // Adds `weight` to the multiplicity of (key, element). One that would go below zero changes
  // nothing and returns after < 0.
  Added add(uint64_t key_hash, std::string_view key, std::string_view element, int64_t weight);
  // Removes every element of the key.
  void erase_key(std::string_view key);

  // The least and greatest element of a key, and the next greater one; kNoSlot: none.
  Slot first(std::string_view key) const;
  Slot last(std::string_view key) const;
  Slot next(Slot element) const;
  std::string_view bytes(Slot element) const;
  int64_t count(Slot element) const { return elements_->value_as<Element>(element).count; }

  size_t elements() const { return elements_->size(); }

 private:
  struct Element {
    int64_t count;  // > 0
  };
  // Slots by the bytes of their composite keys.
  struct Order {
    using is_transparent = void;
    const KeyedTable* table;
    std::string_view of(Slot slot) const { return table->key(slot); }
    static std::string_view of(std::string_view composite) { return composite; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return of(a) < of(b);
    }
  };
  explicit OrderedMultisetTable(KeyedTable* elements);
  bool is_of(Slot element, std::string_view key) const;

  KeyedTable* const elements_;  // owned by the store
  std::set<Slot, Order> order_;
  mutable std::string scratch_;
};

}  // namespace millrace::state
