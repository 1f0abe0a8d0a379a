#include <benchmark/benchmark.h>

#include <random>

#include "data/builder.h"
#include "expr/build.h"
#include "expr/evaluator.h"
#include "functions/builtin.h"

namespace millrace::functions {
namespace {

using data::Type;
using data::TypeKind;
using expr::ExpressionPtr;

constexpr uint32_t kRows = data::kBatchRowsMax;

const expr::FunctionRegistry& registry() {
  static const expr::FunctionRegistry* const all = [] {
    auto* made = new expr::FunctionRegistry;
    register_builtin_functions(*made);
    return made;
  }();
  return *all;
}

// Bids as the nexmark queries see them.
data::Batch bids() {
  std::mt19937_64 random(1);
  const data::SchemaPtr schema = data::make_schema({{"auction", TypeKind::kBigint, false},
                                                    {"price", TypeKind::kBigint, false},
                                                    {"channel", TypeKind::kVarchar, false},
                                                    {"url", TypeKind::kVarchar, false},
                                                    {"dateTime", Type::timestamp(3), false},
                                                    {"extra", TypeKind::kVarchar, false},
                                                    {"amount", TypeKind::kDouble, true},
                                                    {"digits", TypeKind::kVarchar, false}});
  static constexpr const char* kChannels[] = {"Google", "Facebook", "Baidu", "Apple"};
  data::BatchBuilder builder(schema);
  for (uint32_t row = 0; row < kRows; ++row) {
    builder.column(0).append(static_cast<int64_t>(1000 + random() % 100000));
    builder.column(1).append(static_cast<int64_t>(100 + random() % 100'000'000));
    const uint64_t channel = random() % 8;
    const std::string id = std::to_string(random() % 10000);
    builder.column(2).append_text(channel < 4 ? kChannels[channel] : "channel-" + id);
    builder.column(3).append_text("https://www.nexmark.com/abcde/fghij/klmno/item.htm?query=1" +
                                  (channel < 4 ? "" : "&channel_id=" + id));
    builder.column(4).append(static_cast<int64_t>(1436918400000000 + int64_t{row} * 20000000));
    std::string extra(60 + random() % 20, ' ');
    for (char& c : extra) c = static_cast<char>('a' + random() % 26);
    builder.column(5).append_text(extra);
    if (random() % 10 == 0) {
      builder.column(6).append_null();
    } else {
      builder.column(6).append(static_cast<double>(random() % 1000) / 7);
    }
    builder.column(7).append_text(id);
    builder.end_row();
  }
  return builder.finish();
}

ExpressionPtr column(const data::Batch& batch, std::string_view name) {
  return expr::make_column(*batch.schema(), static_cast<uint32_t>(*batch.schema()->find(name)));
}
ExpressionPtr text(const char* value) {
  return expr::make_literal(value, TypeKind::kVarchar);
}
ExpressionPtr number(int64_t value) {
  return expr::make_literal(value, TypeKind::kInt);
}
ExpressionPtr decimal(int64_t unscaled, int digits, int scale) {
  return expr::make_literal(unscaled, Type::decimal(digits, scale));
}
ExpressionPtr call(std::string_view name, std::vector<ExpressionPtr> arguments) {
  return *registry().call(name, std::move(arguments));
}

using Make = std::vector<ExpressionPtr> (*)(const data::Batch&);

void count_rows(benchmark::State& state) {
  state.counters["rows/s"] = benchmark::Counter(static_cast<double>(state.iterations() * kRows),
                                                benchmark::Counter::kIsRate);
}

void evaluate(benchmark::State& state, Make make) {
  const data::Batch batch = bids();
  expr::Evaluator evaluator = std::move(*expr::Evaluator::compile(make(batch)));
  for (auto _ : state) benchmark::DoNotOptimize(evaluator.evaluate(batch));
  count_rows(state);
}

void filter(benchmark::State& state, Make make) {
  const data::Batch batch = bids();
  expr::Predicate predicate = std::move(*expr::Predicate::compile(make(batch)[0]));
  for (auto _ : state) benchmark::DoNotOptimize(predicate.evaluate(batch));
  count_rows(state);
}

#define BENCH(name, kind, ...)                                                           \
  BENCHMARK_CAPTURE(kind, name, [](const data::Batch& b) -> std::vector<ExpressionPtr> { \
    return {__VA_ARGS__};                                                                \
  })

BENCH(price_plus_auction, evaluate, call("+", {column(b, "price"), column(b, "auction")}));
BENCH(price_times_0_908, evaluate, call("*", {column(b, "price"), decimal(908, 3, 3)}));
BENCH(price_times_0_908_cast, evaluate,
      *expr::make_cast(call("*", {column(b, "price"), decimal(908, 3, 3)}), Type::decimal(23, 3)));
BENCH(auction_mod_123, filter,
      call("=", {call("MOD", {column(b, "auction"), number(123)}), number(0)}));
BENCH(price_between, filter,
      *expr::make_and({call(">", {column(b, "price"), number(1000000)}),
                       call("<", {column(b, "price"), number(50000000)})}));
BENCH(hour, evaluate, call("HOUR", {column(b, "dateTime")}));
BENCH(time_of_day, evaluate,
      *expr::make_case(
          {{*expr::make_and({call(">=", {call("HOUR", {column(b, "dateTime")}), number(8)}),
                             call("<=", {call("HOUR", {column(b, "dateTime")}), number(18)})}),
            text("dayTime")},
           {*expr::make_or({call("<=", {call("HOUR", {column(b, "dateTime")}), number(6)}),
                            call(">=", {call("HOUR", {column(b, "dateTime")}), number(20)})}),
            text("nightTime")}},
          text("otherTime")));
BENCH(count_c, evaluate, call("COUNT_OCCURRENCES", {column(b, "extra"), text("c")}));
BENCH(date_format, evaluate, call("DATE_FORMAT", {column(b, "dateTime"), text("yyyy-MM-dd")}));
BENCH(lower, evaluate, call("LOWER", {column(b, "channel")}));
BENCH(like, evaluate, call("LIKE", {column(b, "url"), text("%channel_id%")}));
BENCH(in_list, filter,
      *expr::make_in_list(column(b, "channel"), {text("Google"), text("Apple"), text("Baidu")}));
BENCH(split_index_three, evaluate, call("SPLIT_INDEX", {column(b, "url"), text("/"), number(3)}),
      call("SPLIT_INDEX", {column(b, "url"), text("/"), number(4)}),
      call("SPLIT_INDEX", {column(b, "url"), text("/"), number(5)}));
BENCH(regexp_extract, evaluate,
      call("REGEXP_EXTRACT", {column(b, "url"), text("(&|^)channel_id=([^&]*)"), number(2)}));
BENCH(double_divide, evaluate,
      call("/", {column(b, "amount"), expr::make_literal(2.5, TypeKind::kDouble)}));
BENCH(cast_text_to_int, evaluate, *expr::make_cast(column(b, "digits"), TypeKind::kInt));
BENCH(cast_int_to_text, evaluate, *expr::make_cast(column(b, "price"), TypeKind::kVarchar));

void aggregate(benchmark::State& state, const char* name, const char* argument) {
  const data::Batch batch = bids();
  std::vector<ExpressionPtr> arguments;
  std::vector<data::ColumnPtr> columns;
  if (argument != nullptr) {
    arguments.push_back(column(batch, argument));
    columns.push_back(batch.column(*batch.schema()->find(argument)));
  }
  const expr::BoundAggregatePtr bound = *registry().aggregate(name, arguments);
  constexpr size_t kGroups = 1000;
  std::vector<uint64_t> states(kGroups * 8);
  std::vector<std::byte*> entries;
  for (uint32_t row = 0; row < kRows; ++row) {
    entries.push_back(reinterpret_cast<std::byte*>(&states[row * 7919 % kGroups * 8]));
  }
  for (auto _ : state) {
    bound->aggregate->update({entries.data(), 0},
                             {.arguments = columns, .rows = expr::Rows::all(kRows)});
  }
  count_rows(state);
}

BENCHMARK_CAPTURE(aggregate, count_all, "COUNT", nullptr);
BENCHMARK_CAPTURE(aggregate, sum_bigint, "SUM", "price");
BENCHMARK_CAPTURE(aggregate, max_bigint, "MAX", "price");
BENCHMARK_CAPTURE(aggregate, avg_double, "AVG", "amount");

}  // namespace
}  // namespace millrace::functions
