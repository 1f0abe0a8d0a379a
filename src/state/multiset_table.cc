#include "state/multiset_table.h"

#include <algorithm>

#include "base/assert.h"
#include "state/composite_key.h"

namespace millrace::state {

Result<std::unique_ptr<MultisetTable>> MultisetTable::open(StateStore& store, commit::StateId id) {
  KeyedTable* elements = MILLRACE_TRY(
      store.table({.id = id, .value_bytes = sizeof(Element), .transient_bytes = sizeof(Links)}));
  return std::unique_ptr<MultisetTable>(new MultisetTable(elements, store.memory()));
}

MultisetTable::MultisetTable(KeyedTable* elements, MemoryAccount* memory)
    : elements_(elements),
      heads_({.id = elements->options().id, .value_bytes = sizeof(Head), .derived = true}, memory) {
  elements_->scan(0, [&](Slot slot) {
    link(content(slot).key_hash, key_part(elements_->key(slot)), slot);
    return true;
  });
}

MultisetTable::Added MultisetTable::add(uint64_t key_hash, std::string_view key,
                                        std::string_view element, int64_t weight) {
  write_composite(scratch_, key, element);
  const uint64_t hash = composite_hash(key_hash, element);
  Slot slot = elements_->find(hash, scratch_);
  const int64_t before = slot == kNoSlot ? 0 : content(slot).count;
  const int64_t after = before + weight;
  if (after < 0 || after == before) return {slot, before, after};
  if (after == 0) {
    unlink(key_hash, key, slot);
    elements_->erase(slot);
    return {kNoSlot, before, after};
  }
  if (slot == kNoSlot) {
    bool inserted = false;
    slot = elements_->find_or_insert(hash, scratch_, inserted);
    elements_->value_as<Element>(slot) = {after, 0, key_hash};
    link(key_hash, key, slot);
  } else {
    elements_->value_as<Element>(slot).count = after;
    elements_->touch(slot);
  }
  return {slot, before, after};
}

void MultisetTable::erase(Slot element) {
  unlink(content(element).key_hash, key_part(elements_->key(element)), element);
  elements_->erase(element);
}

void MultisetTable::link(uint64_t key_hash, std::string_view key, Slot element) {
  bool inserted = false;
  const Slot head = heads_.find_or_insert(key_hash, key, inserted);
  Slot& first = heads_.value_as<Head>(head).first;
  const Slot second = inserted ? kNoSlot : first;
  elements_->transient_as<Links>(element) = {second, kNoSlot};
  if (second != kNoSlot) elements_->transient_as<Links>(second).previous = element;
  first = element;
}

void MultisetTable::unlink(uint64_t key_hash, std::string_view key, Slot element) {
  const Links links = elements_->transient_as<Links>(element);
  if (links.next != kNoSlot) elements_->transient_as<Links>(links.next).previous = links.previous;
  if (links.previous != kNoSlot) {
    elements_->transient_as<Links>(links.previous).next = links.next;
    return;
  }
  const Slot head = heads_.find(key_hash, key);
  MILLRACE_ASSERT(head != kNoSlot);
  if (links.next == kNoSlot) {
    heads_.erase(head);
  } else {
    heads_.value_as<Head>(head).first = links.next;
  }
}

void MultisetTable::prefetch_add(uint64_t key_hash, std::string_view element) const {
  elements_->prefetch(composite_hash(key_hash, element));
  heads_.prefetch(key_hash);
}

Slot MultisetTable::first(uint64_t key_hash, std::string_view key) const {
  const Slot head = heads_.find(key_hash, key);
  return head == kNoSlot ? kNoSlot : reinterpret_cast<const Head*>(heads_.value(head))->first;
}

Slot MultisetTable::next(Slot element) const {
  return elements_->transient_as<Links>(element).next;
}

Slot MultisetTable::find(uint64_t key_hash, std::string_view key, std::string_view element) {
  write_composite(scratch_, key, element);
  return elements_->find(composite_hash(key_hash, element), scratch_);
}

std::string_view MultisetTable::bytes(Slot element) const {
  return element_part(elements_->key(element));
}

void MultisetTable::set_counter(Slot element, int64_t value) {
  elements_->value_as<Element>(element).counter = value;
  elements_->touch(element);
}

int64_t MultisetTable::greatest_counter() const {
  int64_t greatest = 0;
  elements_->scan(0, [&](Slot slot) {
    greatest = std::max(greatest, content(slot).counter);
    return true;
  });
  return greatest;
}

}  // namespace millrace::state
