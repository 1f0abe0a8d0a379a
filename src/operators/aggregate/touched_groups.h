#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "operators/aggregate/aggregate_set.h"
#include "state/keyed_table.h"

namespace millrace::operators {

// TouchedGroups: the groups of a table that were changed since the last emission, in the order of
// their first change, and what each was before it.
//
// Threading:  confined to one task.
// Ownership:  images are valid until the next note or clear. `set` and `table` outlive it.
class TouchedGroups {
 public:
  // What the table must hold behind each entry.
  static constexpr uint32_t kTransientBytes = 8;

  TouchedGroups(const AggregateSet& set, state::KeyedTable& table) : set_(set), table_(table) {}

  // The group is about to change.
  void note(state::Slot slot) {
    if (mark(slot) == 0) add(slot);
  }
  // The group counts as touched, and was `before`.
  void restore(state::Slot slot, const GroupImage& before);
  size_t size() const { return slots_.size(); }
  state::Slot slot(size_t number) const { return slots_[number]; }
  bool is_touched(state::Slot slot) const { return table_.transient_as<uint64_t>(slot) != 0; }
  GroupImage before(size_t number) const;
  // The group as it was, touched since or not. `extremes` is where those of an untouched one go.
  GroupImage before_of(state::Slot slot, std::string* extremes) const;
  // As it is. `extremes`: room for set.extremes() of them.
  GroupImage now(state::Slot slot, std::string* extremes) const;
  // What was emitted of a touched group is what it is now; its number.
  size_t renew(state::Slot slot);
  // Only these numbers, ascending, stay touched.
  void keep_only(const std::vector<size_t>& numbers);
  void clear();

 private:
  uint64_t& mark(state::Slot slot) { return table_.transient_as<uint64_t>(slot); }
  void add(state::Slot slot);
  void add_mark(state::Slot slot);

  const AggregateSet& set_;
  state::KeyedTable& table_;
  std::vector<state::Slot> slots_;
  std::vector<std::byte> entries_;     // copies, one behind the other
  std::vector<std::string> extremes_;  // set.extremes() per group
};

}  // namespace millrace::operators
