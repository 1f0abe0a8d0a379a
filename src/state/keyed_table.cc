#include "state/keyed_table.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace millrace::state {
namespace {

constexpr size_t kPrefetchAhead = 8;

char* copy_bytes(std::string_view bytes) {
  char* copy = new char[bytes.size()];
  std::memcpy(copy, bytes.data(), bytes.size());
  return copy;
}

size_t round_up(size_t bytes) {
  return (bytes + 7) & ~size_t{7};
}

}  // namespace

KeyedTable::KeyedTable(TableOptions options, MemoryAccount* memory)
    : options_(options),
      memory_(memory),
      transient_offset_(round_up(options.value_bytes)),
      tail_offset_(transient_offset_ + round_up(options.transient_bytes)),
      stride_((kHeaderBytes + tail_offset_ + (options.has_tail ? sizeof(Tail) : 0) + 15) &
              ~size_t{15}),
      index_(memory) {}

KeyedTable::~KeyedTable() {
  for (Slot slot = 0; slot < next_unused_; ++slot) {
    if ((header(slot).flags & kLive) != 0) free_entry(slot);
  }
  if (memory_ != nullptr) {
    memory_->charge(-static_cast<int64_t>(chunks_.size() * (stride_ << kChunkShift)));
  }
}

std::string_view KeyedTable::key(Slot slot) const {
  const Header& head = header(slot);
  return {head.key_bytes <= kInlineKeyBytes ? head.inline_key : head.heap_key, head.key_bytes};
}

KeyedTable::Tail& KeyedTable::tail_of(Slot slot) {
  return *reinterpret_cast<Tail*>(value(slot) + tail_offset_);
}

std::string_view KeyedTable::tail(Slot slot) const {
  if (!options_.has_tail) return {};
  const Tail& tail = const_cast<KeyedTable*>(this)->tail_of(slot);
  return {tail.bytes, tail.length};
}

void KeyedTable::set_tail(Slot slot, std::string_view bytes) {
  MILLRACE_ASSERT(options_.has_tail);
  Tail& tail = tail_of(slot);
  char* copy = bytes.empty() ? nullptr : copy_bytes(bytes);
  if (memory_ != nullptr) {
    memory_->charge(static_cast<int64_t>(bytes.size()) - static_cast<int64_t>(tail.length));
  }
  delete[] tail.bytes;
  tail = {copy, bytes.size()};
}

bool KeyedTable::key_equals(Slot slot, uint64_t hash, std::string_view key) const {
  const Header& head = header(slot);
  if (head.hash != hash || head.key_bytes != key.size()) return false;
  const char* own = head.key_bytes <= kInlineKeyBytes ? head.inline_key : head.heap_key;
  return std::string_view(own, head.key_bytes) == key;
}

Slot KeyedTable::find(uint64_t hash, std::string_view key) const {
  return index_.find(hash, [&](Slot slot) { return key_equals(slot, hash, key); });
}

Slot KeyedTable::find_or_insert(uint64_t hash, std::string_view key, bool& inserted) {
  Slot slot = find(hash, key);
  inserted = slot == kNoSlot;
  if (inserted) {
    slot = make_entry(hash, key);
    mark_dirty(slot);
  }
  return slot;
}

void KeyedTable::find_or_insert(std::span<const uint64_t> hashes,
                                std::span<const std::string_view> keys, std::span<Slot> slots) {
  MILLRACE_ASSERT(hashes.size() == keys.size() && keys.size() == slots.size());
  for (size_t row = 0; row < keys.size(); ++row) {
    if (row + kPrefetchAhead < keys.size()) index_.prefetch(hashes[row + kPrefetchAhead]);
    bool inserted = false;
    slots[row] = find_or_insert(hashes[row], keys[row], inserted);
  }
}

void KeyedTable::find(std::span<const uint64_t> hashes, std::span<const std::string_view> keys,
                      std::span<Slot> slots) const {
  MILLRACE_ASSERT(hashes.size() == keys.size() && keys.size() == slots.size());
  for (size_t row = 0; row < keys.size(); ++row) {
    if (row + kPrefetchAhead < keys.size()) index_.prefetch(hashes[row + kPrefetchAhead]);
    slots[row] = find(hashes[row], keys[row]);
  }
}

Slot KeyedTable::make_entry(uint64_t hash, std::string_view key) {
  Slot slot;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    slot = next_unused_++;
    if ((slot >> kChunkShift) == chunks_.size()) {
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(stride_ << kChunkShift));
      if (memory_ != nullptr) memory_->charge(static_cast<int64_t>(stride_ << kChunkShift));
    }
  }
  std::memset(entry(slot), 0, stride_);
  Header& head = header(slot);
  head.hash = hash;
  head.key_bytes = static_cast<uint32_t>(key.size());
  head.flags = kLive;
  if (key.size() <= kInlineKeyBytes) {
    key.copy(head.inline_key, key.size());
  } else {
    head.heap_key = copy_bytes(key);
    if (memory_ != nullptr) memory_->charge(static_cast<int64_t>(key.size()));
  }
  index_.insert(hash, slot);
  ++size_;
  return slot;
}

void KeyedTable::mark_dirty(Slot slot) {
  if (options_.derived) return;
  header(slot).flags |= kDirty;
  dirty_.push_back(slot);
}

void KeyedTable::erase(Slot slot) {
  Header& head = header(slot);
  MILLRACE_ASSERT((head.flags & (kLive | kErased)) == kLive);
  index_.erase(head.hash, slot);
  --size_;
  // The key is needed until its deletion is staged, and a dirty entry until it leaves the dirty
  // list.
  if ((head.flags & (kStaged | kDirty)) == 0) {
    free_entry(slot);
    free_.push_back(slot);
    return;
  }
  if ((head.flags & kDirty) == 0) mark_dirty(slot);
  head.flags |= kErased;
}

void KeyedTable::free_entry(Slot slot) {
  Header& head = header(slot);
  if (options_.has_tail) set_tail(slot, {});
  if (head.key_bytes > kInlineKeyBytes) {
    delete[] head.heap_key;
    if (memory_ != nullptr) memory_->charge(-static_cast<int64_t>(head.key_bytes));
  }
  head.flags = 0;
}

std::vector<KeyedTable::Change> KeyedTable::changes() const {
  std::vector<Change> changes;
  changes.reserve(dirty_.size());
  for (const Slot slot : dirty_) {
    const Header& head = header(slot);
    const bool erased = (head.flags & kErased) != 0;
    if (erased) {
      // Never staged: nobody knows it. Made anew since: the new entry's PUT replaces the old one.
      if ((head.flags & kStaged) == 0 || find(head.hash, key(slot)) != kNoSlot) continue;
    }
    changes.push_back({slot, erased});
  }
  return changes;
}

void KeyedTable::clear_dirty() {
  for (const Slot slot : dirty_) {
    Header& head = header(slot);
    if ((head.flags & kErased) != 0) {
      free_entry(slot);
      free_.push_back(slot);
    } else {
      head.flags = (head.flags & ~uint32_t{kDirty}) | kStaged;
    }
  }
  dirty_.clear();
}

void KeyedTable::restore(uint64_t hash, std::string_view key, std::string_view value_and_tail) {
  MILLRACE_ASSERT(value_and_tail.size() >= options_.value_bytes);
  Slot slot = find(hash, key);
  if (slot == kNoSlot) slot = make_entry(hash, key);
  std::memcpy(value(slot), value_and_tail.data(), options_.value_bytes);
  if (options_.has_tail) set_tail(slot, value_and_tail.substr(options_.value_bytes));
  header(slot).flags |= kStaged;
}

void KeyedTable::append_staged_value(Slot slot, std::string& to) const {
  to.append(reinterpret_cast<const char*>(value(slot)), options_.value_bytes);
  to.append(tail(slot));
}

}  // namespace millrace::state
