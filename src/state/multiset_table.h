#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "state/keyed_table.h"
#include "state/state_store.h"

namespace millrace::state {

// MultisetTable: key -> a multiset of elements (byte strings, e.g. rows as data/row_codec.h writes
// them), each with its multiplicity and a counter of the owner's (a join's matches). One side of a
// join, the distinct values of a group. Adding, removing and finding an element are O(1) however
// many a key has.
//
// Durable per element: a change of one element of a large key stages that element alone.
//
// Threading:  confined to one task.
// Ownership:  bytes are copied in; views are valid until the element is removed.
class MultisetTable {
 public:
  // Over its durable table in `store` under `id`, with what was restored for it.
  static Result<std::unique_ptr<MultisetTable>> open(StateStore& store, commit::StateId id);

  // What add did: multiplicity before and after. `element` is kNoSlot if nothing is left of it.
  struct Added {
    Slot element;
    int64_t before;
    int64_t after;
  };
  // Adds `weight` to the multiplicity of (key, element). One that would go below zero changes
  // nothing and returns after < 0: the caller rejects the row (semantics.md, 6).
  Added add(uint64_t key_hash, std::string_view key, std::string_view element, int64_t weight);
  // Removes an element, whatever its multiplicity is.
  void erase(Slot element);
  // Visits every element of every key.
  template <class Visit>
  void for_each(Visit&& visit) const {
    elements_->scan(0, [&](Slot element) {
      visit(element);
      return true;
    });
  }
  // Asks the memory for what `add` and `first` need first, some rows ahead of them.
  void prefetch_add(uint64_t key_hash, std::string_view element) const;
  void prefetch_first(uint64_t key_hash) const { heads_.prefetch(key_hash); }
  // The key's first element, or kNoSlot.
  Slot first(uint64_t key_hash, std::string_view key) const;
  Slot next(Slot element) const;
  // The one element, or kNoSlot.
  Slot find(uint64_t key_hash, std::string_view key, std::string_view element);

  std::string_view bytes(Slot element) const;
  int64_t count(Slot element) const { return content(element).count; }
  int64_t counter(Slot element) const { return content(element).counter; }
  void set_counter(Slot element, int64_t value);
  // Over all elements of all keys; 0: there are none.
  int64_t greatest_counter() const;

  size_t elements() const { return elements_->size(); }
  size_t keys() const { return heads_.size(); }

 private:
  struct Element {
    int64_t count;      // > 0
    int64_t counter;    // the owner's
    uint64_t key_hash;  // of the key, for finding its head again
  };
  MultisetTable(KeyedTable* elements, MemoryAccount* memory);

  struct Links {
    Slot next;
    Slot previous;
  };
  struct Head {
    Slot first;
  };
  const Element& content(Slot element) const {
    return *reinterpret_cast<const Element*>(elements_->value(element));
  }
  void link(uint64_t key_hash, std::string_view key, Slot element);
  void unlink(uint64_t key_hash, std::string_view key, Slot element);

  KeyedTable* const elements_;  // owned by the store; key: length of key, key, element
  KeyedTable heads_;            // derived
  std::string scratch_;
};

}  // namespace millrace::state
