#include "functions/accumulate.h"
#include "functions/builtin.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "aggregate";
constexpr expr::AggregateTraits kCountTraits{
    .bytes = sizeof(int64_t), .alignment = alignof(int64_t), .invertible = true};

// COUNT(*) and COUNT(x).
class Count : public expr::Aggregate {
 public:
  void update(expr::Accumulators accumulators, const expr::AggregateInput& input) const override {
    if (input.arguments.empty()) {
      const data::Sign* const signs = input.signs;
      input.rows.for_each([&](uint32_t row) {
        state_of<int64_t>(accumulators, row) += signs == nullptr ? 1 : data::weight(signs[row]);
      });
      return;
    }
    for_each_value(input, *input.arguments[0], [&](uint32_t row, int weight) {
      state_of<int64_t>(accumulators, row) += weight;
    });
  }
  void combine(std::byte* into, const std::byte* from, data::Sign sign) const override {
    *reinterpret_cast<int64_t*>(into) +=
        data::weight(sign) * *reinterpret_cast<const int64_t*>(from);
  }
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors&) const override {
    for (uint32_t at = 0; at < count; ++at) to.append(state_of<int64_t>(accumulators, at));
  }
};

struct Truths {
  int64_t trues;
  int64_t falses;
};

// BOOL_AND and BOOL_OR, from how many are TRUE and FALSE.
template <bool kAnd>
class BooleanAggregate : public expr::Aggregate {
 public:
  void update(expr::Accumulators accumulators, const expr::AggregateInput& input) const override {
    const ColumnPtr column = data::flatten(input.arguments[0]);
    const BooleanReader values(*column);
    for_each_value(input, *column, [&](uint32_t row, int weight) {
      Truths& truths = state_of<Truths>(accumulators, row);
      (values[row] ? truths.trues : truths.falses) += weight;
    });
  }
  void combine(std::byte* into, const std::byte* from, data::Sign sign) const override {
    auto& target = *reinterpret_cast<Truths*>(into);
    const auto& source = *reinterpret_cast<const Truths*>(from);
    target.trues += data::weight(sign) * source.trues;
    target.falses += data::weight(sign) * source.falses;
  }
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors&) const override {
    for (uint32_t at = 0; at < count; ++at) {
      const Truths& truths = state_of<Truths>(accumulators, at);
      if (truths.trues + truths.falses == 0) {
        to.append_null();
      } else {
        to.append_boolean(kAnd ? truths.falses == 0 : truths.trues != 0);
      }
    }
  }
};

template <class A>
expr::AggregateOverload overload(std::vector<expr::Parameter> parameters, Type result,
                                 expr::AggregateTraits traits) {
  return {.parameters = std::move(parameters),
          .result = always(std::move(result)),
          .traits = [traits](std::span<const Type>) { return traits; },
          .make = [](std::span<const Type>, const Type&) { return std::make_shared<const A>(); }};
}

}  // namespace

void register_counts(FunctionRegistry& registry) {
  expr::AggregateFunction count{
      .doc = {"COUNT", kFamily, "COUNT(*), COUNT(x) -> BIGINT",
              "The number of rows, or of those where x is not NULL.", "COUNT(x) over 1, NULL, 3",
              "2"},
      .overloads = {overload<Count>({}, TypeKind::kBigint, kCountTraits),
                    overload<Count>({Accepts::kAny}, TypeKind::kBigint, kCountTraits)}};
  for (expr::AggregateOverload& one : count.overloads) one.null_if_empty = false;
  registry.add(std::move(count));
  const expr::AggregateTraits traits{.bytes = sizeof(Truths),
                                     .alignment = alignof(Truths),
                                     .invertible = true,
                                     .ignores_duplicates = true};
  registry.add(expr::AggregateFunction{
      .doc = {"BOOL_AND",
              kFamily,
              "BOOL_AND(condition) -> BOOLEAN",
              "Whether the condition is TRUE for every row where it is not NULL.",
              "BOOL_AND(x) over TRUE, FALSE, NULL",
              "false",
              {"EVERY"}},
      .overloads = {
          overload<BooleanAggregate<true>>({TypeKind::kBoolean}, TypeKind::kBoolean, traits)}});
  registry.add(expr::AggregateFunction{.doc = {"BOOL_OR", kFamily, "BOOL_OR(condition) -> BOOLEAN",
                                               "Whether the condition is TRUE for some row.",
                                               "BOOL_OR(x) over TRUE, FALSE, NULL", "true"},
                                       .overloads = {overload<BooleanAggregate<false>>(
                                           {TypeKind::kBoolean}, TypeKind::kBoolean, traits)}});
}

}  // namespace millrace::functions
