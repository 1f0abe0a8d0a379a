#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "operators/aggregate/aggregate_set.h"
#include "state/keyed_table.h"

namespace millrace::operators {

// GroupRowsBuffer: the slots and entries of a batch's rows, by physical row; reused from batch to
// batch.
//
// Threading:  confined to one task.
class GroupRowsBuffer {
 public:
  // `slots`: of the rows that count, in order.
  GroupRows fill(const data::Batch& batch, state::KeyedTable& table, const state::Slot* slots) {
    by_row_.resize(batch.rows());
    entries_.resize(batch.rows());
    for (uint32_t n = 0; n < batch.size(); ++n) {
      const uint32_t row = batch.row(n);
      by_row_[row] = slots[n];
      entries_[row] = table.value(slots[n]);
    }
    return {table, by_row_.data(), entries_.data()};
  }

 private:
  std::vector<state::Slot> by_row_;
  std::vector<std::byte*> entries_;
};

}  // namespace millrace::operators
