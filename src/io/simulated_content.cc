#include "io/simulated_content.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"

namespace millrace::io {
namespace {

constexpr size_t kSectorBytes = 512;

bool all_zero(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

const SimulatedContent::Page* SimulatedContent::on_medium(uint64_t index) const {
  const auto found = synced_.find(index);
  return found == synced_.end() ? nullptr : found->second.get();
}

const SimulatedContent::Page* SimulatedContent::visible(uint64_t index) const {
  const auto found = unsynced_.find(index);
  if (found != unsynced_.end()) return found->second.page.get();
  return index < hidden_from_page_ ? on_medium(index) : nullptr;
}

size_t SimulatedContent::read(uint64_t offset, std::span<std::byte> to) const {
  if (offset >= bytes_) return 0;
  const size_t bytes = std::min<uint64_t>(to.size(), bytes_ - offset);
  for (size_t done = 0; done < bytes;) {
    const size_t at = (offset + done) % kPageBytes;
    const size_t part = std::min(bytes - done, kPageBytes - at);
    const Page* const page = visible((offset + done) / kPageBytes);
    if (page == nullptr) {
      std::memset(to.data() + done, 0, part);
    } else {
      std::memcpy(to.data() + done, page->data() + at, part);
    }
    done += part;
  }
  return bytes;
}

void SimulatedContent::write_page(uint64_t index, size_t at, std::span<const std::byte> from) {
  const bool whole = from.size() == kPageBytes;
  const Page* const old = visible(index);
  if ((whole || old == nullptr) && all_zero(from)) {
    unsynced_.erase(index);
    if (on_medium(index) != nullptr) unsynced_.emplace(index, Unsynced{});
    return;
  }
  auto fresh = std::make_unique<Page>();
  if (!whole && old != nullptr) *fresh = *old;
  std::memcpy(fresh->data() + at, from.data(), from.size());
  unsynced_[index] = {std::move(fresh), false};
}

void SimulatedContent::write(uint64_t offset, std::span<const std::byte> from) {
  bytes_ = std::max(bytes_, offset + from.size());
  if (discards_) return;
  while (!from.empty()) {
    const size_t at = offset % kPageBytes;
    const size_t part = std::min(from.size(), kPageBytes - at);
    write_page(offset / kPageBytes, at, from.first(part));
    offset += part;
    from = from.subspan(part);
  }
}

void SimulatedContent::truncate(uint64_t bytes) {
  if (bytes < bytes_) {
    const size_t kept = bytes % kPageBytes;
    if (kept != 0) {
      static constexpr Page kZeroes{};
      write_page(bytes / kPageBytes, kept, std::span(kZeroes).subspan(kept));
    }
    const uint64_t first_gone = (bytes + kPageBytes - 1) / kPageBytes;
    unsynced_.erase(unsynced_.lower_bound(first_gone), unsynced_.end());
    hidden_from_page_ = std::min(hidden_from_page_, first_gone);
  }
  bytes_ = bytes;
}

void SimulatedContent::sync() {
  synced_.erase(synced_.lower_bound(hidden_from_page_), synced_.end());
  hidden_from_page_ = std::numeric_limits<uint64_t>::max();
  for (auto next = unsynced_.begin(); next != unsynced_.end();) {
    auto& [index, unsynced] = *next;
    if (unsynced.lost) {
      ++next;
      continue;
    }
    if (unsynced.page == nullptr) {
      synced_.erase(index);
    } else {
      synced_[index] = std::move(unsynced.page);
    }
    next = unsynced_.erase(next);
  }
  synced_bytes_ = bytes_;
}

void SimulatedContent::fail_sync() {
  for (auto& [index, unsynced] : unsynced_) unsynced.lost = true;
}

void SimulatedContent::drop_cache() {
  std::erase_if(unsynced_, [](const auto& entry) { return entry.second.lost; });
}

void SimulatedContent::cut_medium(uint64_t bytes) {
  synced_.erase(synced_.lower_bound((bytes + kPageBytes - 1) / kPageBytes), synced_.end());
  const auto last = synced_.find(bytes / kPageBytes);
  if (last != synced_.end()) {
    const size_t kept = bytes % kPageBytes;
    std::memset(last->second->data() + kept, 0, kPageBytes - kept);
  }
}

void SimulatedContent::tear(SimulatedRandom& random) {
  static constexpr auto kSurvivingPercent = std::to_array<uint64_t>({0, 10, 50, 90, 100});
  const uint64_t percent = kSurvivingPercent[random.below(kSurvivingPercent.size())];
  const size_t grain = random.below(2) == 0 ? kSectorBytes : kPageBytes;
  for (auto& [index, unsynced] : unsynced_) {
    if (unsynced.lost) continue;
    Page torn{};
    if (const Page* const old = on_medium(index)) torn = *old;
    for (size_t at = 0; at < kPageBytes; at += grain) {
      if (random.below(100) >= percent) continue;
      if (unsynced.page == nullptr) {
        std::memset(torn.data() + at, 0, grain);
      } else {
        std::memcpy(torn.data() + at, unsynced.page->data() + at, grain);
      }
    }
    if (all_zero(torn)) {
      synced_.erase(index);
    } else {
      synced_[index] = std::make_unique<Page>(torn);
    }
  }
  const uint64_t less = std::min(synced_bytes_, bytes_);
  const uint64_t more = std::max(synced_bytes_, bytes_);
  switch (random.below(3)) {
    case 0:
      break;
    case 1:
      synced_bytes_ = bytes_;
      break;
    default:
      synced_bytes_ = std::min(more, less + random.below(more - less + 1) / grain * grain);
  }
  cut_medium(synced_bytes_);
}

void SimulatedContent::crash(CrashMode mode, SimulatedRandom& random) {
  if (mode == CrashMode::kProcess) return;
  if (mode == CrashMode::kTear) tear(random);
  unsynced_.clear();
  hidden_from_page_ = std::numeric_limits<uint64_t>::max();
  bytes_ = synced_bytes_;
}

void SimulatedContent::flip_bit(uint64_t offset, int bit) {
  MILLRACE_ASSERT(offset < bytes_ && bit >= 0 && bit < 8);
  const uint64_t index = offset / kPageBytes;
  const auto unsynced = unsynced_.find(index);
  auto& page = unsynced != unsynced_.end() ? unsynced->second.page : synced_[index];
  if (page == nullptr) page = std::make_unique<Page>();
  (*page)[offset % kPageBytes] ^= static_cast<std::byte>(1 << bit);
}

}  // namespace millrace::io
