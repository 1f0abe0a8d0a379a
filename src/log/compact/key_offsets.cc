#include "log/compact/key_offsets.h"

#include <algorithm>
#include <bit>
#include <span>

#include "base/hash.h"

namespace millrace::log {
namespace {

constexpr size_t kSlotsMin = 64;
constexpr uint32_t kTagBits = 32;

uint64_t hash_of(std::string_view key) {
  return hash64(std::as_bytes(std::span(key)));
}

// At most three quarters of the slots are taken.
bool too_full(size_t used, size_t slots) {
  return used * 4 >= slots * 3;
}

}  // namespace

KeyOffsets::KeyOffsets(size_t bytes_max) : bytes_max_(bytes_max), slots_(kSlotsMin) {}

bool KeyOffsets::room_for(size_t key_bytes) const {
  // While it grows, the old slots are there besides the new ones; so are the old keys.
  const bool grows = too_full(used_ + 1, slots_.size());
  const size_t slots = grows ? slots_.size() * 3 : slots_.size();
  const bool keys_grow = keys_.size() + key_bytes > keys_.capacity();
  const size_t keys = keys_grow ? std::max(keys_.capacity() * 3, key_bytes) : keys_.capacity();
  return slots * sizeof(Slot) + keys <= bytes_max_;
}

size_t KeyOffsets::slot_of(std::string_view key, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(hash >> kTagBits);
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.key_at == 0 || (slot.tag == tag && key_of(slot) == key)) return at;
  }
}

void KeyOffsets::grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.key_at == 0) continue;
    const std::string_view key = key_of(slot);
    slots_[slot_of(key, hash_of(key))] = slot;
  }
}

void KeyOffsets::put(std::string_view key, int64_t offset) {
  const uint64_t hash = hash_of(key);
  size_t at = slot_of(key, hash);
  if (slots_[at].key_at != 0) {
    slots_[at].offset = std::max(slots_[at].offset, offset);
    return;
  }
  if (too_full(used_ + 1, slots_.size())) {
    grow();
    at = slot_of(key, hash);
  }
  slots_[at] = {.key_at = keys_.size() + 1,
                .offset = offset,
                .key_bytes = static_cast<uint32_t>(key.size()),
                .tag = static_cast<uint32_t>(hash >> kTagBits)};
  keys_.insert(keys_.end(), key.begin(), key.end());
  ++used_;
}

std::optional<int64_t> KeyOffsets::find(std::string_view key) const {
  const Slot& slot = slots_[slot_of(key, hash_of(key))];
  if (slot.key_at == 0) return std::nullopt;
  return slot.offset;
}

}  // namespace millrace::log
