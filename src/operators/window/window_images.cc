#include "operators/window/window_images.h"

#include <algorithm>
#include <cstring>

#include "base/endian.h"

namespace millrace::operators {
namespace {

using state::Slot;

uint64_t prefix_of(std::string_view key) {
  char bytes[8] = {};
  std::memcpy(bytes, key.data(), std::min(key.size(), sizeof(bytes)));
  return load_be<uint64_t>(bytes);
}

}  // namespace

void WindowImages::begin(int64_t end) {
  end_ = end;
  groups_.clear();
  next_ = 0;
  slice_ = slices_.slices().lower_bound(end - slicing_.window().size_us);
  if (slicing_.is_one_slice_per_window()) return;
  numbers_ = std::make_unique<state::KeyedTable>(
      state::TableOptions{.id = {}, .value_bytes = sizeof(uint32_t), .derived = true}, nullptr);
  entries_.clear();
  extremes_.clear();
}

bool WindowImages::collect(size_t entries_max) {
  const int64_t start = end_ - slicing_.window().size_us;
  for (; slice_ != slices_.slices().end(); ++slice_, next_ = 0) {
    if (slice_->first >= end_) break;
    if (slicing_.is_one_slice_per_window() && slice_->first != start) break;
    for (; next_ < slice_->second.size(); ++next_) {
      if (entries_max-- == 0) return false;
      add(slice_->second[next_]);
    }
  }
  sort();
  return true;
}

void WindowImages::add(Slot slot) {
  const auto& head = *reinterpret_cast<const GroupHead*>(slices_.table().value(slot));
  if (head.rows == 0) return;
  if (slicing_.is_one_slice_per_window()) {
    groups_.push_back({prefix_of(slices_.key_of(slot)), slot, 0});
    return;
  }
  bool inserted = false;
  const Slot at = numbers_->find_or_insert(head.owner, slices_.key_of(slot), inserted);
  auto& number = numbers_->value_as<uint32_t>(at);
  if (inserted) {
    number = static_cast<uint32_t>(groups_.size());
    groups_.push_back({prefix_of(slices_.key_of(slot)), slot, number});
    entries_.resize(entries_.size() + set_.entry_bytes());
    extremes_.resize(extremes_.size() + set_.extremes());
  }
  scratch_.resize(set_.extremes());
  set_.load_extremes(slices_.table(), slot, scratch_.data());
  set_.combine(entries_.data() + size_t{number} * set_.entry_bytes(),
               extremes_.data() + size_t{number} * set_.extremes(),
               {slices_.table().value(slot), scratch_.data()});
}

void WindowImages::sort() {
  std::ranges::sort(groups_, [this](const Group& a, const Group& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    return slices_.key_of(a.slot) < slices_.key_of(b.slot);
  });
}

GroupImage WindowImages::image(size_t n, std::string* extremes) const {
  const Group& group = groups_[n];
  if (!slicing_.is_one_slice_per_window()) {
    return {entries_.data() + size_t{group.merged} * set_.entry_bytes(),
            extremes_.data() + size_t{group.merged} * set_.extremes()};
  }
  set_.load_extremes(slices_.table(), group.slot, extremes);
  return {slices_.table().value(group.slot), extremes};
}

GroupImage WindowImages::of_key(int64_t end, Slot like, const TouchedGroups* touched,
                                std::byte* entry, std::string* extremes) {
  std::memset(entry, 0, set_.entry_bytes());
  for (uint32_t at = 0; at < set_.extremes(); ++at) extremes[at].clear();
  scratch_.resize(set_.extremes());
  const int64_t first = end - slicing_.window().size_us;
  const int64_t step =
      slicing_.is_one_slice_per_window() ? slicing_.window().size_us : slicing_.length_us();
  for (int64_t start = first; start < end; start += step) {
    const Slot slot = slices_.find(start, like);
    if (slot == state::kNoSlot) continue;
    GroupImage from;
    if (touched != nullptr) {
      from = touched->before_of(slot, scratch_.data());
    } else {
      set_.load_extremes(slices_.table(), slot, scratch_.data());
      from = {slices_.table().value(slot), scratch_.data()};
    }
    if (from.head().rows == 0) continue;
    if (slicing_.is_one_slice_per_window()) {
      std::memcpy(entry, from.entry, set_.entry_bytes());
      std::copy_n(from.extremes, set_.extremes(), extremes);
    } else {
      set_.combine(entry, extremes, from);
    }
  }
  return {entry, extremes};
}

}  // namespace millrace::operators
