#include <limits>

#include "data/civil.h"
#include "data/datetime_text.h"
#include "expr/cast_kernel.h"

namespace millrace::expr {
namespace {

using data::ColumnPtr;
using data::TimeUnit;
using data::Type;
using data::TypeKind;

constexpr ErrorCode kOverflow = ErrorCode::kDatetimeOverflow;

TimeUnit unit_of(const Type& type) {
  return type.counts_ns() ? TimeUnit::kNs : TimeUnit::kUs;
}
int64_t units_per_day(const Type& type) {
  return type.counts_ns() ? data::kNsPerDay : data::kUsPerDay;
}

// A time or timestamp of one precision into another.
ColumnPtr change_precision(KernelCall& call, const Type& from, const Type& to) {
  const int precision = to.precision();
  if (!from.counts_ns() && to.counts_ns()) {
    return checked_cast<int64_t, int64_t>(call, kOverflow, [](int64_t x, int64_t& result) {
      return !__builtin_mul_overflow(x, data::kNsPerUs, &result);
    });
  }
  const int64_t divisor = from.counts_ns() && !to.counts_ns() ? data::kNsPerUs : 1;
  const TimeUnit unit = unit_of(from);
  return unary_rows<int64_t, int64_t>(
      call, [=](int64_t x) { return data::round_to_precision(x, unit, precision) / divisor; });
}

ColumnPtr date_to_timestamp(KernelCall& call) {
  const int64_t per_day = units_per_day(call.result);
  return checked_cast<int32_t, int64_t>(call, kOverflow, [per_day](int32_t days, int64_t& to) {
    return !__builtin_mul_overflow(int64_t{days}, per_day, &to);
  });
}

ColumnPtr timestamp_to_time(KernelCall& call, const Type& from) {
  const int64_t per_day = units_per_day(from);
  const Type& to = call.result;
  const TimeUnit unit = unit_of(from);
  const int64_t times = to.counts_ns() && !from.counts_ns() ? data::kNsPerUs : 1;
  const int64_t divisor = from.counts_ns() && !to.counts_ns() ? data::kNsPerUs : 1;
  return unary_rows<int64_t, int64_t>(call, [=, precision = to.precision()](int64_t x) {
    const int64_t rounded = data::round_to_precision(x, unit, precision);
    return data::floor_mod(rounded, per_day) * times / divisor;
  });
}

}  // namespace

ColumnPtr cast_times(KernelCall& call) {
  const Type from = call.argument(0).type();
  const Type& to = call.result;
  if (from.kind() == TypeKind::kDate) return date_to_timestamp(call);
  if (to.kind() == TypeKind::kDate) {
    const int64_t per_day = units_per_day(from);
    return unary_rows<int64_t, int32_t>(
        call, [per_day](int64_t x) { return static_cast<int32_t>(data::floor_div(x, per_day)); });
  }
  if (to.kind() == TypeKind::kTime && from.is_timestamp()) return timestamp_to_time(call, from);
  return change_precision(call, from, to);
}

}  // namespace millrace::expr
