#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/column.h"
#include "engine/operator.h"

namespace millrace::operators {

// EventTimes: the event times of a batch's rows in µs, by physical row.
//
// Threading:  confined to one task.
class EventTimes {
 public:
  // Reads a TIMESTAMP column. Rows whose time is NULL or beyond kWindowTimeMax are rejected in the
  // name of `name` and left out of the batch that is returned.
  data::Batch read(data::Batch batch, uint32_t column, std::string_view name,
                   engine::Output& output);
  int64_t operator[](uint32_t row) const { return times_[row]; }

 private:
  std::vector<int64_t> times_;
};

// A TIMESTAMP column of these times (µs).
data::ColumnPtr make_time_column(const data::Type& type, std::span<const int64_t> times);

}  // namespace millrace::operators
