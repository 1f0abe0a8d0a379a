#include "expr/function.h"

#include <algorithm>

#include "expr/aggregate.h"
#include "expr/conversion.h"

namespace millrace::expr {
namespace {

using data::Type;
using data::TypeKind;
using Accepts = Parameter::Accepts;

// What a conversion weighs against another in the choice of an overload.
constexpr int kAnyCost = 8;       // a parameter that takes anything
constexpr int kLiteralCost = 20;  // a text literal that must become something else

class PlainKernel : public Kernel {
 public:
  explicit PlainKernel(KernelFunction function) : function_(function) {}
  data::ColumnPtr run(KernelCall& call) override { return function_(call); }

 private:
  KernelFunction function_;
};

struct Match {
  std::vector<Type> arguments;
  int cost = 0;
};

// The type that an argument becomes, and what that costs.
struct Fit {
  Type type;
  int cost = 0;
};

bool is_nested(TypeKind kind) {
  return kind == TypeKind::kArray || kind == TypeKind::kMap || kind == TypeKind::kRow;
}

int distance(const Type& from, const Type& to) {
  if (from.kind() == to.kind()) return 0;
  const int steps = static_cast<int>(to.kind()) - static_cast<int>(from.kind());
  if (from.is_numeric() && to.is_numeric()) {
    // An integer would rather be a DECIMAL than a DOUBLE, a DECIMAL rather a DOUBLE than a FLOAT.
    if (to.kind() == TypeKind::kDecimal) return 5 - static_cast<int>(from.kind()) + 3;
    if (to.kind() == TypeKind::kDouble) return 7;
    if (to.kind() == TypeKind::kFloat) return 9;
    return steps;
  }
  return from.is_text() && to.is_text() ? 1 : 1 + std::abs(steps);
}

// What `from` becomes where a kind of any precision is asked for.
Type default_type(TypeKind kind, const Type& from) {
  switch (kind) {
    case TypeKind::kDecimal:
      return from.is_integer() ? decimal_for(from) : Type::decimal(38, 18);
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return Type(kind, from.is_timestamp() ? from.precision() : 6);
    case TypeKind::kTime:
      return Type(kind, 6);
    default:
      return Type(kind);
  }
}

std::optional<Fit> fit_type(const ArgumentType& argument, const Type& parameter) {
  // The kind alone is asked for: the argument keeps its precision.
  const bool any_precision = parameter == Type(parameter.kind()) && !is_nested(parameter.kind());
  const Type& type = argument.type;
  const Type wanted = any_precision ? default_type(parameter.kind(), type) : parameter;
  if (type.kind() == TypeKind::kNull) return Fit{wanted, 1};
  if (type == wanted || (any_precision && type.kind() == wanted.kind())) return Fit{type, 0};
  if (any_precision && type.is_text() && wanted.is_text()) return Fit{wanted, 1};
  if (argument.is_text_literal() && conversion(type, wanted)) return Fit{wanted, kLiteralCost};
  if (!converts(type, wanted, Conversion::kImplicit)) return std::nullopt;
  return Fit{wanted, distance(type, wanted)};
}

std::optional<Fit> fit_family(const ArgumentType& argument, bool belongs, const Type& for_null) {
  if (belongs) return Fit{argument.type, 0};
  if (argument.type.kind() == TypeKind::kNull) return Fit{for_null, 1};
  if (argument.is_text_literal() && conversion(argument.type, for_null)) {
    return Fit{for_null, kLiteralCost};
  }
  return std::nullopt;
}

std::optional<Fit> fit(const ArgumentType& argument, const Parameter& parameter) {
  const Type& type = argument.type;
  switch (parameter.accepts) {
    case Accepts::kType:
      return fit_type(argument, parameter.type);
    case Accepts::kInteger:
      return fit_family(argument, type.is_integer(), TypeKind::kBigint);
    case Accepts::kNumber:
      return fit_family(argument, type.is_numeric(), TypeKind::kDouble);
    case Accepts::kDecimal: {
      if (type.is_integer()) return Fit{decimal_for(type), 4};
      return fit_family(argument, type.kind() == TypeKind::kDecimal, Type::decimal(38, 18));
    }
    case Accepts::kText: {
      if (type.kind() == TypeKind::kNull) return Fit{TypeKind::kVarchar, 1};
      return fit_family(argument, type.is_text(), TypeKind::kVarchar);
    }
    case Accepts::kTemporal: {
      const bool belongs = type.kind() == TypeKind::kDate || type.is_timestamp();
      return fit_family(argument, belongs, Type::timestamp(6));
    }
    case Accepts::kArray:
    case Accepts::kMap:
    case Accepts::kRow: {
      const TypeKind wanted = parameter.accepts == Accepts::kArray ? TypeKind::kArray
                              : parameter.accepts == Accepts::kMap ? TypeKind::kMap
                                                                   : TypeKind::kRow;
      if (type.kind() != wanted) return std::nullopt;
      return Fit{type, 0};
    }
    case Accepts::kAny:
      return Fit{type, kAnyCost};
    case Accepts::kCommon:
      return Fit{type, 0};  // settled when all are seen
  }
  return std::nullopt;
}

const Parameter& parameter_at(const std::vector<Parameter>& parameters, size_t index) {
  return parameters[std::min(index, parameters.size() - 1)];
}

// Gives all arguments of kCommon parameters their common type.
bool settle_common(const std::vector<Parameter>& parameters,
                   std::span<const ArgumentType> arguments, Match& match) {
  std::vector<Type> types;
  std::vector<size_t> places;
  for (size_t at = 0; at < arguments.size(); ++at) {
    if (parameter_at(parameters, at).accepts != Accepts::kCommon) continue;
    places.push_back(at);
    if (!arguments[at].is_text_literal()) types.push_back(arguments[at].type);
  }
  auto common = common_type(types);
  if (!common) return false;
  if (common->kind() == TypeKind::kNull && types.size() < places.size()) {
    common = Type(TypeKind::kVarchar);
  }
  const bool any_longer = std::ranges::any_of(places, [&](size_t at) {
    return arguments[at].is_text_literal() && !text_fits(*arguments[at].literal, *common);
  });
  if (common->is_text() && any_longer) common = Type(TypeKind::kVarchar);
  for (const size_t at : places) {
    const Type& type = arguments[at].type;
    if (arguments[at].is_text_literal()) {
      if (!conversion(type, *common)) return false;
      match.cost += common->is_text() ? 0 : kLiteralCost / 2;
    } else if (type.kind() != TypeKind::kNull) {
      match.cost += distance(type, *common);
    }
    match.arguments[at] = *common;
  }
  return true;
}

std::optional<Match> match(const std::vector<Parameter>& parameters, bool variadic,
                           std::span<const ArgumentType> arguments) {
  const bool count_fits =
      variadic ? arguments.size() >= parameters.size() : arguments.size() == parameters.size();
  if (!count_fits) return std::nullopt;
  Match found;
  bool any_common = false;
  for (size_t at = 0; at < arguments.size(); ++at) {
    const Parameter& parameter = parameter_at(parameters, at);
    const auto one = fit(arguments[at], parameter);
    if (!one) return std::nullopt;
    any_common |= parameter.accepts == Accepts::kCommon;
    found.arguments.push_back(one->type);
    found.cost += one->cost;
  }
  if (any_common && !settle_common(parameters, arguments, found)) return std::nullopt;
  return found;
}

}  // namespace

MakeKernel plain_kernel(KernelFunction function) {
  return [function](const KernelContext&) -> Result<std::unique_ptr<Kernel>> {
    return std::make_unique<PlainKernel>(function);
  };
}

ResultType always(Type type) {
  return [type](std::span<const Type>) { return std::optional(type); };
}

ResultType same_as(size_t argument) {
  return [argument](std::span<const Type> types) { return std::optional(types[argument]); };
}

std::optional<BoundFunction> resolve(const ScalarFunction& function,
                                     std::span<const ArgumentType> arguments) {
  std::vector<const data::Value*> literals;
  for (const ArgumentType& argument : arguments) literals.push_back(argument.literal);
  std::optional<BoundFunction> best;
  int best_cost = 0;
  for (const Overload& overload : function.overloads) {
    auto found = match(overload.parameters, overload.variadic, arguments);
    if (!found || (best && found->cost >= best_cost)) continue;
    auto result = overload.literal_result != nullptr
                      ? overload.literal_result(found->arguments, literals)
                      : overload.result(found->arguments);
    if (!result) continue;
    best_cost = found->cost;
    best = BoundFunction{.name = std::string(function.doc.name),
                         .syntax = function.syntax,
                         .arguments = std::move(found->arguments),
                         .result = std::move(*result),
                         .properties = overload.properties,
                         .kernel = overload.kernel};
    if (overload.never_fails && overload.never_fails(best->arguments, best->result)) {
      best->properties.may_fail = false;
      best->properties.total = true;
    }
  }
  return best;
}

std::optional<BoundAggregate> resolve(const AggregateFunction& function,
                                      std::span<const ArgumentType> arguments) {
  std::optional<BoundAggregate> best;
  int best_cost = 0;
  for (const AggregateOverload& overload : function.overloads) {
    auto found = match(overload.parameters, false, arguments);
    if (!found || (best && found->cost >= best_cost)) continue;
    auto result = overload.result(found->arguments);
    if (!result) continue;
    best_cost = found->cost;
    best = BoundAggregate{.name = std::string(function.doc.name),
                          .arguments = std::move(found->arguments),
                          .result = std::move(*result),
                          .null_if_empty = overload.null_if_empty};
    best->traits = overload.traits(best->arguments);
    if (best->traits.bytes > 0) best->aggregate = overload.make(best->arguments, best->result);
  }
  return best;
}

}  // namespace millrace::expr
