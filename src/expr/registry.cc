#include "expr/registry.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"
#include "base/nearest.h"
#include "expr/build.h"

namespace millrace::expr {
namespace {

constexpr std::string_view kFlinkPrefix = "FLINK:";

std::string upper(std::string_view name) {
  std::string text(name);
  for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

template <class F>
const F* find(const std::map<std::string, std::shared_ptr<const F>, std::less<>>& functions,
              std::string_view name, Dialect dialect) {
  const std::string wanted = upper(name);
  if (dialect == Dialect::kFlink) {
    const auto variant = functions.find(std::string(kFlinkPrefix) + wanted);
    if (variant != functions.end()) return variant->second.get();
  }
  const auto at = functions.find(wanted);
  return at != functions.end() ? at->second.get() : nullptr;
}

std::vector<ArgumentType> argument_types(std::span<const ExpressionPtr> arguments) {
  std::vector<ArgumentType> types;
  for (const ExpressionPtr& argument : arguments) {
    const auto* literal = argument->as<Literal>();
    types.push_back({argument->type(), literal != nullptr ? &literal->value : nullptr});
  }
  return types;
}

Error no_overload(const FunctionDoc& doc, std::span<const ArgumentType> arguments) {
  std::string list;
  for (const ArgumentType& argument : arguments) {
    list += (list.empty() ? "" : ", ") + argument.type.to_string();
  }
  const bool unlike = doc.signature.starts_with("a ") && arguments.size() == 2 &&
                      !(arguments[0].type == arguments[1].type);
  return Error(ErrorCode::kFunctionNotFound,
               fmt::format("{} does not take the argument types ({})", doc.name, list))
      .remedy(fmt::format("It is {}.{}", doc.signature,
                          unlike ? " Write CAST around one of them." : ""));
}

bool derive_nullable(const BoundFunction& function, std::span<const ExpressionPtr> arguments) {
  if (function.properties.null_result == NullResult::kNever) return false;
  if (function.properties.null_result == NullResult::kAlways) return true;
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const ExpressionPtr& argument) { return argument->nullable(); });
}

}  // namespace

template <class F>
void FunctionRegistry::put(ByName<F>& functions, F function) {
  const auto shared = std::make_shared<const F>(std::move(function));
  std::vector<std::string_view> names = shared->doc.aliases;
  names.push_back(shared->doc.name);
  for (const std::string_view name : names) {
    const bool is_new = functions.emplace(upper(name), shared).second;
    MILLRACE_ASSERT(is_new);
  }
}

void FunctionRegistry::add(ScalarFunction function) {
  put(scalars_, std::move(function));
}
void FunctionRegistry::add(AggregateFunction function) {
  put(aggregates_, std::move(function));
}

const ScalarFunction* FunctionRegistry::find_scalar(std::string_view name, Dialect dialect) const {
  return find(scalars_, name, dialect);
}

const AggregateFunction* FunctionRegistry::find_aggregate(std::string_view name,
                                                          Dialect dialect) const {
  return find(aggregates_, name, dialect);
}

Error FunctionRegistry::unknown(std::string_view name) const {
  std::vector<std::string_view> names;
  const auto add_name = [&](std::string_view known) {
    const bool is_word = known[0] >= 'A' && known[0] <= 'Z';
    if (is_word && !known.starts_with(kFlinkPrefix)) names.push_back(known);
  };
  for (const auto& [known, function] : scalars_) add_name(known);
  for (const auto& [known, function] : aggregates_) add_name(known);
  const std::string_view nearest = nearest_name(name, names);
  return Error(ErrorCode::kFunctionNotFound, fmt::format("there is no function '{}'", name))
      .remedy(nearest.empty() ? "SHOW FUNCTIONS lists all of them."
                              : fmt::format("Did you mean '{}'?", nearest));
}

Result<ExpressionPtr> FunctionRegistry::call(std::string_view name,
                                             std::vector<ExpressionPtr> arguments,
                                             Dialect dialect) const {
  const ScalarFunction* function = find_scalar(name, dialect);
  if (function == nullptr) return unknown(name);
  const std::vector<ArgumentType> types = argument_types(arguments);
  auto bound = resolve(*function, types);
  if (!bound && function->expand) return function->expand(*this, std::move(arguments));
  if (!bound) return no_overload(function->doc, types);
  for (size_t at = 0; at < arguments.size(); ++at) {
    arguments[at] = MILLRACE_TRY(convert(std::move(arguments[at]), bound->arguments[at]));
  }
  const bool nullable = derive_nullable(*bound, arguments);
  data::Type type = bound->result;
  Call made{std::make_shared<const BoundFunction>(std::move(*bound)), std::move(arguments)};
  return std::make_shared<const Expression>(std::move(made), std::move(type), nullable);
}

Result<BoundAggregatePtr> FunctionRegistry::aggregate(std::string_view name,
                                                      std::span<const ExpressionPtr> arguments,
                                                      Dialect dialect) const {
  const AggregateFunction* function = find_aggregate(name, dialect);
  if (function == nullptr) return unknown(name);
  const std::vector<ArgumentType> types = argument_types(arguments);
  auto bound = resolve(*function, types);
  if (!bound) return no_overload(function->doc, types);
  return std::make_shared<const BoundAggregate>(std::move(*bound));
}

Result<BoundAggregatePtr> FunctionRegistry::aggregate(std::string_view name,
                                                      std::span<const data::Type> arguments) const {
  const AggregateFunction* function = find_aggregate(name);
  if (function == nullptr) return unknown(name);
  std::vector<ArgumentType> types;
  for (const data::Type& type : arguments) types.push_back({type});
  auto bound = resolve(*function, types);
  if (!bound) return no_overload(function->doc, types);
  return std::make_shared<const BoundAggregate>(std::move(*bound));
}

std::vector<const FunctionDoc*> FunctionRegistry::documentation() const {
  std::vector<const FunctionDoc*> docs;
  const auto add_once = [&](const auto& functions) {
    for (const auto& [name, function] : functions) {
      if (name == upper(function->doc.name)) docs.push_back(&function->doc);
    }
  };
  add_once(scalars_);
  add_once(aggregates_);
  std::sort(docs.begin(), docs.end(), [](const FunctionDoc* a, const FunctionDoc* b) {
    return std::tie(a->family, a->name) < std::tie(b->family, b->name);
  });
  return docs;
}

}  // namespace millrace::expr
