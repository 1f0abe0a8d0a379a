#include "log/ring/ring_space.h"

#include <algorithm>

#include "log/ring/entry.h"

namespace millrace::log {

RingSpace::RingSpace(const RingFiles& files, RingPoint end, std::deque<GroupRecord> live)
    : files_(files), end_(end), live_(std::move(live)) {
  for (const GroupRecord& group : live_) live_bytes_ += group.bytes;
  note_oldest();
}

void RingSpace::note_oldest() {
  oldest_lsn_.store(live_.empty() ? end_.next_lsn : live_.front().first, std::memory_order_release);
}

uint64_t RingSpace::free_from(uint64_t address) const {
  if (address >= files_.capacity()) return 0;
  uint64_t end = files_.file_end(address);
  if (!live_.empty()) {
    const uint64_t head = round_up(end_.address, kBlockBytes);
    const uint64_t tail = live_.front().address;
    const bool in_use =
        tail < head ? address >= tail && address < head : address >= tail || address < head;
    if (in_use) return 0;
    if (tail > address) end = std::min(end, tail);
  }
  return std::min(end - address, files_.group_bytes_max());
}

std::optional<RingSpace::Place> RingSpace::place(uint64_t bytes) const {
  const uint64_t head = round_up(end_.address, kBlockBytes);
  Place candidates[3] = {
      {head, end_.lap, 0}, {files_.capacity(), end_.lap, 0}, {0, end_.lap + 1, 0}};
  if (head < files_.capacity()) candidates[1].address = files_.file_end(head);
  Place* largest = nullptr;
  for (Place& candidate : candidates) {
    candidate.bytes_max = free_from(candidate.address);
    if (candidate.bytes_max >= bytes) return candidate;
    if (largest == nullptr || candidate.bytes_max > largest->bytes_max) largest = &candidate;
  }
  if (largest->bytes_max < kBlockBytes) return std::nullopt;
  return *largest;
}

uint64_t RingSpace::free_bytes() const {
  const uint64_t capacity = files_.capacity();
  if (live_.empty()) return capacity;
  const uint64_t head = round_up(end_.address, kBlockBytes);
  const uint64_t tail = live_.front().address;
  return tail < head ? capacity - head + tail : tail - head;
}

void RingSpace::add(const GroupRecord& group, RingPoint end) {
  live_.push_back(group);
  live_bytes_ += group.bytes;
  end_ = end;
  note_oldest();
}

void RingSpace::release(commit::Lsn first_kept) {
  while (!live_.empty() && live_.front().last < first_kept) {
    live_bytes_ -= live_.front().bytes;
    live_.pop_front();
  }
  note_oldest();
}

uint64_t RingSpace::bytes_from(commit::Lsn lsn) const {
  uint64_t bytes = 0;
  for (auto group = live_.rbegin(); group != live_.rend() && group->last >= lsn; ++group) {
    bytes += group->bytes;
  }
  return bytes;
}

RingPoint RingSpace::point_before(commit::Lsn lsn) const {
  const auto group = std::ranges::lower_bound(live_, lsn, {}, &GroupRecord::last);
  return group == live_.end() ? end_ : group->before;
}

}  // namespace millrace::log
