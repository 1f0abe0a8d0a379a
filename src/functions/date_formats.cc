#include <fmt/core.h>

#include "data/civil.h"
#include "data/datetime_text.h"
#include "expr/build.h"
#include "functions/builtin.h"
#include "functions/datetime_pattern.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "date and time";
using Family = DatetimePattern::Family;

// The pattern argument of a kernel: read once if it is constant, else kept until it changes.
class Patterns {
 public:
  // nullopt: the family is seen from each pattern.
  Patterns(size_t argument, std::optional<Family> family) : argument_(argument), family_(family) {}

  Result<void> take_constant(const KernelContext& context) {
    const std::string* const text =
        argument_ < context.arguments.size() ? constant_text(context, argument_) : nullptr;
    if (text != nullptr) pattern_ = MILLRACE_TRY(parse(*text));
    is_constant_ = text != nullptr;
    return {};
  }
  void take_default(std::string_view text) {
    pattern_ = *parse(text);
    is_constant_ = true;
  }

  // Null: the row's pattern is none, and the row has failed.
  const DatetimePattern* at(KernelCall& call, uint32_t row) {
    if (is_constant_) return &*pattern_;
    const std::string_view text = TextReader(call.argument(argument_))[row];
    if (pattern_ && text == text_) return &*pattern_;
    Result<DatetimePattern> parsed = parse(text);
    if (!parsed) {
      call.fail(row, parsed.error().code(), parsed.error().message());
      return nullptr;
    }
    pattern_ = std::move(*parsed);
    text_ = text;
    return &*pattern_;
  }
  bool is_constant() const { return is_constant_; }

 private:
  Result<DatetimePattern> parse(std::string_view text) const {
    return DatetimePattern::parse(text, family_.value_or(DatetimePattern::family_of(text)));
  }

  size_t argument_;
  std::optional<Family> family_;
  bool is_constant_ = false;
  std::optional<DatetimePattern> pattern_;
  std::string text_;
};

template <class K>
expr::MakeKernel pattern_kernel(std::optional<Family> family) {
  return [family](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    Patterns patterns(1, family);
    MILLRACE_TRY(patterns.take_constant(context));
    if (context.arguments.size() < 2) patterns.take_default("yyyy-MM-dd HH:mm:ss");
    return std::make_unique<K>(std::move(patterns));
  };
}

// ---- writing ------------------------------------------------------------------------------------

// A moment as text. Rows are near each other in time, so the text of the last row often serves
// again.
class FormatKernel : public Kernel {
 public:
  explicit FormatKernel(Patterns patterns) : patterns_(std::move(patterns)) {}

  ColumnPtr run(KernelCall& call) override {
    const Type& type = call.argument(0).type();
    if (type.kind() == TypeKind::kBigint) return write<int64_t>(call, 1'000'000'000);  // seconds
    if (type.kind() == TypeKind::kDate) return write<int32_t>(call, data::kNsPerDay);
    return write<int64_t>(call, type.counts_ns() ? 1 : data::kNsPerUs);
  }

 private:
  // Values count units of so many nanoseconds.
  template <class T>
  ColumnPtr write(KernelCall& call, int64_t unit_ns) {
    const Reader<T> values(call.argument(0));
    TextWriter writer(call);
    bool has_last = false;
    int64_t first = 0;  // values from `first` on, below `end`, are written as in text_
    int64_t end = 0;
    call.rows.for_each([&](uint32_t row) {
      const int64_t value = values[row];
      if (!has_last || value < first || value >= end) {
        const DatetimePattern* const pattern = patterns_.at(call, row);
        text_.clear();
        if (pattern != nullptr) pattern->append(text_, civil(value, unit_ns));
        const int64_t span = pattern != nullptr ? pattern->resolution_ns() / unit_ns : 0;
        has_last = patterns_.is_constant() && span > 1;
        first = span > 1 ? value - data::floor_mod(value, span) : value;
        end = first + span;
      }
      writer.set(row, text_);
    });
    return writer.finish();
  }

  static data::CivilTime civil(int64_t value, int64_t unit_ns) {
    const int64_t per_day = data::kNsPerDay / unit_ns;
    const int64_t days = data::floor_div(value, per_day);
    data::CivilTime time = data::civil_from_ns((value - days * per_day) * unit_ns);
    time.date = data::civil_from_days(days);
    return time;
  }

  Patterns patterns_;
  std::string text_;
};

// ---- reading ------------------------------------------------------------------------------------

// Text into DATE, TIMESTAMP, TIMESTAMP_LTZ, or seconds since 1970.
class ReadKernel : public Kernel {
 public:
  explicit ReadKernel(Patterns patterns) : patterns_(std::move(patterns)) {}

  ColumnPtr run(KernelCall& call) override {
    const TextReader texts(call.argument(0));
    const Type& type = call.result;
    if (type.kind() == TypeKind::kDate) {
      return fixed_rows<int32_t>(call, [&](uint32_t row) {
        const auto time = read(call, row, texts[row]);
        return time ? data::days_from_civil(time->date) : 0;
      });
    }
    const int64_t divisor = type.kind() == TypeKind::kBigint ? data::kUsPerSecond : 1;
    return fixed_rows<int64_t>(call, [&](uint32_t row) {
      const auto time = read(call, row, texts[row]);
      if (!time) return int64_t{0};
      const int64_t us = data::round_to_precision(data::us_from_civil(*time), data::TimeUnit::kUs,
                                                  divisor == 1 ? type.precision() : 6);
      return data::floor_div(us, divisor);
    });
  }

 private:
  std::optional<data::CivilTime> read(KernelCall& call, uint32_t row, std::string_view text) {
    const DatetimePattern* const pattern = patterns_.at(call, row);
    if (pattern == nullptr) return std::nullopt;
    auto time = pattern->read(text);
    // The range of µs in 64 bits.
    const bool in_range = time && time->date.year < 294'000 && time->date.year > -290'000;
    if (!in_range) {
      time = std::nullopt;
      call.fail(row, ErrorCode::kCastFailed,
                fmt::format("{} does not fit the pattern", shown(text)));
    }
    return time;
  }

  Patterns patterns_;
};

// TO_TIMESTAMP(text), TO_DATE(text) without a pattern: whatever CAST reads.
expr::Expand expand_cast(Type type) {
  return [type](const FunctionRegistry&,
                std::vector<expr::ExpressionPtr> arguments) -> Result<expr::ExpressionPtr> {
    if (arguments.size() == 1 && arguments[0]->type().is_text()) {
      return expr::make_cast(std::move(arguments[0]), type);
    }
    return Error(ErrorCode::kFunctionNotFound, "a text and perhaps a pattern are expected");
  };
}

Overload reader(Type result, size_t arguments = 2) {
  return {.parameters = std::vector<expr::Parameter>(arguments, Accepts::kText),
          .result = always(std::move(result)),
          .kernel = pattern_kernel<ReadKernel>(std::nullopt),
          .properties = kFails};
}

Overload writer(std::vector<expr::Parameter> parameters, std::optional<Family> family) {
  return {.parameters = std::move(parameters),
          .result = always(TypeKind::kVarchar),
          .kernel = pattern_kernel<FormatKernel>(family),
          .properties = kFails};
}

}  // namespace

void register_date_formats(FunctionRegistry& registry) {
  registry.add(expr::ScalarFunction{
      .doc = {"DATE_FORMAT", kFamily, "DATE_FORMAT(moment, pattern) -> STRING",
              "The moment as text by a pattern of letters: yyyy MM dd HH mm ss SSS a EEE, text in "
              "quotes.",
              "DATE_FORMAT(TIMESTAMP '2024-02-29 23:56:05', 'yyyy-MM-dd HH:mm')",
              "2024-02-29 23:56"},
      .overloads = {writer({Accepts::kTemporal, Accepts::kText}, Family::kLetters)}});
  registry.add(expr::ScalarFunction{
      .doc = {"TO_CHAR", kFamily, "TO_CHAR(moment, pattern) -> STRING",
              "The moment as text by a pattern of words: YYYY MM DD HH24 MI SS MS, Mon, Day.",
              "TO_CHAR(TIMESTAMP '2024-02-29 23:56:05', 'DD Mon YYYY HH24:MI')",
              "29 Feb 2024 23:56"},
      .overloads = {writer({Accepts::kTemporal, Accepts::kText}, Family::kWords)}});
  registry.add(expr::ScalarFunction{
      .doc = {"FROM_UNIXTIME", kFamily, "FROM_UNIXTIME(seconds [, pattern]) -> STRING",
              "Seconds since 1970 as text in UTC, 'yyyy-MM-dd HH:mm:ss' unless said otherwise.",
              "FROM_UNIXTIME(86399)", "1970-01-01 23:59:59"},
      .overloads = {writer({TypeKind::kBigint}, Family::kLetters),
                    writer({TypeKind::kBigint, Accepts::kText}, std::nullopt)}});
  registry.add(expr::ScalarFunction{
      .doc = {"TO_TIMESTAMP", kFamily, "TO_TIMESTAMP(text [, pattern]) -> TIMESTAMP(3)",
              "The timestamp that a text tells, by a pattern of either family.",
              "TO_TIMESTAMP('29.02.2024 23:56', 'dd.MM.yyyy HH:mm')", "2024-02-29 23:56:00.000"},
      .overloads = {reader(Type::timestamp(3))},
      .expand = expand_cast(Type::timestamp(3))});
  registry.add(
      expr::ScalarFunction{.doc = {"TO_DATE", kFamily, "TO_DATE(text [, pattern]) -> DATE",
                                   "The date that a text tells, by a pattern of either family.",
                                   "TO_DATE('02/29/2024', 'MM/DD/YYYY')", "2024-02-29"},
                           .overloads = {reader(TypeKind::kDate)},
                           .expand = expand_cast(TypeKind::kDate)});
  registry.add(expr::ScalarFunction{
      .doc = {"UNIX_TIMESTAMP", kFamily, "UNIX_TIMESTAMP(text [, pattern]) -> BIGINT",
              "Seconds since 1970 of a time in UTC, 'yyyy-MM-dd HH:mm:ss' unless said otherwise.",
              "UNIX_TIMESTAMP('1970-01-02 00:00:01')", "86401"},
      .overloads = {reader(TypeKind::kBigint, 1), reader(TypeKind::kBigint, 2)}});
}

}  // namespace millrace::functions
