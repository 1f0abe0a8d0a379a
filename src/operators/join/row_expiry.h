#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "data/batch.h"
#include "data/row_codec.h"
#include "engine/step.h"
#include "operators/join/time_limit.h"
#include "state/multiset_table.h"

namespace millrace::operators {

// RowExpiry: the rows that one side of a join keeps, by the time at which nothing can match them
// any more. Rows that are gone for another reason must not be in it: their side's input only adds.
//
// Threading:  confined to one task.
// Ownership:  the table outlives it. Memory: 4 bytes a row.
class RowExpiry {
 public:
  explicit RowExpiry(TimeLimit limit) : limit_(limit) {}

  // Takes in what the table holds, after a restart.
  Result<void> restore(const state::MultisetTable& table, const data::RowCodec& codec);
  // Reads the limits of a batch's rows.
  void read(const data::Batch& batch) { read_times(batch, limit_, times_); }
  // Whether physical row `row` of that batch is behind `watermark` already.
  bool is_over(uint32_t row, engine::Timestamp watermark) const { return times_[row] < watermark; }
  void add(uint32_t row, state::Slot element) { add_at(times_[row], element); }

  // Removes what is behind `watermark` from the table, at most `rows_max` rows. False: there is
  // more.
  bool sweep(engine::Timestamp watermark, size_t rows_max, state::MultisetTable& table);

 private:
  void add_at(engine::Timestamp time, state::Slot element);

  const TimeLimit limit_;
  std::vector<engine::Timestamp> times_;
  // By the last time that a bucket may hold.
  std::map<engine::Timestamp, std::vector<state::Slot>> buckets_;
  engine::Timestamp last_bucket_ = 0;
  std::vector<state::Slot>* last_slots_ = nullptr;
};

}  // namespace millrace::operators
