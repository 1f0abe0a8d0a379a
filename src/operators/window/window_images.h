#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operators/aggregate/aggregate_set.h"
#include "operators/aggregate/touched_groups.h"
#include "operators/window/slice_table.h"
#include "operators/window/slicing.h"

namespace millrace::operators {

// WindowImages: the groups of one window, from the entries of its slices.
//
// Threading:  confined to one task.
// Order:      begin, collect until it is done; then read. No entry changes meanwhile.
class WindowImages {
 public:
  WindowImages(const AggregateSet& set, const SliceTable& slices, const Slicing& slicing)
      : set_(set), slices_(slices), slicing_(slicing) {}

  // The window that ends at `end`.
  void begin(int64_t end);
  // Takes in up to `entries_max` entries; whether all are in, and in order of their keys.
  bool collect(size_t entries_max);
  size_t size() const { return groups_.size(); }
  // An entry of the n-th group's key.
  state::Slot slot(size_t n) const { return groups_[n].slot; }
  // `extremes`: room for set.extremes() of them.
  GroupImage image(size_t n, std::string* extremes) const;

  // One group of the window that ends at `end`, now or (with `touched`) before it was touched.
  // `entry` and `extremes` are room for it.
  GroupImage of_key(int64_t end, state::Slot like, const TouchedGroups* touched, std::byte* entry,
                    std::string* extremes);

 private:
  struct Group {
    uint64_t prefix;  // of the key, for quick comparison
    state::Slot slot;
    uint32_t merged;  // number among the merged ones
  };
  void add(state::Slot slot);
  void sort();

  const AggregateSet& set_;
  const SliceTable& slices_;
  const Slicing& slicing_;

  int64_t end_ = 0;
  std::map<int64_t, std::vector<state::Slot>>::const_iterator slice_;
  size_t next_ = 0;  // of the slice
  std::vector<Group> groups_;
  // Where a window has several slices: number of each key, and what they add up to.
  std::unique_ptr<state::KeyedTable> numbers_;
  std::vector<std::byte> entries_;
  std::vector<std::string> extremes_;
  std::vector<std::string> scratch_;
};

}  // namespace millrace::operators
