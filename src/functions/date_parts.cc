#include <fmt/core.h>

#include "data/civil.h"
#include "functions/builtin.h"
#include "functions/family.h"
#include "functions/time_field.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "date and time";

Error unknown_field(std::string_view name) {
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("{} is no part of a date or time", shown(name)))
      .remedy(
          "Known are YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND, "
          "MICROSECOND, DOW, ISODOW, DOY, ISOYEAR, EPOCH, DECADE, CENTURY, MILLENNIUM.");
}

// ---- extracting ---------------------------------------------------------------------------------

// The field of every row of a column of T that counts kPerDay units a day.
template <class T, int64_t kPerDay>
ColumnPtr extract_rows(KernelCall& call, const Column& column, TimeField field) {
  constexpr int64_t kNsPerUnit = data::kNsPerDay / kPerDay;
  constexpr int64_t kPerHour = kPerDay / 24;
  const Reader<T> values(column);
  if (field == TimeField::kHour && kPerHour > 0) {
    return fixed_rows<int64_t>(call, [&](uint32_t row) {
      return data::floor_mod(values[row], kPerDay) / (kPerHour > 0 ? kPerHour : 1);
    });
  }
  return fixed_rows<int64_t>(call, [&](uint32_t row) {
    const int64_t days = data::floor_div(values[row], kPerDay);
    return extract_field(field, days, (values[row] - days * kPerDay) * kNsPerUnit);
  });
}

// Intervals: days and months are not carried into years and months.
int64_t extract_months(TimeField field, int64_t months) {
  switch (field) {
    case TimeField::kYear:
      return months / 12;
    case TimeField::kQuarter:
      return months % 12 / 3 + 1;
    case TimeField::kMonth:
      return months % 12;
    case TimeField::kEpoch:
      return months / 12 * 31'557'600 + months % 12 * 2'592'000;
    default:
      return 0;
  }
}

int64_t extract_interval(TimeField field, int64_t us) {
  constexpr int64_t kUsPerMinute = 60 * data::kUsPerSecond;
  switch (field) {
    case TimeField::kDay:
      return us / data::kUsPerDay;
    case TimeField::kHour:
      return us % data::kUsPerDay / (60 * kUsPerMinute);
    case TimeField::kMinute:
      return us / kUsPerMinute % 60;
    case TimeField::kSecond:
      return us / data::kUsPerSecond % 60;
    case TimeField::kMillisecond:
      return us % kUsPerMinute / 1000;
    case TimeField::kMicrosecond:
      return us % kUsPerMinute;
    case TimeField::kEpoch:
      return us / data::kUsPerSecond;
    default:
      return 0;
  }
}

ColumnPtr extract_column(KernelCall& call, const Column& column, TimeField field) {
  const Type& type = column.type();
  switch (type.kind()) {
    case TypeKind::kDate:
      return extract_rows<int32_t, 1>(call, column, field);
    case TypeKind::kIntervalMonth: {
      const Reader<int32_t> months(column);
      return fixed_rows<int64_t>(call,
                                 [&](uint32_t row) { return extract_months(field, months[row]); });
    }
    case TypeKind::kIntervalDay: {
      const Reader<int64_t> us(column);
      return fixed_rows<int64_t>(call,
                                 [&](uint32_t row) { return extract_interval(field, us[row]); });
    }
    default:
      return type.counts_ns() ? extract_rows<int64_t, data::kNsPerDay>(call, column, field)
                              : extract_rows<int64_t, data::kUsPerDay>(call, column, field);
  }
}

template <TimeField kField>
ColumnPtr extract_one(KernelCall& call) {
  return extract_column(call, call.argument(0), kField);
}

// EXTRACT('FIELD', x), where the field is a constant.
class ExtractKernel : public Kernel {
 public:
  explicit ExtractKernel(TimeField field) : field_(field) {}
  ColumnPtr run(KernelCall& call) override {
    return extract_column(call, call.argument(1), field_);
  }

 private:
  TimeField field_;
};

// Makes K from the unit or part that argument 0 names; it must be a constant.
template <class K>
expr::MakeKernel field_kernel() {
  return [](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    const std::string* const name = constant_text(context, 0);
    if (name == nullptr) {
      return Error(ErrorCode::kInvalidArgument, "the part of a date or time must be a constant");
    }
    const auto field = find_time_field(*name);
    if (!field) return unknown_field(*name);
    return std::make_unique<K>(*field);
  };
}

// ---- rounding to a unit -------------------------------------------------------------------------

int64_t next_floor(TimeField unit, int64_t days) {
  const int64_t months = unit_months(unit);
  return months > 0 ? data::add_months(days, months) : days + unit_us(unit) / data::kUsPerDay;
}

template <bool kUp>
int64_t round_days(TimeField unit, int64_t days) {
  const int64_t floor = floor_days(unit, days);
  return kUp && floor != days ? next_floor(unit, floor) : floor;
}

// A whole unit below (or above) each moment of kPerDay units a day.
template <bool kUp, int64_t kPerDay>
int64_t round_moment(TimeField unit, int64_t step, int64_t value) {
  if (step > 0) {
    const int64_t floor = value - data::floor_mod(value, step);
    return kUp && floor != value ? floor + step : floor;
  }
  const int64_t days = data::floor_div(value, kPerDay);
  const bool inside = kUp && value != days * kPerDay;
  return round_days<kUp>(unit, inside ? days + 1 : days) * kPerDay;
}

template <bool kUp>
class RoundKernel : public Kernel {
 public:
  explicit RoundKernel(TimeField unit) : unit_(unit) {}

  ColumnPtr run(KernelCall& call) override {
    const Column& column = call.argument(1);
    const Type& type = column.type();
    if (type.kind() == TypeKind::kDate) {
      const Reader<int32_t> days(column);
      if (unit_ > TimeField::kDay) return call.arguments[1];
      return fixed_rows<int32_t>(call, [&](uint32_t row) {
        return static_cast<int32_t>(round_days<kUp>(unit_, days[row]));
      });
    }
    return type.counts_ns() ? moments<data::kNsPerDay>(call, data::kNsPerUs)
                            : moments<data::kUsPerDay>(call, 1);
  }

 private:
  template <int64_t kPerDay>
  ColumnPtr moments(KernelCall& call, int64_t per_us) const {
    const Reader<int64_t> values(call.argument(1));
    // Units of a day and less divide evenly from 1970 on; weeks begin on a Monday.
    int64_t step = unit_ > TimeField::kWeek ? unit_us(unit_) * per_us : 0;
    if (unit_ == TimeField::kNanosecond) step = 1;
    return fixed_rows<int64_t>(
        call, [&](uint32_t row) { return round_moment<kUp, kPerDay>(unit_, step, values[row]); });
  }

  TimeField unit_;
};

template <bool kUp>
expr::MakeKernel round_kernel() {
  return [](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    const std::string* const name = constant_text(context, 0);
    const auto unit = find_time_field(name != nullptr ? *name : "");
    if (!unit || *unit > TimeField::kNanosecond) return unknown_field(name ? *name : "NULL");
    return std::make_unique<RoundKernel<kUp>>(*unit);
  };
}

constexpr TypeKind kSources[] = {TypeKind::kTimestamp,   TypeKind::kTimestampLtz,
                                 TypeKind::kDate,        TypeKind::kTime,
                                 TypeKind::kIntervalDay, TypeKind::kIntervalMonth};

template <TimeField kField>
void add_part(FunctionRegistry& registry, FunctionDoc doc) {
  expr::ScalarFunction function{.doc = std::move(doc)};
  for (const TypeKind source : kSources) {
    function.overloads.push_back({.parameters = {source},
                                  .result = always(TypeKind::kBigint),
                                  .kernel = plain_kernel(extract_one<kField>)});
  }
  registry.add(std::move(function));
}

template <bool kUp>
void add_rounding(FunctionRegistry& registry, FunctionDoc doc) {
  registry.add(
      expr::ScalarFunction{.doc = std::move(doc),
                           .overloads = {{.parameters = {Accepts::kText, Accepts::kTemporal},
                                          .result = same_as(1),
                                          .kernel = round_kernel<kUp>(),
                                          .properties = {.monotone = true}}}});
}

void register_parts(FunctionRegistry& registry) {
  const auto doc = [](std::string_view name, std::string_view signature, std::string_view sentence,
                      std::string_view example, std::string_view result,
                      std::vector<std::string_view> aliases = {}) {
    return FunctionDoc{name, kFamily, signature, sentence, example, result, std::move(aliases)};
  };
  add_part<TimeField::kYear>(registry, doc("YEAR", "YEAR(moment) -> BIGINT", "The year.",
                                           "YEAR(DATE '2024-02-29')", "2024"));
  add_part<TimeField::kQuarter>(
      registry, doc("QUARTER", "QUARTER(moment) -> BIGINT", "The quarter of the year, 1 to 4.",
                    "QUARTER(DATE '2024-02-29')", "1"));
  add_part<TimeField::kMonth>(registry,
                              doc("MONTH", "MONTH(moment) -> BIGINT", "The month, 1 to 12.",
                                  "MONTH(DATE '2024-02-29')", "2"));
  add_part<TimeField::kWeek>(
      registry, doc("WEEK", "WEEK(moment) -> BIGINT", "The ISO week of the year, 1 to 53.",
                    "WEEK(DATE '2024-12-30')", "1"));
  add_part<TimeField::kDay>(
      registry, doc("DAYOFMONTH", "DAYOFMONTH(moment) -> BIGINT", "The day of the month, 1 to 31.",
                    "DAYOFMONTH(DATE '2024-02-29')", "29", {"DAY"}));
  add_part<TimeField::kDayOfYear>(
      registry, doc("DAYOFYEAR", "DAYOFYEAR(moment) -> BIGINT", "The day of the year, 1 to 366.",
                    "DAYOFYEAR(DATE '2024-02-29')", "60"));
  add_part<TimeField::kSqlDayOfWeek>(
      registry, doc("DAYOFWEEK", "DAYOFWEEK(moment) -> BIGINT",
                    "The day of the week, 1 being Sunday.", "DAYOFWEEK(DATE '2024-02-29')", "5"));
  add_part<TimeField::kHour>(registry, doc("HOUR", "HOUR(moment) -> BIGINT", "The hour, 0 to 23.",
                                           "HOUR(TIMESTAMP '2024-02-29 23:56:05')", "23"));
  add_part<TimeField::kMinute>(registry,
                               doc("MINUTE", "MINUTE(moment) -> BIGINT", "The minute, 0 to 59.",
                                   "MINUTE(TIMESTAMP '2024-02-29 23:56:05')", "56"));
  add_part<TimeField::kSecond>(
      registry, doc("SECOND", "SECOND(moment) -> BIGINT", "The whole seconds, 0 to 59.",
                    "SECOND(TIMESTAMP '2024-02-29 23:56:05.9')", "5"));
}

}  // namespace

void register_date_parts(FunctionRegistry& registry) {
  register_parts(registry);
  expr::ScalarFunction extract{
      .doc = {
          "EXTRACT",
          kFamily,
          "EXTRACT(part FROM moment) -> BIGINT",
          "A part of a date, time, timestamp or interval: YEAR to NANOSECOND, DOW, ISODOW, DOY, "
          "ISOYEAR, EPOCH.",
          "EXTRACT('EPOCH', TIMESTAMP '1970-01-02 00:00:01')",
          "86401",
          {"DATE_PART"}}};
  for (const TypeKind source : kSources) {
    extract.overloads.push_back({.parameters = {Accepts::kText, source},
                                 .result = always(TypeKind::kBigint),
                                 .kernel = field_kernel<ExtractKernel>()});
  }
  registry.add(std::move(extract));
  add_rounding<false>(
      registry,
      {"DATE_TRUNC", kFamily, "DATE_TRUNC(unit, moment), FLOOR(moment TO unit) -> type of moment",
       "The moment at which its hour, day, month, … begins; weeks begin on Monday.",
       "DATE_TRUNC('hour', TIMESTAMP '2024-02-29 23:56:05')", "2024-02-29 23:00:00"});
  add_rounding<true>(
      registry, {"DATE_CEIL", kFamily, "CEIL(moment TO unit) -> type of moment",
                 "The next moment at which an hour, day, month, … begins, or the moment itself.",
                 "DATE_CEIL('month', DATE '2024-02-29')", "2024-03-01"});
}

}  // namespace millrace::functions
