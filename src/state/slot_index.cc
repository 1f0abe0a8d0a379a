#include "state/slot_index.h"

#include <utility>

#include "base/assert.h"

namespace millrace::state {
namespace {

constexpr size_t kFirstBuckets = 64;
// At most 5/8 of the buckets are used: linear probing stays short.
constexpr size_t kLoadNumerator = 5;
constexpr size_t kLoadDenominator = 8;
// Buckets moved per insertion: the old ones are empty long before the new ones are full.
constexpr size_t kMigrateSteps = 8;

}  // namespace

SlotIndex::SlotIndex(MemoryAccount* memory) : memory_(memory), current_(make(kFirstBuckets)) {}

SlotIndex::~SlotIndex() {
  release(current_);
  release(previous_);
}

SlotIndex::Buckets SlotIndex::make(size_t count) {
  if (memory_ != nullptr) memory_->charge(static_cast<int64_t>(count * sizeof(Bucket)));
  Buckets made;
  made.pages = ZeroedPages(count * sizeof(Bucket));
  made.buckets = reinterpret_cast<Bucket*>(made.pages.data());
  made.count = count;
  return made;
}

void SlotIndex::release(Buckets& buckets) {
  if (memory_ != nullptr) memory_->charge(-static_cast<int64_t>(buckets.count * sizeof(Bucket)));
  buckets = Buckets{};
}

void SlotIndex::put(Buckets& in, uint32_t tag, uint32_t slot_plus_one) {
  const size_t mask = in.count - 1;
  size_t at = tag & mask;
  while (in.buckets[at].slot_plus_one != 0) at = (at + 1) & mask;
  in.buckets[at] = {slot_plus_one, tag};
  ++in.used;
  ++in.live;
}

void SlotIndex::insert(uint64_t hash, Slot slot) {
  if (previous_.count != 0) migrate(kMigrateSteps);
  if ((current_.used + 1) * kLoadDenominator > current_.count * kLoadNumerator) grow();
  put(current_, static_cast<uint32_t>(hash), slot + 1);
}

void SlotIndex::grow() {
  migrate(SIZE_MAX);
  // Tombstones alone do not make the table larger.
  const bool crowded = current_.live * 2 * kLoadDenominator > current_.count * kLoadNumerator;
  previous_ = std::exchange(current_, Buckets{});
  current_ = make(crowded ? previous_.count * 2 : previous_.count);
  migrate_at_ = 0;
}

void SlotIndex::migrate(size_t steps) {
  for (; steps > 0 && migrate_at_ < previous_.count; --steps, ++migrate_at_) {
    Bucket& bucket = previous_.buckets[migrate_at_];
    if (bucket.slot_plus_one == 0 || bucket.slot_plus_one == kTombstone) continue;
    put(current_, bucket.tag, bucket.slot_plus_one);
    bucket.slot_plus_one = kTombstone;
  }
  if (previous_.count != 0 && migrate_at_ == previous_.count) release(previous_);
}

bool SlotIndex::erase_in(Buckets& in, uint32_t tag, Slot slot) {
  const size_t mask = in.count - 1;
  for (size_t at = tag & mask;; at = (at + 1) & mask) {
    Bucket& bucket = in.buckets[at];
    if (bucket.slot_plus_one == 0) return false;
    if (bucket.slot_plus_one != slot + 1) continue;
    bucket.slot_plus_one = kTombstone;
    --in.live;
    return true;
  }
}

void SlotIndex::erase(uint64_t hash, Slot slot) {
  const auto tag = static_cast<uint32_t>(hash);
  if (erase_in(current_, tag, slot)) return;
  const bool erased = previous_.count != 0 && erase_in(previous_, tag, slot);
  MILLRACE_ASSERT(erased);
}

}  // namespace millrace::state
