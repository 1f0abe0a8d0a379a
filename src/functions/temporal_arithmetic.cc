#include <cmath>

#include "data/civil.h"
#include "data/datetime_text.h"
#include "functions/arithmetic.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr ErrorCode kOverflow = ErrorCode::kDatetimeOverflow;

void fail_range(KernelCall& call, uint32_t row) {
  call.fail(row, kOverflow, "the result is out of range of " + call.result.to_string());
}

// to[row] = the result of step(x, y, to), which says false where it is out of range.
template <class A, class B, class R, class Step>
ColumnPtr compute(KernelCall& call, Step&& step) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(R), call.memory);
  R* const to = values.mutable_as<R>();
  bool good = true;
  expr::for_each_pair<A, B>(call, [&](uint32_t row, A x, B y) { good &= step(x, y, to[row]); });
  if (!good) {
    const Reader<A> x(call.argument(0));
    const Reader<B> y(call.argument(1));
    R ignored;
    expr::for_each_live(call, [&](uint32_t row) {
      if (!step(x[row], y[row], ignored)) fail_range(call, row);
    });
  }
  return make_flat(call.result, call.rows.physical, std::move(values));
}

bool add_checked(int64_t x, int64_t y, bool subtracts, int64_t& to) {
  return subtracts ? !__builtin_sub_overflow(x, y, &to) : !__builtin_add_overflow(x, y, &to);
}

// A timestamp and a day-time interval. What the precision cannot show is rounded away.
template <bool kSubtracts>
ColumnPtr add_interval(KernelCall& call) {
  const Type& type = call.result;
  const auto unit = type.counts_ns() ? data::TimeUnit::kNs : data::TimeUnit::kUs;
  const int64_t per_us = type.counts_ns() ? data::kNsPerUs : 1;
  const int precision = type.precision();
  int64_t step = 1;  // of the precision, in µs
  for (int digit = precision; digit < 6; ++digit) step *= 10;
  return compute<int64_t, int64_t, int64_t>(call, [=](int64_t x, int64_t y, int64_t& to) {
    int64_t scaled;
    bool good = !__builtin_mul_overflow(y, per_us, &scaled);
    good &= add_checked(x, scaled, kSubtracts, to);
    if (step > 1 && y % step != 0) to = data::round_to_precision(to, unit, precision);
    return good;
  });
}

// A timestamp and a year-month interval; a day that the month has not becomes its last one.
template <bool kSubtracts>
ColumnPtr add_months(KernelCall& call) {
  const bool in_ns = call.result.counts_ns();
  constexpr int64_t kMonthsMax = 12 * 600'000;
  return compute<int64_t, int32_t, int64_t>(call, [=](int64_t x, int32_t y, int64_t& to) {
    to = 0;
    if (y > kMonthsMax || y < -kMonthsMax) return false;
    const int64_t per_day = in_ns ? data::kNsPerDay : data::kUsPerDay;
    const int64_t days = data::add_months(data::floor_div(x, per_day), kSubtracts ? -y : y);
    return !__builtin_mul_overflow(days, per_day, &to) &&
           !__builtin_add_overflow(to, data::floor_mod(x, per_day), &to);
  });
}

template <bool kSubtracts>
ColumnPtr add_days(KernelCall& call) {
  return compute<int32_t, int32_t, int32_t>(call, [](int32_t x, int32_t y, int32_t& to) {
    return kSubtracts ? !__builtin_sub_overflow(x, y, &to) : !__builtin_add_overflow(x, y, &to);
  });
}

// DATE + TIME.
ColumnPtr join_date_time(KernelCall& call) {
  return compute<int32_t, int64_t, int64_t>(call, [](int32_t days, int64_t time, int64_t& to) {
    return !__builtin_mul_overflow(int64_t{days}, data::kUsPerDay, &to) &&
           !__builtin_add_overflow(to, time, &to);
  });
}

// TIME ± interval wraps around midnight.
template <bool kSubtracts>
ColumnPtr add_to_time(KernelCall& call) {
  const int64_t per_us = call.result.counts_ns() ? data::kNsPerUs : 1;
  const int64_t per_day = data::kUsPerDay * per_us;
  return compute<int64_t, int64_t, int64_t>(call, [=](int64_t x, int64_t y, int64_t& to) {
    const int64_t part = y % data::kUsPerDay * per_us;
    to = data::floor_mod(x % per_day + (kSubtracts ? -part : part), per_day);
    return true;
  });
}

// Intervals of one kind.
template <bool kSubtracts>
ColumnPtr add_intervals(KernelCall& call) {
  if (call.result.kind() == TypeKind::kIntervalMonth) return add_days<kSubtracts>(call);
  return compute<int64_t, int64_t, int64_t>(
      call, [](int64_t x, int64_t y, int64_t& to) { return add_checked(x, y, kSubtracts, to); });
}

ColumnPtr difference(KernelCall& call) {
  const Type& type = call.argument(0).type();
  if (type.kind() == TypeKind::kDate) return add_days<true>(call);
  const int64_t divisor = type.counts_ns() ? data::kNsPerUs : 1;
  return compute<int64_t, int64_t, int64_t>(call, [=](int64_t x, int64_t y, int64_t& to) {
    const bool good = !__builtin_sub_overflow(x, y, &to);
    to = data::floor_div(to, divisor);
    return good;
  });
}

std::optional<Type> difference_type(std::span<const Type> types) {
  if (types[0].kind() == TypeKind::kDate) return Type(TypeKind::kInt);
  if (types[0].is_timestamp() || types[0].kind() == TypeKind::kTime) {
    return Type(TypeKind::kIntervalDay);
  }
  return std::nullopt;
}

// Interval * number, to the nearest unit.
template <class T, bool kDivides>
ColumnPtr scale_interval(KernelCall& call) {
  const double limit = sizeof(T) == 4 ? 2147483648.0 : 9223372036854775808.0;
  return compute<T, double, T>(call, [=](T x, double y, T& to) {
    const double result =
        std::nearbyint(kDivides ? static_cast<double>(x) / y : static_cast<double>(x) * y);
    const bool good = result >= -limit && result < limit;
    to = good ? static_cast<T>(result) : T{0};
    return good;
  });
}

// Interval * integer, exactly.
template <class T>
ColumnPtr repeat_interval(KernelCall& call) {
  return compute<T, int64_t, T>(
      call, [](T x, int64_t y, T& to) { return !__builtin_mul_overflow(x, y, &to); });
}

// The arguments the other way round.
template <ColumnPtr (*kKernel)(KernelCall&)>
ColumnPtr swapped(KernelCall& call) {
  const ColumnPtr arguments[] = {call.arguments[1], call.arguments[0]};
  KernelCall turned{.arguments = arguments,
                    .rows = call.rows,
                    .live = call.live,
                    .result = call.result,
                    .now_us = call.now_us,
                    .memory = call.memory,
                    .errors = call.errors};
  return kKernel(turned);
}

Overload overload(expr::Parameter first, expr::Parameter second, expr::ResultType result,
                  expr::KernelFunction kernel, bool monotone = false) {
  FunctionProperties properties = kTotalFails;
  properties.monotone = monotone;
  return {.parameters = {std::move(first), std::move(second)},
          .result = std::move(result),
          .kernel = plain_kernel(kernel),
          .properties = properties};
}

constexpr TypeKind kDay = TypeKind::kIntervalDay;
constexpr TypeKind kMonth = TypeKind::kIntervalMonth;
constexpr TypeKind kMoments[] = {TypeKind::kTimestamp, TypeKind::kTimestampLtz};

std::vector<Overload> sums() {
  std::vector<Overload> all;
  for (const TypeKind moment : kMoments) {
    all.push_back(overload(moment, kDay, same_as(0), add_interval<false>, true));
    all.push_back(overload(moment, kMonth, same_as(0), add_months<false>, true));
    all.push_back(overload(kDay, moment, same_as(1), swapped<add_interval<false>>));
    all.push_back(overload(kMonth, moment, same_as(1), swapped<add_months<false>>));
  }
  all.push_back(overload(TypeKind::kDate, TypeKind::kInt, same_as(0), add_days<false>, true));
  all.push_back(overload(TypeKind::kInt, TypeKind::kDate, same_as(1), swapped<add_days<false>>));
  all.push_back(overload(TypeKind::kDate, Type(TypeKind::kTime, 6), always(Type::timestamp(6)),
                         join_date_time));
  all.push_back(overload(TypeKind::kTime, kDay, same_as(0), add_to_time<false>));
  all.push_back(overload(kDay, kDay, same_as(0), add_intervals<false>));
  all.push_back(overload(kMonth, kMonth, same_as(0), add_intervals<false>));
  return all;
}

std::vector<Overload> differences() {
  std::vector<Overload> all;
  all.push_back(overload(Accepts::kCommon, Accepts::kCommon, difference_type, difference, true));
  for (const TypeKind moment : kMoments) {
    all.push_back(overload(moment, kDay, same_as(0), add_interval<true>, true));
    all.push_back(overload(moment, kMonth, same_as(0), add_months<true>, true));
  }
  all.push_back(overload(TypeKind::kDate, TypeKind::kInt, same_as(0), add_days<true>, true));
  all.push_back(overload(TypeKind::kTime, kDay, same_as(0), add_to_time<true>));
  all.push_back(overload(kDay, kDay, same_as(0), add_intervals<true>));
  all.push_back(overload(kMonth, kMonth, same_as(0), add_intervals<true>));
  return all;
}

std::vector<Overload> products() {
  std::vector<Overload> all;
  all.push_back(overload(kDay, TypeKind::kBigint, same_as(0), repeat_interval<int64_t>));
  all.push_back(overload(TypeKind::kBigint, kDay, same_as(1), swapped<repeat_interval<int64_t>>));
  all.push_back(overload(kMonth, TypeKind::kBigint, same_as(0), repeat_interval<int32_t>));
  all.push_back(overload(TypeKind::kBigint, kMonth, same_as(1), swapped<repeat_interval<int32_t>>));
  all.push_back(overload(kDay, TypeKind::kDouble, same_as(0), scale_interval<int64_t, false>));
  all.push_back(
      overload(TypeKind::kDouble, kDay, same_as(1), swapped<scale_interval<int64_t, false>>));
  return all;
}

}  // namespace

std::vector<Overload> temporal_overloads(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
      return sums();
    case Operation::kSubtract:
      return differences();
    case Operation::kMultiply:
      return products();
    case Operation::kDivide:
      return {overload(kDay, TypeKind::kDouble, same_as(0), scale_interval<int64_t, true>),
              overload(kMonth, TypeKind::kDouble, same_as(0), scale_interval<int32_t, true>)};
    case Operation::kModulo:
      return {};
  }
  return {};
}

}  // namespace millrace::functions
