#include "operators/window/deferred_groups.h"

#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/endian.h"
#include "state/state_store.h"

namespace millrace::operators {

using state::kNoSlot;
using state::Slot;

Result<void> DeferredGroups::open(engine::OpenContext& context, uint64_t table) {
  images_ = MILLRACE_TRY(context.state->table(
      {.id = commit::StateId(context.state_id + table), .value_bytes = 0, .has_tail = true}));
  images_->scan(0, [this](Slot kept) {
    touch_again(kept);
    return true;
  });
  kept_ = touched_.size();
  return {};
}

// The entry, then each extreme behind its length.
std::string DeferredGroups::encode(const GroupImage& image) const {
  std::string bytes(reinterpret_cast<const char*>(image.entry), set_.entry_bytes());
  for (uint32_t at = 0; at < set_.extremes(); ++at) {
    char length[sizeof(uint32_t)];
    store_le(length, static_cast<uint32_t>(image.extremes[at].size()));
    bytes.append(length, sizeof(length)).append(image.extremes[at]);
  }
  return bytes;
}

void DeferredGroups::touch_again(Slot kept) {
  const Slot group = groups_.find(images_->hash(kept), images_->key(kept));
  MILLRACE_ASSERT(group != kNoSlot);
  std::string_view bytes = images_->tail(kept);
  const auto* entry = reinterpret_cast<const std::byte*>(bytes.data());
  bytes.remove_prefix(set_.entry_bytes());
  std::vector<std::string> extremes;
  for (uint32_t at = 0; at < set_.extremes(); ++at) {
    const auto length = load_le<uint32_t>(bytes.data());
    extremes.emplace_back(bytes.substr(sizeof(length), length));
    bytes.remove_prefix(sizeof(length) + length);
  }
  touched_.restore(group, {entry, extremes.data()});
}

void DeferredGroups::keep() {
  for (const size_t number : std::exchange(renewed_, {})) keep_one(number);
  for (; kept_ < touched_.size(); ++kept_) keep_one(kept_);
}

void DeferredGroups::keep_one(size_t number) {
  const Slot group = touched_.slot(number);
  bool inserted = false;
  const Slot slot = images_->find_or_insert(groups_.hash(group), groups_.key(group), inserted);
  images_->set_tail(slot, encode(touched_.before(number)));
  images_->touch(slot);
}

void DeferredGroups::renew(size_t number) {
  if (number < kept_) renewed_.push_back(number);
}

void DeferredGroups::forget() {
  for (size_t number = 0; number < kept_; ++number) {
    const Slot group = touched_.slot(number);
    images_->erase(images_->find(groups_.hash(group), groups_.key(group)));
  }
  kept_ = 0;
  renewed_.clear();
}

}  // namespace millrace::operators
