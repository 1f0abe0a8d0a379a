#include "functions/accumulate.h"
#include "functions/builtin.h"
#include "functions/comparison_loops.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "aggregate";

template <class T>
struct Stored {
  T bits;
  T get() const { return bits; }
  void set(T value) { bits = value; }
};
template <>
struct Stored<Int128> {
  Halves halves;
  Int128 get() const { return halves.value(); }
  void set(Int128 value) { halves.set(value); }
};

template <class T>
struct Best {
  Stored<T> value;
  uint8_t present;
};

// MIN and MAX of values of a fixed width.
template <class T, bool kLargest>
class Extreme : public expr::Aggregate {
 public:
  void update(expr::Accumulators accumulators, const expr::AggregateInput& input) const override {
    const ColumnPtr column = data::flatten(input.arguments[0]);
    const Reader<T> values(*column);
    for_each_value(input, *column, [&](uint32_t row, int) {
      take(state_of<Best<T>>(accumulators, row), values[row]);
    });
  }
  void combine(std::byte* into, const std::byte* from, data::Sign) const override {
    const auto& other = *reinterpret_cast<const Best<T>*>(from);
    if (other.present != 0) take(*reinterpret_cast<Best<T>*>(into), other.value.get());
  }
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors&) const override {
    for (uint32_t at = 0; at < count; ++at) {
      const Best<T>& best = state_of<Best<T>>(accumulators, at);
      if (best.present != 0) {
        to.append(best.value.get());
      } else {
        to.append_null();
      }
    }
  }

 private:
  static void take(Best<T>& best, T value) {
    const T known = best.value.get();
    const bool better = kLargest ? less(known, value) : less(value, known);
    if (best.present == 0 || better) best.value.set(value);
    best.present = 1;
  }
};

template <bool kLargest>
class BooleanExtreme : public expr::Aggregate {
 public:
  void update(expr::Accumulators accumulators, const expr::AggregateInput& input) const override {
    const ColumnPtr column = data::flatten(input.arguments[0]);
    const BooleanReader values(*column);
    for_each_value(input, *column, [&](uint32_t row, int) {
      take(state_of<Best<uint8_t>>(accumulators, row), values[row]);
    });
  }
  void combine(std::byte* into, const std::byte* from, data::Sign) const override {
    const auto& other = *reinterpret_cast<const Best<uint8_t>*>(from);
    if (other.present != 0) take(*reinterpret_cast<Best<uint8_t>*>(into), other.value.bits != 0);
  }
  void emit(expr::Accumulators accumulators, uint32_t count, data::ColumnBuilder& to,
            expr::RowErrors&) const override {
    for (uint32_t at = 0; at < count; ++at) {
      const auto& best = state_of<Best<uint8_t>>(accumulators, at);
      if (best.present != 0) {
        to.append_boolean(best.value.bits != 0);
      } else {
        to.append_null();
      }
    }
  }

 private:
  static void take(Best<uint8_t>& best, bool value) {
    const bool known = best.present == 0 ? value : best.value.bits != 0;
    best.value.bits = kLargest ? (known || value) : (known && value);
    best.present = 1;
  }
};

template <bool kLargest>
std::shared_ptr<const expr::Aggregate> make(std::span<const Type> types, const Type&) {
  switch (types[0].width()) {
    case Width::k1:
      return std::make_shared<const BooleanExtreme<kLargest>>();
    case Width::k8:
      return std::make_shared<const Extreme<int8_t, kLargest>>();
    case Width::k16:
      return std::make_shared<const Extreme<int16_t, kLargest>>();
    case Width::k32:
      return std::make_shared<const Extreme<int32_t, kLargest>>();
    case Width::k64:
      return std::make_shared<const Extreme<int64_t, kLargest>>();
    case Width::k128:
      return std::make_shared<const Extreme<Int128, kLargest>>();
    case Width::kF32:
      return std::make_shared<const Extreme<float, kLargest>>();
    default:
      return std::make_shared<const Extreme<double, kLargest>>();
  }
}

template <class T>
expr::AggregateTraits fixed(expr::AggregateTraits traits) {
  traits.bytes = sizeof(Best<T>);
  traits.alignment = alignof(Best<T>);
  return traits;
}

template <bool kLargest>
expr::AggregateTraits traits_of(std::span<const Type> types) {
  const expr::AggregateTraits traits{
      .from_multiset = kLargest ? expr::FromMultiset::kLargest : expr::FromMultiset::kSmallest,
      .ignores_duplicates = true};
  switch (types[0].width()) {
    case Width::k1:
    case Width::k8:
      return fixed<int8_t>(traits);
    case Width::k16:
      return fixed<int16_t>(traits);
    case Width::k32:
    case Width::kF32:
      return fixed<int32_t>(traits);
    case Width::k64:
    case Width::kF64:
      return fixed<int64_t>(traits);
    case Width::k128:
      return fixed<Int128>(traits);
    default:
      return traits;  // no fixed size: the multiset
  }
}

std::optional<Type> comparable_type(std::span<const Type> types) {
  if (types[0].kind() == TypeKind::kMap || types[0].kind() == TypeKind::kNull) return std::nullopt;
  return types[0];
}

template <bool kLargest>
void add(FunctionRegistry& registry, FunctionDoc doc) {
  registry.add(expr::AggregateFunction{.doc = std::move(doc),
                                       .overloads = {{.parameters = {Accepts::kAny},
                                                      .result = comparable_type,
                                                      .traits = traits_of<kLargest>,
                                                      .make = make<kLargest>}}});
}

}  // namespace

void register_extremes(FunctionRegistry& registry) {
  add<false>(registry, {"MIN", kFamily, "MIN(x) -> type of x", "The smallest value.",
                        "MIN(x) over 3, NULL, 1", "1"});
  add<true>(registry, {"MAX", kFamily, "MAX(x) -> type of x", "The largest value.",
                       "MAX(x) over 3, NULL, 1", "3"});
  add<false>(registry, {"ANY_VALUE", kFamily, "ANY_VALUE(x) -> type of x",
                        "Some value: the smallest, so that it does not depend on the order.",
                        "ANY_VALUE(x) over 3, NULL, 1", "1"});
}

}  // namespace millrace::functions
