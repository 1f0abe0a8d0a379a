#include <fmt/core.h>

#include <algorithm>

#include "data/decimal.h"
#include "functions/arithmetic.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

using data::UInt128;

constexpr int kDigitsMax = data::kDecimalDigitsMax;
constexpr int kScaleKept = 6;

int whole_digits(const Type& type) {
  return type.precision() - type.scale();
}

// ---- result types -------------------------------------------------------------------------------

std::optional<Type> sum_type(std::span<const Type> types) {
  const int whole = std::max(whole_digits(types[0]), whole_digits(types[1]));
  return decimal_result(whole + 1, std::max(types[0].scale(), types[1].scale()));
}

std::optional<Type> product_type(std::span<const Type> types) {
  return decimal_result(whole_digits(types[0]) + whole_digits(types[1]),
                        types[0].scale() + types[1].scale());
}

std::optional<Type> quotient_type(std::span<const Type> types) {
  const int scale = std::max(kScaleKept, types[0].scale() + types[1].precision() + 1);
  return decimal_result(whole_digits(types[0]) + types[1].scale(), scale);
}

std::optional<Type> rest_type(std::span<const Type> types) {
  const int whole = std::min(whole_digits(types[0]), whole_digits(types[1]));
  return decimal_result(std::max(whole, 0), std::max(types[0].scale(), types[1].scale()));
}

// ---- exact: the result's type holds every result ------------------------------------------------

// Unsigned, since the values of NULL rows may be anything.
template <class A, class B, class R>
ColumnPtr add_exactly(KernelCall& call, Int128 x_factor, Int128 y_factor) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(R), call.memory);
  R* __restrict const to = values.mutable_as<R>();
  const auto fx = static_cast<UInt128>(x_factor);
  const auto fy = static_cast<UInt128>(y_factor);
  expr::for_each_pair<A, B>(call, [&](uint32_t row, A x, B y) {
    to[row] =
        static_cast<R>(static_cast<UInt128>(Int128{x}) * fx + static_cast<UInt128>(Int128{y}) * fy);
  });
  return make_flat(call.result, call.rows.physical, std::move(values));
}

template <class A, class B, class R>
ColumnPtr multiply_exactly(KernelCall& call) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(R), call.memory);
  R* __restrict const to = values.mutable_as<R>();
  expr::for_each_pair<A, B>(call, [&](uint32_t row, A x, B y) {
    to[row] = static_cast<R>(static_cast<UInt128>(Int128{x}) * static_cast<UInt128>(Int128{y}));
  });
  return make_flat(call.result, call.rows.physical, std::move(values));
}

// Calls f with the C++ types of both arguments and of the result, which is the widest.
template <class F>
ColumnPtr with_widths(const KernelCall& call, F&& f) {
  const bool x_wide = call.argument(0).width() == Width::k128;
  const bool y_wide = call.argument(1).width() == Width::k128;
  if (call.result.width() == Width::k64) return f(int64_t{}, int64_t{}, int64_t{});
  if (x_wide) return y_wide ? f(Int128{}, Int128{}, Int128{}) : f(Int128{}, int64_t{}, Int128{});
  return y_wide ? f(int64_t{}, Int128{}, Int128{}) : f(int64_t{}, int64_t{}, Int128{});
}

// ---- checked, row by row ------------------------------------------------------------------------

struct Operands {
  Int128 x;
  Int128 y;
  int x_scale;
  int y_scale;
  int scale;  // of the result
};

Int128 wide_value(const Column& column, uint32_t row) {
  if (column.width() == Width::k64) return Reader<int64_t>(column)[row];
  return Reader<Int128>(column)[row];
}

// (x + y) / 10^digits, rounded half away from zero; the sum itself may need more than 128 bits.
Int128 add_rounded(Int128 x, Int128 y, int digits) {
  const Int128 divisor = data::power_of_ten(digits);
  Int128 whole = x / divisor + y / divisor;
  Int128 rest = x % divisor + y % divisor;
  // The rest gets the sign of the whole, and less than one unit.
  whole += rest / divisor;
  rest %= divisor;
  if (whole > 0 && rest < 0) {
    --whole;
    rest += divisor;
  } else if (whole < 0 && rest > 0) {
    ++whole;
    rest -= divisor;
  }
  if (rest >= divisor - rest && rest > 0) return whole + 1;
  if (-rest >= divisor + rest && rest < 0) return whole - 1;
  return whole;
}

std::optional<Int128> checked(Operation operation, const Operands& of) {
  const int common = std::max(of.x_scale, of.y_scale);
  if (operation == Operation::kMultiply) {
    return data::decimal_multiply(of.x, of.y, of.x_scale + of.y_scale, of.scale);
  }
  if (operation == Operation::kDivide) {
    return data::decimal_divide(of.x, of.x_scale, of.y, of.y_scale, of.scale);
  }
  const auto x = data::decimal_rescale(of.x, of.x_scale, common);
  const auto y = data::decimal_rescale(of.y, of.y_scale, common);
  if (!x || !y) return std::nullopt;
  if (operation == Operation::kModulo) {
    return data::decimal_rescale(data::decimal_modulo(*x, *y), common, of.scale);
  }
  return add_rounded(*x, operation == Operation::kAdd ? *y : -*y, common - of.scale);
}

template <class R>
ColumnPtr compute_checked(KernelCall& call, Operation operation) {
  const Column& x = call.argument(0);
  const Column& y = call.argument(1);
  const bool divides = operation == Operation::kDivide || operation == Operation::kModulo;
  Operands of{
      .x_scale = x.type().scale(), .y_scale = y.type().scale(), .scale = call.result.scale()};
  return fixed_rows<R>(call, [&](uint32_t row) -> R {
    of.x = wide_value(x, row);
    of.y = wide_value(y, row);
    if (divides && of.y == 0) {
      call.fail(row, ErrorCode::kDivisionByZero,
                fmt::format("{} divided by 0", data::decimal_to_string(of.x, of.x_scale)));
      return 0;
    }
    const auto result = checked(operation, of);
    if (!result || !data::fits_digits(*result, call.result.precision())) {
      call.fail(row, ErrorCode::kNumericOverflow,
                fmt::format("the result of {} and {} is out of range of {}",
                            data::decimal_to_string(of.x, of.x_scale),
                            data::decimal_to_string(of.y, of.y_scale), call.result.to_string()));
      return 0;
    }
    return static_cast<R>(*result);
  });
}

ColumnPtr run_checked(KernelCall& call, Operation operation) {
  return call.result.width() == Width::k64 ? compute_checked<int64_t>(call, operation)
                                           : compute_checked<Int128>(call, operation);
}

// ---- kernels ------------------------------------------------------------------------------------

// Whether the type of a sum or product holds it whatever the values are.
bool is_exact_sum(std::span<const Type> types, const Type& result) {
  return result.scale() == std::max(types[0].scale(), types[1].scale()) &&
         whole_digits(result) > std::max(whole_digits(types[0]), whole_digits(types[1]));
}
bool is_exact_product(std::span<const Type> types, const Type&) {
  return types[0].precision() + types[1].precision() <= kDigitsMax;
}

class SumKernel : public Kernel {
 public:
  SumKernel(const KernelContext& context, bool subtracts)
      : subtracts_(subtracts), exact_(is_exact_sum(context.arguments, context.result)) {}

  ColumnPtr run(KernelCall& call) override {
    if (!exact_) return run_checked(call, subtracts_ ? Operation::kSubtract : Operation::kAdd);
    const int scale = call.result.scale();
    const Int128 x_factor = data::power_of_ten(scale - call.argument(0).type().scale());
    const Int128 y_factor = data::power_of_ten(scale - call.argument(1).type().scale());
    return with_widths(call, [&](auto x, auto y, auto result) {
      return add_exactly<decltype(x), decltype(y), decltype(result)>(
          call, x_factor, subtracts_ ? -y_factor : y_factor);
    });
  }

 private:
  bool subtracts_;
  bool exact_;
};

class ProductKernel : public Kernel {
 public:
  explicit ProductKernel(const KernelContext& context)
      : exact_(is_exact_product(context.arguments, context.result)) {}

  ColumnPtr run(KernelCall& call) override {
    if (!exact_) return run_checked(call, Operation::kMultiply);
    return with_widths(call, [&](auto x, auto y, auto result) {
      return multiply_exactly<decltype(x), decltype(y), decltype(result)>(call);
    });
  }

 private:
  bool exact_;
};

ColumnPtr divide(KernelCall& call) {
  return run_checked(call, Operation::kDivide);
}
ColumnPtr modulo(KernelCall& call) {
  return run_checked(call, Operation::kModulo);
}

expr::MakeKernel sum_kernel(bool subtracts) {
  return [subtracts](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    return std::make_unique<SumKernel>(context, subtracts);
  };
}

}  // namespace

Type decimal_result(int whole_digits, int scale) {
  if (whole_digits + scale <= kDigitsMax) {
    return Type::decimal(std::max(whole_digits + scale, 1), scale);
  }
  const int kept = std::max(kDigitsMax - whole_digits, std::min(scale, kScaleKept));
  return Type::decimal(kDigitsMax, kept);
}

Overload decimal_overload(Operation operation) {
  Overload overload{.parameters = {Accepts::kDecimal, Accepts::kDecimal}, .properties = kFails};
  switch (operation) {
    case Operation::kAdd:
    case Operation::kSubtract:
      overload.result = sum_type;
      overload.kernel = sum_kernel(operation == Operation::kSubtract);
      overload.never_fails = is_exact_sum;
      break;
    case Operation::kMultiply:
      overload.result = product_type;
      overload.kernel = kernel_of<ProductKernel>();
      overload.never_fails = is_exact_product;
      break;
    case Operation::kDivide:
      overload.result = quotient_type;
      overload.kernel = plain_kernel(divide);
      break;
    case Operation::kModulo:
      overload.result = rest_type;
      overload.kernel = plain_kernel(modulo);
      break;
  }
  return overload;
}

}  // namespace millrace::functions
