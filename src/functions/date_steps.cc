#include <fmt/core.h>

#include "data/civil.h"
#include "functions/builtin.h"
#include "functions/family.h"
#include "functions/time_field.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "date and time";

// A moment in whole days and a rest, whatever its type.
struct Moment {
  int64_t days = 0;
  int64_t ns = 0;  // since midnight
};

class MomentReader {
 public:
  explicit MomentReader(const Column& column)
      : column_(column), is_date_(column.type().kind() == TypeKind::kDate) {}
  Moment operator[](uint32_t row) const {
    if (is_date_) return {Reader<int32_t>(column_)[row], 0};
    const bool in_ns = column_.type().counts_ns();
    const int64_t per_day = in_ns ? data::kNsPerDay : data::kUsPerDay;
    const int64_t value = Reader<int64_t>(column_)[row];
    const int64_t days = data::floor_div(value, per_day);
    return {days, (value - days * per_day) * (in_ns ? 1 : data::kNsPerUs)};
  }

 private:
  const Column& column_;
  bool is_date_;
};

bool before(const Moment& a, const Moment& b) {
  return a.days < b.days || (a.days == b.days && a.ns < b.ns);
}

// Whole months from a to b, b not before a: a month counts when its day and time are reached.
int64_t months_between(const Moment& a, const Moment& b) {
  const data::CivilDate from = data::civil_from_days(a.days);
  const data::CivilDate to = data::civil_from_days(b.days);
  int64_t months = (int64_t{to.year} - from.year) * 12 + to.month - from.month;
  const bool reached = to.day > from.day || (to.day == from.day && b.ns >= a.ns);
  if (!reached) --months;
  return months;
}

int64_t units_between(TimeField unit, const Moment& from, const Moment& to) {
  if (before(to, from)) return -units_between(unit, to, from);
  if (const int64_t months = unit_months(unit); months > 0) {
    return months_between(from, to) / months;
  }
  const auto us = (static_cast<Int128>(to.days - from.days) * data::kNsPerDay + to.ns - from.ns) /
                  data::kNsPerUs;
  return static_cast<int64_t>(us / unit_us(unit));
}

class DifferenceKernel : public Kernel {
 public:
  explicit DifferenceKernel(TimeField unit) : unit_(unit) {}
  ColumnPtr run(KernelCall& call) override {
    const MomentReader from(call.argument(1));
    const MomentReader to(call.argument(2));
    return fixed_rows<int64_t>(
        call, [&](uint32_t row) { return units_between(unit_, from[row], to[row]); });
  }

 private:
  TimeField unit_;
};

class AddKernel : public Kernel {
 public:
  explicit AddKernel(TimeField unit) : unit_(unit) {}

  ColumnPtr run(KernelCall& call) override {
    const Reader<int64_t> counts(call.argument(1));
    if (call.result.kind() == TypeKind::kDate) {
      const Reader<int32_t> dates(call.argument(2));
      return fixed_rows<int32_t>(call, [&](uint32_t row) {
        int64_t days = 0;
        const bool good = add(dates[row], counts[row], 1, data::kUsPerDay, days);
        if (!good || days != static_cast<int32_t>(days)) fail_range(call, row);
        return static_cast<int32_t>(days);
      });
    }
    const bool in_ns = call.result.counts_ns();
    const int64_t per_day = in_ns ? data::kNsPerDay : data::kUsPerDay;
    const Reader<int64_t> moments(call.argument(2));
    return fixed_rows<int64_t>(call, [&](uint32_t row) {
      int64_t moment = 0;
      if (!add(moments[row], counts[row], per_day, 1, moment)) fail_range(call, row);
      return moment;
    });
  }

 private:
  static void fail_range(KernelCall& call, uint32_t row) {
    call.fail(row, ErrorCode::kDatetimeOverflow,
              "the moment is out of range of " + call.result.to_string());
  }

  // `value` counts per_day units a day, or, for dates, units of us_per_unit µs.
  bool add(int64_t value, int64_t count, int64_t per_day, int64_t us_per_unit, int64_t& to) const {
    if (const int64_t months = unit_months(unit_); months > 0) {
      constexpr int64_t kMonthsMax = 12 * 600'000;
      int64_t all = 0;
      if (__builtin_mul_overflow(count, months, &all) || all > kMonthsMax || all < -kMonthsMax) {
        return false;
      }
      const int64_t days = data::add_months(data::floor_div(value, per_day), all);
      return !__builtin_mul_overflow(days, per_day, &to) &&
             !__builtin_add_overflow(to, data::floor_mod(value, per_day), &to);
    }
    const Int128 per_us = per_day == data::kNsPerDay ? data::kNsPerUs : 1;
    const Int128 sum = value + static_cast<Int128>(count) * unit_us(unit_) * per_us / us_per_unit;
    to = static_cast<int64_t>(sum);
    return to == sum;
  }

  TimeField unit_;
};

template <class K>
expr::MakeKernel unit_kernel() {
  return [](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    const std::string* const name = constant_text(context, 0);
    const auto unit = find_time_field(name != nullptr ? *name : "");
    if (!unit || *unit > TimeField::kMicrosecond) {
      return Error(ErrorCode::kInvalidArgument,
                   fmt::format("{} is no unit of time", name ? shown(*name) : "NULL"))
          .remedy(
              "Known are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, "
              "MICROSECOND.");
    }
    return std::make_unique<K>(*unit);
  };
}

// The last day of the month.
ColumnPtr last_day(KernelCall& call) {
  const MomentReader moments(call.argument(0));
  return fixed_rows<int32_t>(call, [&](uint32_t row) {
    data::CivilDate date = data::civil_from_days(moments[row].days);
    date.day = data::days_in_month(date.year, date.month);
    return data::days_from_civil(date);
  });
}

}  // namespace

void register_date_steps(FunctionRegistry& registry) {
  registry.add(expr::ScalarFunction{
      .doc = {"TIMESTAMPADD", kFamily, "TIMESTAMPADD(unit, count, moment) -> type of moment",
              "The moment so many units later; a day that the month has not becomes its last one.",
              "TIMESTAMPADD('MONTH', 1, DATE '2024-01-31')", "2024-02-29"},
      .overloads = {{.parameters = {Accepts::kText, TypeKind::kBigint, Accepts::kTemporal},
                     .result = same_as(2),
                     .kernel = unit_kernel<AddKernel>(),
                     .properties = {.may_fail = true, .monotone = true}}}});
  registry.add(expr::ScalarFunction{
      .doc = {"TIMESTAMPDIFF", kFamily, "TIMESTAMPDIFF(unit, from, to) -> BIGINT",
              "The whole units from one moment to another.",
              "TIMESTAMPDIFF('DAY', DATE '2024-02-01', DATE '2024-03-01')", "29"},
      .overloads = {{.parameters = {Accepts::kText, Accepts::kTemporal, Accepts::kTemporal},
                     .result = always(TypeKind::kBigint),
                     .kernel = unit_kernel<DifferenceKernel>()}}});
  registry.add(expr::ScalarFunction{
      .doc = {"LAST_DAY", kFamily, "LAST_DAY(moment) -> DATE", "The last day of the month.",
              "LAST_DAY(DATE '2024-02-10')", "2024-02-29"},
      .overloads = {{.parameters = {Accepts::kTemporal},
                     .result = always(TypeKind::kDate),
                     .kernel = plain_kernel(last_day)}}});
}

}  // namespace millrace::functions
