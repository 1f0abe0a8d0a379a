#include "operators/window/event_times.h"

#include <algorithm>
#include <utility>

#include "data/bitmap.h"
#include "data/builder.h"
#include "expr/evaluator.h"
#include "operators/rows/reject_rows.h"
#include "operators/window/window.h"

namespace millrace::operators {
namespace {

constexpr int64_t kNsPerUs = 1000;

}  // namespace

data::Batch EventTimes::read(data::Batch batch, uint32_t column, std::string_view name,
                             engine::Output& output) {
  const data::ColumnPtr flat = data::flatten(batch.column(column));
  const auto* values = flat->data<int64_t>();
  times_.assign(values, values + batch.rows());
  if (flat->type().counts_ns()) {
    for (int64_t& time : times_) time = floor_to(time, kNsPerUs, 0) / kNsPerUs;
  }
  const uint64_t* validity = flat->validity_words();
  expr::RowErrors errors;
  batch.for_each_row([&](uint32_t row) {
    if (validity != nullptr && !data::get_bit(validity, row)) {
      errors.add(row, ErrorCode::kNullEventTime, "the row has no event time");
    } else if (times_[row] > kWindowTimeMax || times_[row] < -kWindowTimeMax) {
      errors.add(row, ErrorCode::kDatetimeOverflow, "the event time is too far from 1970");
    }
  });
  if (errors.empty()) return batch;
  reject_uncomputed(batch, errors, name, std::span(&column, 1), output);
  return expr::without_errors(std::move(batch), errors);
}

data::ColumnPtr make_time_column(const data::Type& type, std::span<const int64_t> times) {
  const auto count = static_cast<uint32_t>(times.size());
  data::ColumnBuilder builder(type, count);
  int64_t* const to = builder.extend<int64_t>(count);
  const int64_t unit = type.counts_ns() ? kNsPerUs : 1;
  std::ranges::transform(times, to, [unit](int64_t time) { return time * unit; });
  return builder.finish();
}

}  // namespace millrace::operators
