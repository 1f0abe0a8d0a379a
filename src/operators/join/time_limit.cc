#include "operators/join/time_limit.h"

#include <algorithm>

#include "data/bitmap.h"

namespace millrace::operators {
namespace {

constexpr int64_t kNsPerUs = 1'000;

int64_t floor_to_us(int64_t ns) {
  return ns / kNsPerUs - (ns % kNsPerUs < 0 ? 1 : 0);
}

int64_t saturating_add(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? engine::kTimeMin : engine::kTimeMax;
}

}  // namespace

void read_times(const data::Batch& batch, const TimeLimit& limit,
                std::vector<engine::Timestamp>& times) {
  const data::ColumnPtr column = data::flatten(batch.column(limit.column));
  const auto* values = column->data<int64_t>();
  const uint64_t* validity = column->validity_words();
  const bool counts_ns = column->type().counts_ns();
  times.resize(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    const bool is_null = validity != nullptr && !data::get_bit(validity, row);
    const int64_t us = counts_ns ? floor_to_us(values[row]) : values[row];
    times[row] = is_null ? engine::kTimeMin : saturating_add(us, limit.offset_us);
  }
}

}  // namespace millrace::operators
