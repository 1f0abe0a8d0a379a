#include <cmath>
#include <limits>

#include "data/decimal.h"
#include "expr/cast_kernel.h"
#include "expr/conversion.h"

namespace millrace::expr {
namespace {

using data::ColumnPtr;
using data::Int128;
using data::Type;
using data::TypeKind;
using data::Width;

constexpr ErrorCode kOverflow = ErrorCode::kNumericOverflow;

// Calls f with a value of the C++ type of an integer or DECIMAL column.
template <class F>
ColumnPtr with_whole(Width width, F&& f) {
  switch (width) {
    case Width::k8:
      return f(int8_t{});
    case Width::k16:
      return f(int16_t{});
    case Width::k32:
      return f(int32_t{});
    case Width::k64:
      return f(int64_t{});
    default:
      return f(Int128{});
  }
}

template <class A, class R>
ColumnPtr whole_to_whole(KernelCall& call) {
  if constexpr (sizeof(R) >= sizeof(A)) {
    return unary_rows<A, R>(call, [](A x) { return static_cast<R>(x); });
  } else {
    return checked_cast<A, R>(call, kOverflow, [](A x, R& to) {
      to = static_cast<R>(x);
      return to == x;
    });
  }
}

// An integer or DECIMAL into a DECIMAL of another scale.
template <class A, class R>
ColumnPtr rescale(KernelCall& call, const Type& from, const Type& to) {
  const int up = to.scale() - from.scale();
  const Int128 limit = data::power_of_ten(to.precision());
  if (up < 0) {
    return checked_cast<A, R>(call, kOverflow, [&](A x, R& result) {
      const Int128 value = data::divide_by_power_of_ten(x, -up);
      result = static_cast<R>(value);
      return value < limit && value > -limit;
    });
  }
  const Int128 factor = data::power_of_ten(up);
  const bool fits = from.precision() - from.scale() <= to.precision() - to.scale();
  if (fits) {
    // The values of NULL rows may be any: unsigned arithmetic wraps without harm.
    const auto times = static_cast<data::UInt128>(factor);
    return unary_rows<A, R>(call, [times](A x) {
      return static_cast<R>(static_cast<data::UInt128>(static_cast<Int128>(x)) * times);
    });
  }
  const Int128 most = (limit - 1) / factor;
  return checked_cast<A, R>(call, kOverflow, [&](A x, R& result) {
    const bool good = x <= most && x >= -most;
    result = good ? static_cast<R>(static_cast<Int128>(x) * factor) : R{0};
    return good;
  });
}

template <class A>
ColumnPtr to_decimal(KernelCall& call, const Type& from) {
  const Type& to = call.result;
  if (to.width() == Width::k64) return rescale<A, int64_t>(call, from, to);
  return rescale<A, Int128>(call, from, to);
}

template <class R>
ColumnPtr decimal_to_integer(KernelCall& call, const Type& from) {
  const auto convert = [scale = from.scale()](Int128 x, R& to) {
    const Int128 whole = data::divide_by_power_of_ten(x, scale);
    to = static_cast<R>(whole);
    return whole == to;
  };
  if (from.width() == Width::k64) return checked_cast<int64_t, R>(call, kOverflow, convert);
  return checked_cast<Int128, R>(call, kOverflow, convert);
}

template <class R>
ColumnPtr to_real(KernelCall& call, const Type& from) {
  if (from.kind() == TypeKind::kDouble && sizeof(R) == sizeof(float)) {
    return checked_cast<double, R>(call, kOverflow, [](double x, R& to) {
      to = static_cast<R>(x);
      return std::isinf(to) == std::isinf(x);
    });
  }
  if (from.kind() == TypeKind::kFloat) {
    return unary_rows<float, R>(call, [](float x) { return static_cast<R>(x); });
  }
  return with_whole(from.width(), [&](auto tag) {
    using A = decltype(tag);
    const int scale = from.scale();
    if (scale == 0) return unary_rows<A, R>(call, [](A x) { return static_cast<R>(x); });
    return unary_rows<A, R>(
        call, [scale](A x) { return static_cast<R>(data::decimal_to_double(x, scale)); });
  });
}

// A FLOAT or DOUBLE into an integer: to the nearest, ties to even.
template <class A>
ColumnPtr real_to_integer(KernelCall& call) {
  return with_whole(call.result.width(), [&](auto tag) {
    using R = decltype(tag);
    const double least = static_cast<double>(static_cast<int64_t>(std::numeric_limits<R>::min()));
    return checked_cast<A, R>(call, kOverflow, [least](A x, R& to) {
      const double whole = std::nearbyint(static_cast<double>(x));
      const bool good = whole >= least && whole < -least;
      to = good ? static_cast<R>(whole) : R{0};
      return good;
    });
  });
}

template <class A>
ColumnPtr real_to_decimal(KernelCall& call) {
  const Type& type = call.result;
  const auto convert = [&](A x, auto& to) {
    const auto value = data::decimal_from_double(static_cast<double>(x), type.scale());
    const bool good = value && data::fits_digits(*value, type.precision());
    to = good ? static_cast<std::remove_reference_t<decltype(to)>>(*value) : 0;
    return good;
  };
  if (type.width() == Width::k64) return checked_cast<A, int64_t>(call, kOverflow, convert);
  return checked_cast<A, Int128>(call, kOverflow, convert);
}

ColumnPtr from_real(KernelCall& call, const Type& from) {
  const bool wide = from.kind() == TypeKind::kDouble;
  if (call.result.kind() == TypeKind::kDecimal) {
    return wide ? real_to_decimal<double>(call) : real_to_decimal<float>(call);
  }
  return wide ? real_to_integer<double>(call) : real_to_integer<float>(call);
}

ColumnPtr from_boolean(KernelCall& call) {
  const BooleanReader values(call.argument(0));
  return with_whole(call.result.width(), [&](auto tag) {
    using R = decltype(tag);
    return fixed_rows<R>(call, [&](uint32_t row) { return R{values[row]}; });
  });
}

}  // namespace

ColumnPtr cast_numbers(KernelCall& call) {
  const Type from = call.argument(0).type();
  const Type& to = call.result;
  if (from.kind() == TypeKind::kBoolean) return from_boolean(call);
  if (to.kind() == TypeKind::kBoolean) {
    return with_whole(from.width(), [&](auto tag) {
      const Reader<decltype(tag)> values(call.argument(0));
      return boolean_rows(call, true, [&](uint32_t row) { return values[row] != 0; });
    });
  }
  if (to.kind() == TypeKind::kDouble) return to_real<double>(call, from);
  if (to.kind() == TypeKind::kFloat) return to_real<float>(call, from);
  if (from.is_float()) return from_real(call, from);
  return with_whole(from.width(), [&](auto tag) -> ColumnPtr {
    using A = decltype(tag);
    if (to.kind() == TypeKind::kDecimal) return to_decimal<A>(call, decimal_for(from));
    return with_whole(to.width(), [&](auto to_tag) -> ColumnPtr {
      using R = decltype(to_tag);
      if constexpr (sizeof(R) > 8) {
        return nullptr;
      } else {
        if (from.kind() == TypeKind::kDecimal) return decimal_to_integer<R>(call, from);
        return whole_to_whole<A, R>(call);
      }
    });
  });
}

}  // namespace millrace::expr
