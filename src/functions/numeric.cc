#include <fmt/core.h>

#include <cmath>
#include <numbers>

#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "numeric";

// ---- of one DOUBLE ------------------------------------------------------------------------------

using Real = double (*)(double);

// A function of all numbers.
template <Real kFunction>
ColumnPtr everywhere(KernelCall& call) {
  return unary_rows<double, double>(call, kFunction);
}

// A function of a domain, from kLeast on (without it, if kOpen): other numbers fail; NaN is NaN.
template <Real kFunction, int kLeast, bool kOpen>
ColumnPtr from_least(KernelCall& call) {
  const Reader<double> x(call.argument(0));
  return fixed_rows<double>(call, [&](uint32_t row) {
    const double value = x[row];
    if (value < kLeast || (kOpen && value == kLeast)) {
      call.fail(row, ErrorCode::kInvalidArgument,
                fmt::format("{} is outside the domain of the function", value));
      return 0.0;
    }
    return kFunction(value);
  });
}

template <Real kFunction>
ColumnPtr within_one(KernelCall& call) {
  const Reader<double> x(call.argument(0));
  return fixed_rows<double>(call, [&](uint32_t row) {
    const double value = x[row];
    if (value < -1 || value > 1) {
      call.fail(row, ErrorCode::kInvalidArgument, fmt::format("{} is not within -1 to 1", value));
      return 0.0;
    }
    return kFunction(value);
  });
}

double exponential(double x) {
  return std::exp(x);
}
double square_root(double x) {
  return std::sqrt(x);
}
double cube_root(double x) {
  const double root = std::cbrt(x);
  const double whole = std::nearbyint(root);
  return whole * whole * whole == x ? whole : root;
}
double logarithm(double x) {
  return std::log(x);
}
double logarithm_2(double x) {
  return std::log2(x);
}
double logarithm_10(double x) {
  return std::log10(x);
}
double sine(double x) {
  return std::sin(x);
}
double cosine(double x) {
  return std::cos(x);
}
double tangent(double x) {
  return std::tan(x);
}
double cotangent(double x) {
  return 1 / std::tan(x);
}
double arc_sine(double x) {
  return std::asin(x);
}
double arc_cosine(double x) {
  return std::acos(x);
}
double arc_tangent(double x) {
  return std::atan(x);
}
double hyperbolic_sine(double x) {
  return std::sinh(x);
}
double hyperbolic_cosine(double x) {
  return std::cosh(x);
}
double hyperbolic_tangent(double x) {
  return std::tanh(x);
}
double degrees(double x) {
  return x * 180 / std::numbers::pi;
}
double radians(double x) {
  return x * std::numbers::pi / 180;
}

void add_real(FunctionRegistry& registry, FunctionDoc doc, expr::KernelFunction kernel,
              FunctionProperties properties = kTotal) {
  registry.add(expr::ScalarFunction{.doc = std::move(doc),
                                    .overloads = {{.parameters = {TypeKind::kDouble},
                                                   .result = always(TypeKind::kDouble),
                                                   .kernel = plain_kernel(kernel),
                                                   .properties = properties}}});
}

void register_reals(FunctionRegistry& registry) {
  const auto doc = [](std::string_view name, std::string_view signature, std::string_view sentence,
                      std::string_view example, std::string_view result) {
    return FunctionDoc{name, kFamily, signature, sentence, example, result};
  };
  add_real(registry, doc("EXP", "EXP(x) -> DOUBLE", "e to the power of x.", "EXP(0)", "1"),
           everywhere<exponential>);
  add_real(registry, doc("SQRT", "SQRT(x) -> DOUBLE", "The square root.", "SQRT(2.25)", "1.5"),
           from_least<square_root, 0, false>, kFails);
  add_real(registry, doc("CBRT", "CBRT(x) -> DOUBLE", "The cube root.", "CBRT(-27)", "-3"),
           everywhere<cube_root>);
  add_real(registry, doc("LN", "LN(x) -> DOUBLE", "The natural logarithm.", "LN(1)", "0"),
           from_least<logarithm, 0, true>, kFails);
  add_real(registry,
           doc("LOG10", "LOG10(x) -> DOUBLE", "The logarithm to base 10.", "LOG10(1000)", "3"),
           from_least<logarithm_10, 0, true>, kFails);
  add_real(registry, doc("LOG2", "LOG2(x) -> DOUBLE", "The logarithm to base 2.", "LOG2(8)", "3"),
           from_least<logarithm_2, 0, true>, kFails);
  add_real(registry, doc("SIN", "SIN(x) -> DOUBLE", "The sine of x in radians.", "SIN(0)", "0"),
           everywhere<sine>);
  add_real(registry, doc("COS", "COS(x) -> DOUBLE", "The cosine of x in radians.", "COS(0)", "1"),
           everywhere<cosine>);
  add_real(registry, doc("TAN", "TAN(x) -> DOUBLE", "The tangent of x in radians.", "TAN(0)", "0"),
           everywhere<tangent>);
  add_real(registry,
           doc("COT", "COT(x) -> DOUBLE", "The cotangent of x in radians.", "ROUND(COT(1), 4)",
               "0.6421"),
           everywhere<cotangent>);
  add_real(registry, doc("ASIN", "ASIN(x) -> DOUBLE", "The arc sine, in radians.", "ASIN(0)", "0"),
           within_one<arc_sine>, kFails);
  add_real(registry,
           doc("ACOS", "ACOS(x) -> DOUBLE", "The arc cosine, in radians.", "ACOS(1)", "0"),
           within_one<arc_cosine>, kFails);
  add_real(registry,
           doc("ATAN", "ATAN(x) -> DOUBLE", "The arc tangent, in radians.", "ATAN(0)", "0"),
           everywhere<arc_tangent>);
  add_real(registry, doc("SINH", "SINH(x) -> DOUBLE", "The hyperbolic sine.", "SINH(0)", "0"),
           everywhere<hyperbolic_sine>);
  add_real(registry, doc("COSH", "COSH(x) -> DOUBLE", "The hyperbolic cosine.", "COSH(0)", "1"),
           everywhere<hyperbolic_cosine>);
  add_real(registry, doc("TANH", "TANH(x) -> DOUBLE", "The hyperbolic tangent.", "TANH(0)", "0"),
           everywhere<hyperbolic_tangent>);
  add_real(registry,
           doc("DEGREES", "DEGREES(x) -> DOUBLE", "Radians as degrees.", "DEGREES(PI())", "180"),
           everywhere<degrees>);
  add_real(registry,
           doc("RADIANS", "RADIANS(x) -> DOUBLE", "Degrees as radians.", "ROUND(RADIANS(180), 4)",
               "3.1416"),
           everywhere<radians>);
}

// ---- of two -------------------------------------------------------------------------------------

ColumnPtr power(KernelCall& call) {
  const Reader<double> bases(call.argument(0));
  const Reader<double> exponents(call.argument(1));
  return fixed_rows<double>(call, [&](uint32_t row) {
    const double base = bases[row];
    const double exponent = exponents[row];
    const double result = std::pow(base, exponent);
    const bool undefined = std::isnan(result) && !std::isnan(base) && !std::isnan(exponent);
    if (undefined || (base == 0 && exponent < 0)) {
      call.fail(row, ErrorCode::kInvalidArgument,
                fmt::format("{} to the power of {} is not defined", base, exponent));
    } else if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
      call.fail(row, ErrorCode::kNumericOverflow,
                fmt::format("{} to the power of {} is out of range of DOUBLE", base, exponent));
    }
    return result;
  });
}

ColumnPtr logarithm_to_base(KernelCall& call) {
  const Reader<double> bases(call.argument(0));
  const Reader<double> values(call.argument(1));
  return fixed_rows<double>(call, [&](uint32_t row) {
    const double base = bases[row];
    const double value = values[row];
    if (!(base > 0) || base == 1 || !(value > 0)) {
      call.fail(row, ErrorCode::kInvalidArgument,
                fmt::format("the logarithm of {} to base {} is not defined", value, base));
      return 0.0;
    }
    return std::log(value) / std::log(base);
  });
}

ColumnPtr arc_tangent_2(KernelCall& call) {
  const Reader<double> y(call.argument(0));
  const Reader<double> x(call.argument(1));
  return fixed_rows<double>(call, [&](uint32_t row) { return std::atan2(y[row], x[row]); });
}

template <class T>
ColumnPtr sign_of(KernelCall& call) {
  return unary_rows<T, T>(call, [](T x) {
    if (x != x) return x;
    return static_cast<T>((x > 0) - (x < 0));
  });
}

ColumnPtr sign(KernelCall& call) {
  return call.result.width() == Width::kF64 ? sign_of<double>(call) : sign_of<int64_t>(call);
}

template <class T>
ColumnPtr decimal_sign_of(KernelCall& call) {
  return unary_rows<T, int64_t>(call, [](T x) { return int64_t{(x > 0) - (x < 0)}; });
}

ColumnPtr decimal_sign(KernelCall& call) {
  return call.argument(0).width() == Width::k64 ? decimal_sign_of<int64_t>(call)
                                                : decimal_sign_of<Int128>(call);
}

ColumnPtr pi(KernelCall& call) {
  return fixed_rows<double>(call, [](uint32_t) { return std::numbers::pi; });
}

Result<expr::ExpressionPtr> expand_mod(const FunctionRegistry& registry,
                                       std::vector<expr::ExpressionPtr> arguments) {
  return registry.call("%", std::move(arguments));
}

}  // namespace

void register_numeric(FunctionRegistry& registry) {
  register_reals(registry);
  const Type real(TypeKind::kDouble);
  const auto add_pair = [&](FunctionDoc doc, expr::KernelFunction kernel,
                            FunctionProperties properties) {
    registry.add(expr::ScalarFunction{.doc = std::move(doc),
                                      .overloads = {{.parameters = {real, real},
                                                     .result = always(real),
                                                     .kernel = plain_kernel(kernel),
                                                     .properties = properties}}});
  };
  add_pair({"POWER",
            kFamily,
            "POWER(x, y) -> DOUBLE",
            "x to the power of y.",
            "POWER(2, 10)",
            "1024",
            {"POW", "^"}},
           power, kFails);
  add_pair({"ATAN2", kFamily, "ATAN2(y, x) -> DOUBLE", "The angle of the point (x, y).",
            "ATAN2(0, 1)", "0"},
           arc_tangent_2, kPlain);
  registry.add(expr::ScalarFunction{
      .doc = {"LOG", kFamily, "LOG([base,] x) -> DOUBLE",
              "The logarithm to a base, which is 10 where there is none.", "LOG(2, 8)", "3"},
      .overloads = {{.parameters = {real},
                     .result = always(real),
                     .kernel = plain_kernel(from_least<logarithm_10, 0, true>),
                     .properties = kFails},
                    {.parameters = {real, real},
                     .result = always(real),
                     .kernel = plain_kernel(logarithm_to_base),
                     .properties = kFails}}});
  registry.add(expr::ScalarFunction{
      .doc = {"MOD", kFamily, "MOD(a, b) -> number", "The rest of a division, with the sign of a.",
              "MOD(-7, 3)", "-1"},
      .expand = expand_mod});
  registry.add(expr::ScalarFunction{.doc = {"SIGN", kFamily, "SIGN(number) -> BIGINT | DOUBLE",
                                            "-1, 0 or 1.", "SIGN(-2.5)", "-1"},
                                    .overloads = {{.parameters = {TypeKind::kBigint},
                                                   .result = same_as(),
                                                   .kernel = plain_kernel(sign),
                                                   .properties = kTotal},
                                                  {.parameters = {Accepts::kDecimal},
                                                   .result = always(TypeKind::kBigint),
                                                   .kernel = plain_kernel(decimal_sign),
                                                   .properties = kTotal},
                                                  {.parameters = {real},
                                                   .result = same_as(),
                                                   .kernel = plain_kernel(sign),
                                                   .properties = kTotal}}});
  registry.add(expr::ScalarFunction{
      .doc = {"PI", kFamily, "PI() -> DOUBLE", "The circle's ratio.", "PI()", "3.141592653589793"},
      .overloads = {{.parameters = {}, .result = always(real), .kernel = plain_kernel(pi)}}});
}

}  // namespace millrace::functions
