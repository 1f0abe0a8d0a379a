#include "plan/logical/properties.h"

#include <algorithm>

namespace millrace::plan {

bool Properties::is_time_column(uint32_t column) const {
  return std::ranges::find(time_columns, column) != time_columns.end();
}

bool Properties::unique_on(const ColumnSet& columns) const {
  return std::ranges::any_of(keys, [&](const ColumnSet& key) {
    return std::ranges::all_of(
        key, [&](uint32_t column) { return std::ranges::find(columns, column) != columns.end(); });
  });
}

const char* to_string(StateBound bound) {
  switch (bound) {
    case StateBound::kNone:
      return "none";
    case StateBound::kWindows:
      return "open windows";
    case StateBound::kTime:
      return "rows that the watermark has not passed";
    case StateBound::kKeys:
      return "an entry per key, for ever";
    case StateBound::kRows:
      return "an entry per row, for ever";
  }
  return "";
}

}  // namespace millrace::plan
