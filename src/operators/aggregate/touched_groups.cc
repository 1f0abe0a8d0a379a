#include "operators/aggregate/touched_groups.h"

#include <cstring>
#include <utility>

namespace millrace::operators {

void TouchedGroups::add_mark(state::Slot slot) {
  slots_.push_back(slot);
  mark(slot) = slots_.size();
}

void TouchedGroups::restore(state::Slot slot, const GroupImage& before) {
  add_mark(slot);
  entries_.insert(entries_.end(), before.entry, before.entry + set_.entry_bytes());
  extremes_.insert(extremes_.end(), before.extremes, before.extremes + set_.extremes());
}

void TouchedGroups::add(state::Slot slot) {
  add_mark(slot);
  table_.touch(slot);
  const std::byte* entry = table_.value(slot);
  entries_.insert(entries_.end(), entry, entry + set_.entry_bytes());
  if (set_.extremes() == 0) return;
  extremes_.resize(extremes_.size() + set_.extremes());
  set_.load_extremes(table_, slot, extremes_.data() + extremes_.size() - set_.extremes());
}

GroupImage TouchedGroups::before(size_t number) const {
  return {entries_.data() + number * set_.entry_bytes(),
          extremes_.data() + number * set_.extremes()};
}

GroupImage TouchedGroups::before_of(state::Slot slot, std::string* extremes) const {
  const auto number = table_.transient_as<uint64_t>(slot);
  return number != 0 ? before(number - 1) : now(slot, extremes);
}

GroupImage TouchedGroups::now(state::Slot slot, std::string* extremes) const {
  if (set_.extremes() > 0) set_.load_extremes(table_, slot, extremes);
  return {table_.value(slot), extremes};
}

size_t TouchedGroups::renew(state::Slot slot) {
  const size_t number = mark(slot) - 1;
  std::memcpy(entries_.data() + number * set_.entry_bytes(), table_.value(slot),
              set_.entry_bytes());
  if (set_.extremes() > 0) {
    set_.load_extremes(table_, slot, extremes_.data() + number * set_.extremes());
  }
  return number;
}

void TouchedGroups::keep_only(const std::vector<size_t>& numbers) {
  if (numbers.empty()) return clear();
  const std::vector<state::Slot> slots = slots_;
  const std::vector<std::byte> entries = std::exchange(entries_, {});
  const std::vector<std::string> extremes = std::exchange(extremes_, {});
  clear();
  for (const size_t number : numbers) {
    restore(slots[number], {entries.data() + number * set_.entry_bytes(),
                            extremes.data() + number * set_.extremes()});
  }
}

void TouchedGroups::clear() {
  for (const state::Slot slot : slots_) mark(slot) = 0;
  slots_.clear();
  entries_.clear();
  extremes_.clear();
}

}  // namespace millrace::operators
