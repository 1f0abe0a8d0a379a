#include <fmt/core.h>

#include <cmath>

#include "data/civil.h"
#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "date and time";
constexpr FunctionProperties kTicks{.volatility = expr::Volatility::kTick,
                                    .null_result = NullResult::kNever};

// ---- the tick -----------------------------------------------------------------------------------

template <class T>
ColumnPtr one_value(const KernelCall& call, T value) {
  Buffer values = Buffer::allocate(sizeof(T), call.memory);
  *values.mutable_as<T>() = value;
  return Column::constant(make_flat(call.result, 1, std::move(values)), call.rows.physical);
}

ColumnPtr now(KernelCall& call) {
  return one_value(call, call.now_us);
}
ColumnPtr now_ms(KernelCall& call) {
  return one_value(call, call.now_us - data::floor_mod(call.now_us, 1000));
}
ColumnPtr today(KernelCall& call) {
  return one_value(call, static_cast<int32_t>(data::floor_div(call.now_us, data::kUsPerDay)));
}
ColumnPtr time_of_day(KernelCall& call) {
  return one_value(call, data::floor_mod(call.now_us, data::kUsPerDay));
}

// ---- from numbers -------------------------------------------------------------------------------

bool fits_calendar(int64_t year, int64_t month, int64_t day) {
  if (year < -290'000 || year > 294'000 || month < 1 || month > 12) return false;
  return data::is_valid({static_cast<int32_t>(year), static_cast<int32_t>(month),
                         static_cast<int32_t>(std::clamp<int64_t>(day, 0, 99))});
}

void fail_date(KernelCall& call, uint32_t row, int64_t year, int64_t month, int64_t day) {
  call.fail(row, ErrorCode::kDatetimeOverflow,
            fmt::format("there is no day {}-{:02}-{:02}", year, month, day));
}

ColumnPtr make_date(KernelCall& call) {
  const Reader<int32_t> years(call.argument(0));
  const Reader<int32_t> months(call.argument(1));
  const Reader<int32_t> days(call.argument(2));
  return fixed_rows<int32_t>(call, [&](uint32_t row) {
    if (fits_calendar(years[row], months[row], days[row])) {
      return data::days_from_civil({years[row], months[row], days[row]});
    }
    fail_date(call, row, years[row], months[row], days[row]);
    return int32_t{0};
  });
}

ColumnPtr make_timestamp(KernelCall& call) {
  std::vector<Reader<int32_t>> parts;
  for (size_t at = 0; at < 5; ++at) parts.emplace_back(call.argument(at));
  const Reader<double> seconds(call.argument(5));
  return fixed_rows<int64_t>(call, [&](uint32_t row) -> int64_t {
    const int32_t hour = parts[3][row];
    const int32_t minute = parts[4][row];
    const double second = seconds[row];
    if (!fits_calendar(parts[0][row], parts[1][row], parts[2][row])) {
      fail_date(call, row, parts[0][row], parts[1][row], parts[2][row]);
      return 0;
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60)) {
      call.fail(row, ErrorCode::kDatetimeOverflow,
                fmt::format("there is no time {}:{:02}:{}", hour, minute, second));
      return 0;
    }
    const int64_t days = data::days_from_civil({parts[0][row], parts[1][row], parts[2][row]});
    return days * data::kUsPerDay + (int64_t{hour} * 60 + minute) * 60 * data::kUsPerSecond +
           static_cast<int64_t>(std::nearbyint(second * 1e6));
  });
}

// A count of 10^-digits seconds since 1970.
ColumnPtr from_count(KernelCall& call) {
  const Reader<int64_t> counts(call.argument(0));
  const bool has_digits = call.arguments.size() == 2;
  return fixed_rows<int64_t>(call, [&](uint32_t row) -> int64_t {
    const int32_t digits = has_digits ? Reader<int32_t>(call.argument(1))[row] : 0;
    if (digits != 0 && digits != 3 && digits != 6) {
      call.fail(row, ErrorCode::kInvalidArgument,
                fmt::format("the precision of an epoch time is 0, 3 or 6, not {}", digits));
      return 0;
    }
    const int64_t factor = digits == 0 ? data::kUsPerSecond : digits == 3 ? 1000 : 1;
    int64_t us = 0;
    if (__builtin_mul_overflow(counts[row], factor, &us)) {
      call.fail(row, ErrorCode::kDatetimeOverflow,
                fmt::format("{} is out of range of {}", counts[row], call.result.to_string()));
    }
    return us;
  });
}

// The result shows what the count does; without a literal, milliseconds.
std::optional<Type> from_count_type(std::span<const Type>,
                                    std::span<const data::Value* const> literals) {
  const data::Value* const digits = literals.size() == 2 ? literals[1] : nullptr;
  const bool is_known = digits != nullptr && !digits->is_null();
  const bool is_fine = is_known && digits->integer() == 6;
  return Type::timestamp_ltz(is_fine ? 6 : 3);
}

void add_tick(FunctionRegistry& registry, FunctionDoc doc, Type result,
              expr::KernelFunction kernel) {
  registry.add(expr::ScalarFunction{.doc = std::move(doc),
                                    .overloads = {{.parameters = {},
                                                   .result = always(std::move(result)),
                                                   .kernel = plain_kernel(kernel),
                                                   .properties = kTicks}}});
}

void register_ticks(FunctionRegistry& registry) {
  add_tick(registry,
           {"NOW",
            kFamily,
            "NOW(), CURRENT_TIMESTAMP -> TIMESTAMP_LTZ(6)",
            "The moment of the last tick: one for all rows of a batch.",
            "NOW() IS DISTINCT FROM NULL",
            "true",
            {"CURRENT_TIMESTAMP", "CURRENT_ROW_TIMESTAMP"}},
           Type::timestamp_ltz(6), now);
  add_tick(registry,
           {"PROCTIME", kFamily, "PROCTIME() -> TIMESTAMP_LTZ(3)",
            "Processing time: the last tick, in milliseconds.", "PROCTIME() IS DISTINCT FROM NULL",
            "true"},
           Type::timestamp_ltz(3), now_ms);
  add_tick(registry,
           {"LOCALTIMESTAMP", kFamily, "LOCALTIMESTAMP -> TIMESTAMP(6)",
            "The last tick as a timestamp without zone, in UTC.",
            "LOCALTIMESTAMP() IS DISTINCT FROM NULL", "true"},
           Type::timestamp(6), now);
  add_tick(registry,
           {"CURRENT_DATE", kFamily, "CURRENT_DATE -> DATE", "The day of the last tick, in UTC.",
            "CURRENT_DATE() IS DISTINCT FROM NULL", "true"},
           TypeKind::kDate, today);
  add_tick(registry,
           {"CURRENT_TIME",
            kFamily,
            "CURRENT_TIME -> TIME(6)",
            "The time of day of the last tick, in UTC.",
            "CURRENT_TIME() IS DISTINCT FROM NULL",
            "true",
            {"LOCALTIME"}},
           Type(TypeKind::kTime, 6), time_of_day);
}

}  // namespace

void register_date_makers(FunctionRegistry& registry) {
  register_ticks(registry);
  const expr::Parameter number = TypeKind::kInt;
  registry.add(expr::ScalarFunction{
      .doc = {"MAKE_DATE", kFamily, "MAKE_DATE(year, month, day) -> DATE",
              "The date of these numbers.", "MAKE_DATE(2024, 2, 29)", "2024-02-29"},
      .overloads = {{.parameters = {number, number, number},
                     .result = always(TypeKind::kDate),
                     .kernel = plain_kernel(make_date),
                     .properties = kFails}}});
  registry.add(expr::ScalarFunction{
      .doc = {"MAKE_TIMESTAMP", kFamily,
              "MAKE_TIMESTAMP(year, month, day, hour, minute, seconds) -> TIMESTAMP(6)",
              "The timestamp of these numbers.", "MAKE_TIMESTAMP(2024, 2, 29, 23, 56, 5.5)",
              "2024-02-29 23:56:05.500000"},
      .overloads = {{.parameters = {number, number, number, number, number, TypeKind::kDouble},
                     .result = always(Type::timestamp(6)),
                     .kernel = plain_kernel(make_timestamp),
                     .properties = kFails}}});
  registry.add(expr::ScalarFunction{
      .doc =
          {"TO_TIMESTAMP_LTZ", kFamily, "TO_TIMESTAMP_LTZ(count [, precision]) -> TIMESTAMP_LTZ(3)",
           "The moment so many seconds (precision 0), milliseconds (3) or microseconds (6) after "
           "1970.",
           "TO_TIMESTAMP_LTZ(1709251000123, 3)", "2024-02-29 23:56:40.123Z"},
      .overloads = {{.parameters = {TypeKind::kBigint},
                     .result = always(Type::timestamp_ltz(3)),
                     .kernel = plain_kernel(from_count),
                     .properties = {.may_fail = true, .monotone = true}},
                    {.parameters = {TypeKind::kBigint, number},
                     .result = always(Type::timestamp_ltz(3)),
                     .kernel = plain_kernel(from_count),
                     .properties = {.may_fail = true, .monotone = true},
                     .literal_result = from_count_type}}});
}

}  // namespace millrace::functions
