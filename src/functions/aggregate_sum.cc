#include <cmath>

#include "data/decimal.h"
#include "functions/accumulate.h"
#include "functions/builtin.h"
#include "functions/exact_sum.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "aggregate";
constexpr int kAverageScale = 6;

using data::decimal_divide;
using data::fits_digits;

// ---- whole numbers: integers and DECIMAL --------------------------------------------------------

// The exact sum of integers and DECIMAL up to 18 digits: 2^64 of them do not leave 128 bits.
struct ShortSum {
  int64_t count;
  Halves sum;

  void add(Int128 value, int weight) {
    sum.set(sum.value() + (weight > 0 ? value : -value));
    count += weight;
  }
  void add(const ShortSum& other, int weight) {
    add(other.sum.value(), weight);
    count += weight * (other.count - 1);
  }
  std::optional<Int128> value() const { return sum.value(); }
};

// The exact sum of longer DECIMAL: 192 bits.
struct LongSum {
  int64_t count;
  Halves sum;
  int64_t top;

  void add(Int128 value, int weight) {
    add_wide(static_cast<unsigned __int128>(value), value < 0 ? -1 : 0, weight);
    count += weight;
  }
  void add(const LongSum& other, int weight) {
    add_wide(static_cast<unsigned __int128>(other.sum.value()), other.top, weight);
    count += weight * other.count;
  }
  std::optional<Int128> value() const {
    const Int128 low = sum.value();
    if (top != (low < 0 ? -1 : 0)) return std::nullopt;
    return low;
  }

 private:
  void add_wide(unsigned __int128 low, int64_t high, int weight) {
    const auto before = static_cast<unsigned __int128>(sum.value());
    const unsigned __int128 after = weight > 0 ? before + low : before - low;
    const bool carries = weight > 0 ? after < before : after > before;
    sum.set(static_cast<Int128>(after));
    top += weight > 0 ? high + carries : -high - carries;
  }
};

template <class Visit>
void with_whole_values(const Column& column, Visit&& visit) {
  switch (column.width()) {
    case Width::k8:
      visit(Reader<int8_t>(column));
      break;
    case Width::k16:
      visit(Reader<int16_t>(column));
      break;
    case Width::k32:
      visit(Reader<int32_t>(column));
      break;
    case Width::k64:
      visit(Reader<int64_t>(column));
      break;
    default:
      visit(Reader<Int128>(column));
      break;
  }
}

// What stands in front of emit: sums of State, from any whole column.
template <class State>
class WholeAggregate : public expr::Aggregate {
 public:
  void update(expr::Accumulators accumulators, const expr::AggregateInput& input) const override {
    const ColumnPtr column = input.arguments[0]->encoding() == data::Encoding::kDictionary
                                 ? data::flatten(input.arguments[0])
                                 : input.arguments[0];
    with_whole_values(*column, [&](const auto& values) {
      for_each_value(input, *column, [&](uint32_t row, int weight) {
        state_of<State>(accumulators, row).add(values[row], weight);
      });
    });
  }
  void combine(std::byte* into, const std::byte* from, data::Sign sign) const override {
    reinterpret_cast<State*>(into)->add(*reinterpret_cast<const State*>(from), data::weight(sign));
  }
};

void fail_range(expr::RowErrors& errors, uint32_t entry, const Type& type,
                data::ColumnBuilder& to) {
  errors.add(entry, ErrorCode::kNumericOverflow,
             "the aggregate is out of range of " + type.to_string());
  to.append_null();
}

// Appends `value` as one of the builder's type, if it fits.
bool append_whole(data::ColumnBuilder& to, Int128 value) {
  const Type& type = to.type();
  if (type.kind() == TypeKind::kDecimal && !fits_digits(value, type.precision())) return false;
  if (type.width() == Width::k128) {
    to.append(value);
    return true;
  }
  if (type.kind() == TypeKind::kDecimal) {
    to.append(static_cast<int64_t>(value));
    return true;
  }
  const int bits = static_cast<int>(data::bytes_per_value(type.width())) * 8;
  if (value >> (bits - 1) != (value < 0 ? -1 : 0)) return false;
  to.append_integer(static_cast<int64_t>(value));
  return true;
}

template <class State>
class WholeSum : public WholeAggregate<State> {
 public:
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors& errors) const override {
    for (uint32_t at = 0; at < count; ++at) {
      const State& state = state_of<State>(accumulators, at);
      if (state.count == 0) {
        to.append_null();
        continue;
      }
      const auto value = state.value();
      if (!value || !append_whole(to, *value)) fail_range(errors, at, to.type(), to);
    }
  }
};

// The average with the scale of the result, rounded; of integers under kFlink cut to an integer.
template <class State>
class WholeAverage : public WholeAggregate<State> {
 public:
  explicit WholeAverage(int scale) : scale_(scale) {}
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors& errors) const override {
    for (uint32_t at = 0; at < count; ++at) {
      const State& state = state_of<State>(accumulators, at);
      if (state.count == 0) {
        to.append_null();
        continue;
      }
      const auto value = average(state, to.type());
      if (!value || !append_whole(to, *value)) fail_range(errors, at, to.type(), to);
    }
  }

 private:
  std::optional<Int128> average(const State& state, const Type& type) const {
    const auto sum = state.value();
    if (!sum) return std::nullopt;
    if (type.is_integer()) return *sum / state.count;
    return decimal_divide(*sum, scale_, state.count, 0, type.scale());
  }

  int scale_;  // of the argument
};

// ---- FLOAT and DOUBLE ---------------------------------------------------------------------------

struct RealSum {
  int64_t count;
  ExactSum sum;

  // An empty sum is zero bytes again, whatever parts cancelled out.
  void tidy() {
    if (count == 0 && sum.is_zero()) sum = {};
  }
};

template <bool kAverage>
class RealAggregate : public expr::Aggregate {
 public:
  void update(expr::Accumulators accumulators, const expr::AggregateInput& input) const override {
    const ColumnPtr column = data::flatten(input.arguments[0]);
    const auto add = [&](const auto& values) {
      for_each_value(input, *column, [&](uint32_t row, int weight) {
        RealSum& state = state_of<RealSum>(accumulators, row);
        state.sum.add(static_cast<double>(values[row]), weight);
        state.count += weight;
        if (state.count == 0) [[unlikely]]
          state.tidy();
      });
    };
    if (column->width() == Width::kF32) {
      add(Reader<float>(*column));
    } else {
      add(Reader<double>(*column));
    }
  }
  void combine(std::byte* into, const std::byte* from, data::Sign sign) const override {
    auto& target = *reinterpret_cast<RealSum*>(into);
    const auto& source = *reinterpret_cast<const RealSum*>(from);
    target.sum.add(source.sum, data::weight(sign));
    target.count += data::weight(sign) * source.count;
    target.tidy();
  }
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors& errors) const override {
    for (uint32_t at = 0; at < count; ++at) {
      const RealSum& state = state_of<RealSum>(accumulators, at);
      if (state.count == 0) {
        to.append_null();
        continue;
      }
      double value = state.sum.value();
      if (kAverage) value /= static_cast<double>(state.count);
      const bool is_float = to.width() == Width::kF32;
      const bool leaves_range =
          is_float && std::isfinite(value) && std::isinf(static_cast<float>(value));
      if (state.sum.overflows != 0 || leaves_range) {
        fail_range(errors, at, to.type(), to);
      } else if (is_float) {
        to.append(static_cast<float>(value));
      } else {
        to.append(value);
      }
    }
  }
};

// ---- overloads ----------------------------------------------------------------------------------

bool is_long(const Type& type) {
  return type.width() == Width::k128;
}

template <class State>
expr::AggregateTraits invertible() {
  return {.bytes = sizeof(State), .alignment = alignof(State), .invertible = true};
}

expr::AggregateTraits whole_traits(std::span<const Type> types) {
  return is_long(types[0]) ? invertible<LongSum>() : invertible<ShortSum>();
}

std::shared_ptr<const expr::Aggregate> make_sum(std::span<const Type> types, const Type&) {
  if (is_long(types[0])) return std::make_shared<const WholeSum<LongSum>>();
  return std::make_shared<const WholeSum<ShortSum>>();
}

std::shared_ptr<const expr::Aggregate> make_average(std::span<const Type> types, const Type&) {
  const int scale = types[0].scale();
  if (is_long(types[0])) return std::make_shared<const WholeAverage<LongSum>>(scale);
  return std::make_shared<const WholeAverage<ShortSum>>(scale);
}

template <bool kAverage>
std::shared_ptr<const expr::Aggregate> make_real(std::span<const Type>, const Type&) {
  return std::make_shared<const RealAggregate<kAverage>>();
}

// SUM of an integer is a wider one, of BIGINT a DECIMAL.
std::optional<Type> integer_sum_type(std::span<const Type> types) {
  if (types[0].kind() == TypeKind::kBigint) return Type::decimal(38, 0);
  return Type(TypeKind::kBigint);
}
std::optional<Type> decimal_sum_type(std::span<const Type> types) {
  return Type::decimal(38, types[0].scale());
}
std::optional<Type> average_type(std::span<const Type> types) {
  return Type::decimal(38, std::max(kAverageScale, types[0].scale()));
}

expr::AggregateOverload whole(Accepts accepts, expr::ResultType result, bool average) {
  return {.parameters = {accepts},
          .result = std::move(result),
          .traits = whole_traits,
          .make = average ? make_average : make_sum};
}

expr::AggregateOverload real(TypeKind argument, TypeKind result, bool average) {
  return {.parameters = {argument},
          .result = always(result),
          .traits = [](std::span<const Type>) { return invertible<RealSum>(); },
          .make = average ? make_real<true> : make_real<false>};
}

}  // namespace

void register_sums(FunctionRegistry& registry) {
  const auto real_overloads = [](bool average) {
    const TypeKind of_float = average ? TypeKind::kDouble : TypeKind::kFloat;
    return std::vector{real(TypeKind::kFloat, of_float, average),
                       real(TypeKind::kDouble, TypeKind::kDouble, average)};
  };
  const auto add = [&](FunctionDoc doc, std::vector<expr::AggregateOverload> overloads,
                       bool average) {
    for (expr::AggregateOverload& one : real_overloads(average)) {
      overloads.push_back(std::move(one));
    }
    registry.add(expr::AggregateFunction{.doc = std::move(doc), .overloads = std::move(overloads)});
  };
  add({"SUM", kFamily, "SUM(number) -> wider number",
       "The sum, exact also for DOUBLE: BIGINT for smaller integers, DECIMAL for BIGINT.",
       "SUM(x) over 1, 2.5, NULL", "3.5"},
      {whole(Accepts::kInteger, integer_sum_type, false),
       whole(Accepts::kDecimal, decimal_sum_type, false)},
      false);
  add({"AVG", kFamily, "AVG(number) -> DECIMAL | DOUBLE",
       "The average: of integers and DECIMAL a DECIMAL with at least six digits behind the point.",
       "AVG(x) over 1, 2, NULL", "1.500000"},
      {whole(Accepts::kInteger, average_type, true), whole(Accepts::kDecimal, average_type, true)},
      true);
  add({"flink:SUM", kFamily, "SUM(number) -> number", "The sum, of the argument's type.",
       "SUM(x) over 1, 2, NULL", "3"},
      {whole(Accepts::kInteger, same_as(), false),
       whole(Accepts::kDecimal, decimal_sum_type, false)},
      false);
  add({"flink:AVG", kFamily, "AVG(number) -> number",
       "The average, of the argument's type; of integers cut toward zero.",
       "AVG(x) over 1, 2, NULL", "1"},
      {whole(Accepts::kInteger, same_as(), true), whole(Accepts::kDecimal, average_type, true)},
      true);
}

}  // namespace millrace::functions
