#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/builder.h"
#include "data/column.h"

namespace millrace::operators {

struct ValueOrder {
  bool descending = false;
  bool nulls_first = false;
};

// Appends the value of `row` as bytes that sort (memcmp) as data::compare does; values of several
// columns may follow one another. −0.0 is 0.0, NaN is the greatest number.
void append_ordered(std::string& to, const data::Column& column, uint32_t row,
                    ValueOrder order = {});

// Appends what append_ordered made, in ascending order, of one value that is not NULL. REQUIRES: a
// type without parts (no ARRAY, MAP, ROW).
void append_from_ordered(std::string_view bytes, data::ColumnBuilder& to);

}  // namespace millrace::operators
