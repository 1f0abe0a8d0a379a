#include "functions/arithmetic.h"

#include <fmt/core.h>

#include <cmath>

#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

// What follows are operations on T: apply gives false where a row must fail.

struct Add {
  static constexpr const char* kSign = "+";
  template <class T>
  static bool apply(T x, T y, T& to) {
    if constexpr (std::is_floating_point_v<T>) {
      to = x + y;
      return true;
    } else {
      return !__builtin_add_overflow(x, y, &to);
    }
  }
};

struct Subtract {
  static constexpr const char* kSign = "-";
  template <class T>
  static bool apply(T x, T y, T& to) {
    if constexpr (std::is_floating_point_v<T>) {
      to = x - y;
      return true;
    } else {
      return !__builtin_sub_overflow(x, y, &to);
    }
  }
};

struct Multiply {
  static constexpr const char* kSign = "*";
  template <class T>
  static bool apply(T x, T y, T& to) {
    if constexpr (std::is_floating_point_v<T>) {
      to = x * y;
      return true;
    } else {
      return !__builtin_mul_overflow(x, y, &to);
    }
  }
};

// Division of 64 bits costs several times one of 32, and most numbers are small.
inline bool both_short(int64_t x, int64_t y) {
  return ((static_cast<uint64_t>(x) | static_cast<uint64_t>(y)) >> 32) == 0;
}

// kFloatsGoOn: a float divided by zero is infinite or NaN, and no error.
template <bool kFloatsGoOn>
struct Quotient {
  static constexpr const char* kSign = "/";
  template <class T>
  static bool apply(T x, T y, T& to) {
    if constexpr (std::is_floating_point_v<T>) {
      to = x / y;
      return kFloatsGoOn || y != 0;
    } else {
      to = 0;
      if (y == 0) return false;
      if constexpr (sizeof(T) == 8) {
        if (both_short(x, y)) {
          to = static_cast<uint32_t>(x) / static_cast<uint32_t>(y);
          return true;
        }
      }
      if (y == -1) return !__builtin_sub_overflow(T{0}, x, &to);
      to = static_cast<T>(x / y);
      return true;
    }
  }
};

using Divide = Quotient<false>;

struct Modulo {
  static constexpr const char* kSign = "%";
  template <class T>
  static bool apply(T x, T y, T& to) {
    if constexpr (std::is_floating_point_v<T>) {
      to = std::fmod(x, y);
      return y != 0;
    } else {
      to = 0;
      if (y == 0) return false;
      if constexpr (sizeof(T) == 8) {
        if (both_short(x, y)) {
          to = static_cast<uint32_t>(x) % static_cast<uint32_t>(y);
          return true;
        }
      }
      to = y == -1 ? T{0} : static_cast<T>(x % y);
      return true;
    }
  }
};

template <class Op, class T>
void fail_pair(KernelCall& call, uint32_t row, T x, T y) {
  if (y == 0 && (Op::kSign[0] == '/' || Op::kSign[0] == '%')) {
    call.fail(row, ErrorCode::kDivisionByZero, fmt::format("{} {} 0", x, Op::kSign));
  } else {
    call.fail(
        row, ErrorCode::kNumericOverflow,
        fmt::format("{} {} {} is out of range of {}", x, Op::kSign, y, call.result.to_string()));
  }
}

template <class Op, class T>
ColumnPtr compute(KernelCall& call) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(T), call.memory);
  T* __restrict const to = values.mutable_as<T>();
  bool good = true;
  expr::for_each_pair<T, T>(call,
                            [&](uint32_t row, T x, T y) { good &= Op::apply(x, y, to[row]); });
  if (!good) [[unlikely]] {
    const Reader<T> x(call.argument(0));
    const Reader<T> y(call.argument(1));
    T ignored;
    expr::for_each_live(call, [&](uint32_t row) {
      if (!Op::apply(x[row], y[row], ignored)) fail_pair<Op>(call, row, x[row], y[row]);
    });
  }
  return make_flat(call.result, call.rows.physical, std::move(values));
}

template <class Op>
ColumnPtr compute_numbers(KernelCall& call) {
  switch (call.result.width()) {
    case Width::k8:
      return compute<Op, int8_t>(call);
    case Width::k16:
      return compute<Op, int16_t>(call);
    case Width::k32:
      return compute<Op, int32_t>(call);
    case Width::k64:
      return compute<Op, int64_t>(call);
    case Width::kF32:
      return compute<Op, float>(call);
    default:
      return compute<Op, double>(call);
  }
}

std::optional<Type> plain_number(std::span<const Type> types) {
  if (types[0].is_integer() || types[0].is_float()) return types[0];
  return std::nullopt;
}

template <class Op>
expr::ScalarFunction operation(Operation which, FunctionDoc doc) {
  expr::ScalarFunction function{.doc = std::move(doc), .syntax = expr::Syntax::kInfix};
  function.overloads.push_back({.parameters = {Accepts::kCommon, Accepts::kCommon},
                                .result = plain_number,
                                .kernel = plain_kernel(compute_numbers<Op>),
                                .properties = kTotalFails});
  function.overloads.push_back(decimal_overload(which));
  for (Overload& overload : temporal_overloads(which)) {
    function.overloads.push_back(std::move(overload));
  }
  return function;
}

// ---- sign ---------------------------------------------------------------------------------------

template <class T, bool kOnlyNegative>
ColumnPtr negate(KernelCall& call) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(T), call.memory);
  T* __restrict const to = values.mutable_as<T>();
  const T* __restrict const x = call.argument(0).data<T>();
  bool good = true;
  for (uint32_t row = 0; row < call.rows.physical; ++row) {
    const bool flips = !kOnlyNegative || x[row] < 0;
    if constexpr (std::is_floating_point_v<T>) {
      to[row] = kOnlyNegative ? std::abs(x[row]) : -x[row];
    } else {
      T flipped;
      good &= !(__builtin_sub_overflow(T{0}, x[row], &flipped) && flips);
      to[row] = flips ? flipped : x[row];
    }
  }
  if (!good) {
    expr::for_each_live(call, [&](uint32_t row) {
      if (x[row] == to[row] && x[row] < 0) {
        call.fail(row, ErrorCode::kNumericOverflow,
                  "the number is the least of " + call.result.to_string());
      }
    });
  }
  return make_flat(call.result, call.rows.physical, std::move(values));
}

template <bool kOnlyNegative>
ColumnPtr change_sign(KernelCall& call) {
  switch (call.result.width()) {
    case Width::k8:
      return negate<int8_t, kOnlyNegative>(call);
    case Width::k16:
      return negate<int16_t, kOnlyNegative>(call);
    case Width::k32:
      return negate<int32_t, kOnlyNegative>(call);
    case Width::k64:
      return negate<int64_t, kOnlyNegative>(call);
    case Width::k128:
      return negate<Int128, kOnlyNegative>(call);
    case Width::kF32:
      return negate<float, kOnlyNegative>(call);
    default:
      return negate<double, kOnlyNegative>(call);
  }
}

// ---- bits ---------------------------------------------------------------------------------------

struct BitAnd {
  static int64_t apply(int64_t x, int64_t y) { return x & y; }
};
struct BitOr {
  static int64_t apply(int64_t x, int64_t y) { return x | y; }
};
struct BitXor {
  static int64_t apply(int64_t x, int64_t y) { return x ^ y; }
};
// A shift by 64 or more leaves nothing; by a negative count it is one by count mod 64.
struct ShiftLeft {
  static int64_t apply(int64_t x, int64_t y) {
    return y > 63 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(x) << (y & 63));
  }
};
struct ShiftRight {
  static int64_t apply(int64_t x, int64_t y) { return x >> (y > 63 ? 63 : y & 63); }
};

template <class Op>
ColumnPtr compute_bits(KernelCall& call) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(int64_t), call.memory);
  auto* __restrict const to = values.mutable_as<int64_t>();
  expr::for_each_pair<int64_t, int64_t>(
      call, [&](uint32_t row, int64_t x, int64_t y) { to[row] = Op::apply(x, y); });
  return make_flat(call.result, call.rows.physical, std::move(values));
}

template <class Op>
void add_bits(FunctionRegistry& registry, FunctionDoc doc) {
  registry.add(
      expr::ScalarFunction{.doc = std::move(doc),
                           .overloads = {{.parameters = {TypeKind::kBigint, TypeKind::kBigint},
                                          .result = always(TypeKind::kBigint),
                                          .kernel = plain_kernel(compute_bits<Op>),
                                          .properties = kTotal}},
                           .syntax = expr::Syntax::kInfix});
}

void register_bits(FunctionRegistry& registry) {
  add_bits<BitAnd>(registry,
                   {"&", "numeric", "a & b -> BIGINT", "Bits that both have.", "12 & 10", "8"});
  add_bits<BitOr>(registry,
                  {"|", "numeric", "a | b -> BIGINT", "Bits that either has.", "12 | 10", "14"});
  add_bits<BitXor>(registry,
                   {"#", "numeric", "a # b -> BIGINT", "Bits that only one has.", "12 # 10", "6"});
  add_bits<ShiftLeft>(registry, {"<<", "numeric", "a << count -> BIGINT", "Bits moved to the left.",
                                 "1 << 4", "16"});
  add_bits<ShiftRight>(registry,
                       {">>", "numeric", "a >> count -> BIGINT",
                        "Bits moved to the right, the sign filling up.", "-16 >> 2", "-4"});
}

}  // namespace

void register_arithmetic(FunctionRegistry& registry) {
  registry.add(operation<Add>(
      Operation::kAdd,
      {"+", "numeric", "a + b -> number | timestamp | interval",
       "The sum; of a date or timestamp and an interval the later moment.", "2 + 0.5", "2.5"}));
  registry.add(operation<Subtract>(
      Operation::kSubtract,
      {"-", "numeric", "a - b -> number | timestamp | interval",
       "The difference; of two timestamps an interval, of two dates a number of days.",
       "DATE '2024-03-01' - DATE '2024-02-01'", "29"}));
  registry.add(operation<Multiply>(
      Operation::kMultiply,
      {"*", "numeric", "a * b -> number | interval", "The product.", "1.5 * 1.5", "2.25"}));
  registry.add(operation<Divide>(
      Operation::kDivide,
      {"/", "numeric", "a / b -> number | interval",
       "The quotient; of two integers cut toward zero. Division by zero is a row error.", "7 / 2",
       "3"}));
  registry.add(operation<Quotient<true>>(
      Operation::kDivide,
      {"flink:/", "numeric", "a / b -> number | interval",
       "The quotient; of two integers cut toward zero. Of a float and zero it is infinite; other "
       "divisions by zero are row errors.",
       "7 / 2", "3"}));
  registry.add(operation<Modulo>(Operation::kModulo,
                                 {"%", "numeric", "a % b -> number",
                                  "The rest of a division, with the sign of a.", "-7 % 3", "-1"}));
  registry.add(expr::ScalarFunction{.doc = {"NEGATE", "numeric", "-a -> number | interval",
                                            "The number with the other sign.", "-(3)", "-3"},
                                    .overloads = {{.parameters = {Accepts::kNumber},
                                                   .result = same_as(),
                                                   .kernel = plain_kernel(change_sign<false>),
                                                   .properties = kTotalFails},
                                                  {.parameters = {TypeKind::kIntervalDay},
                                                   .result = same_as(),
                                                   .kernel = plain_kernel(change_sign<false>),
                                                   .properties = kTotalFails},
                                                  {.parameters = {TypeKind::kIntervalMonth},
                                                   .result = same_as(),
                                                   .kernel = plain_kernel(change_sign<false>),
                                                   .properties = kTotalFails}},
                                    .syntax = expr::Syntax::kPrefix});
  registry.add(expr::ScalarFunction{.doc = {"ABS", "numeric", "ABS(number) -> number",
                                            "The number without its sign.", "ABS(-2.5)", "2.5"},
                                    .overloads = {{.parameters = {Accepts::kNumber},
                                                   .result = same_as(),
                                                   .kernel = plain_kernel(change_sign<true>),
                                                   .properties = kTotalFails}}});
  register_bits(registry);
}

}  // namespace millrace::functions
