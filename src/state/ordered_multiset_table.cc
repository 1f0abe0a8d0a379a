#include "state/ordered_multiset_table.h"

#include <iterator>

#include "base/assert.h"
#include "state/composite_key.h"

namespace millrace::state {

Result<std::unique_ptr<OrderedMultisetTable>> OrderedMultisetTable::open(StateStore& store,
                                                                         commit::StateId id) {
  KeyedTable* elements = MILLRACE_TRY(store.table({.id = id, .value_bytes = sizeof(Element)}));
  return std::unique_ptr<OrderedMultisetTable>(new OrderedMultisetTable(elements));
}

OrderedMultisetTable::OrderedMultisetTable(KeyedTable* elements)
    : elements_(elements), order_(Order{elements}) {
  elements_->scan(0, [&](Slot slot) {
    order_.insert(slot);
    return true;
  });
}

OrderedMultisetTable::Added OrderedMultisetTable::add(uint64_t key_hash, std::string_view key,
                                                      std::string_view element, int64_t weight) {
  write_composite(scratch_, key, element);
  const uint64_t hash = composite_hash(key_hash, element);
  const Slot slot = elements_->find(hash, scratch_);
  const int64_t before = slot == kNoSlot ? 0 : count(slot);
  const int64_t after = before + weight;
  if (after < 0 || after == before) return {before, after};
  if (after == 0) {
    order_.erase(slot);
    elements_->erase(slot);
  } else if (slot == kNoSlot) {
    bool inserted = false;
    const Slot made = elements_->find_or_insert(hash, scratch_, inserted);
    elements_->value_as<Element>(made).count = after;
    order_.insert(made);
  } else {
    elements_->value_as<Element>(slot).count = after;
    elements_->touch(slot);
  }
  return {before, after};
}

void OrderedMultisetTable::erase_key(std::string_view key) {
  for (Slot slot = first(key); slot != kNoSlot;) {
    const Slot following = next(slot);
    order_.erase(slot);
    elements_->erase(slot);
    slot = following;
  }
}

bool OrderedMultisetTable::is_of(Slot element, std::string_view key) const {
  return key_part(elements_->key(element)) == key;
}

Slot OrderedMultisetTable::first(std::string_view key) const {
  write_composite(scratch_, key, {});
  const auto found = order_.lower_bound(std::string_view(scratch_));
  return found != order_.end() && is_of(*found, key) ? *found : kNoSlot;
}

Slot OrderedMultisetTable::last(std::string_view key) const {
  // The least composite behind all of the key's: its bytes, counted up by one.
  write_composite(scratch_, key, {});
  while (!scratch_.empty() && scratch_.back() == '\xff') scratch_.pop_back();
  MILLRACE_ASSERT(!scratch_.empty());
  scratch_.back() = static_cast<char>(static_cast<unsigned char>(scratch_.back()) + 1);
  const auto behind = order_.lower_bound(std::string_view(scratch_));
  if (behind == order_.begin()) return kNoSlot;
  const Slot found = *std::prev(behind);
  return is_of(found, key) ? found : kNoSlot;
}

Slot OrderedMultisetTable::next(Slot element) const {
  const auto following = std::next(order_.find(element));
  if (following == order_.end()) return kNoSlot;
  return is_of(*following, key_part(elements_->key(element))) ? *following : kNoSlot;
}

std::string_view OrderedMultisetTable::bytes(Slot element) const {
  return element_part(elements_->key(element));
}

}  // namespace millrace::state
