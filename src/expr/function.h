#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_account.h"
#include "base/result.h"
#include "data/column.h"
#include "data/type.h"
#include "expr/vector.h"

namespace millrace::expr {

class Expression;
using ExpressionPtr = std::shared_ptr<const Expression>;
class FunctionRegistry;

// FunctionDoc: what people read about a function; stands beside its kernel and is shown by SHOW
// FUNCTIONS, the shell's completion and the reference page. Views of constants.
struct FunctionDoc {
  std::string_view name;       // "UPPER", as it is printed
  std::string_view family;     // "string"
  std::string_view signature;  // "UPPER(text) -> STRING"
  std::string_view sentence;
  std::string_view example;  // "UPPER('abc')"; of aggregates "SUM(x) over 1, 2, NULL"
  std::string_view result;   // "ABC", as the shell prints it
  std::vector<std::string_view> aliases = {};
};

// How often a function's result changes for the same arguments.
enum class Volatility : uint8_t {
  kImmutable,  // never
  kTick,       // with the tick: NOW()
  kVolatile,   // with every call
};

// When the result may be NULL.
enum class NullResult : uint8_t {
  kFromArguments,  // only where an argument is
  kAlways,
  kNever,
};

struct FunctionProperties {
  Volatility volatility = Volatility::kImmutable;
  // NULL where any argument is. The evaluator then sees to NULLs: kernels never look at validity.
  bool strict = true;
  NullResult null_result = NullResult::kFromArguments;
  // Whether rows can fail.
  bool may_fail = false;
  // Computes anything from any bits without harm, in a tight loop: is then given rows that are NULL
  // too. Otherwise a strict kernel gets only rows without NULL.
  bool total = false;
  // Never falls when its only argument that is not constant grows: time attributes and windows pass
  // through it.
  bool monotone = false;
};

// What is known when a kernel is made: once per place in a compiled expression.
struct KernelContext {
  std::span<const data::Type> arguments;
  std::span<const data::Value* const>
      constants;  // per argument: its value, or null if not constant
  const data::Type& result;
};

// One run over a batch.
struct KernelCall {
  // Each is flat with rows.physical rows, or constant (never NULL for strict functions; one row's
  // values, at index 0).
  std::span<const data::ColumnPtr> arguments;
  Rows rows;
  // For total kernels: a bit per row, 0 where an argument is NULL; null: none is. Such a row is
  // computed for nothing and does not fail.
  const uint64_t* live = nullptr;
  const data::Type& result;
  int64_t now_us = 0;               // the tick
  MemoryAccount* memory = nullptr;  // may be null
  RowErrors& errors;                // where failed rows go; their values are ignored

  const data::Column& argument(size_t index) const { return *arguments[index]; }
  bool is_live(uint32_t row) const { return live == nullptr || data::get_bit(live, row); }
  void fail(uint32_t row, ErrorCode code, std::string message) {
    errors.add(row, code, std::move(message));
  }
};

// Kernel: computes one function for the rows of a batch.
//
// Threading:  confined to the task of its compiled expression: may keep scratch and caches.
// Ownership:  arguments are shared: never written to. The result may share their heaps.
// Failure:    per row, into KernelCall::errors.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // A column of call.result with rows.physical rows, any encoding. Rows not asked for may hold
  // anything that can be read (a Text must be followable: zero will do). NULLs of strict functions'
  // arguments are put in by the evaluator.
  virtual data::ColumnPtr run(KernelCall& call) = 0;
};
// Failure: kInvalidArgument for constants that can never work (a bad pattern).
using MakeKernel = std::function<Result<std::unique_ptr<Kernel>>(const KernelContext&)>;

// A Kernel that is a plain function without memory.
using KernelFunction = data::ColumnPtr (*)(KernelCall& call);
MakeKernel plain_kernel(KernelFunction function);

// What one parameter takes; a pattern over types.
struct Parameter {
  enum class Accepts : uint8_t {
    kType,      // this kind, any precision; others that convert implicitly are cast to `type`
    kInteger,   // any integer type as it is
    kNumber,    // any numeric type as it is
    kDecimal,   // DECIMAL as it is; integers become the DECIMAL that holds them
    kText,      // CHAR, VARCHAR as they are
    kTemporal,  // DATE, TIMESTAMP, TIMESTAMP_LTZ as they are
    kArray,
    kMap,
    kRow,
    kAny,     // anything as it is
    kCommon,  // all parameters of this kind become their common type
  };
  Accepts accepts = Accepts::kAny;
  data::Type type;  // kType

  Parameter(Accepts accepts) : accepts(accepts) {}  // NOLINT: written as a list of words
  Parameter(data::Type type) : accepts(Accepts::kType), type(std::move(type)) {}       // NOLINT
  Parameter(data::TypeKind kind) : accepts(Accepts::kType), type(data::Type(kind)) {}  // NOLINT
};

// The result's type from those of the converted arguments; nullopt: this overload does not fit.
using ResultType = std::function<std::optional<data::Type>(std::span<const data::Type>)>;
ResultType always(data::Type type);
// The type of the argument-th argument.
ResultType same_as(size_t argument = 0);

// The same where the result's type hangs on literals, too: per argument its value, or null.
using LiteralResult = std::optional<data::Type> (*)(std::span<const data::Type>,
                                                    std::span<const data::Value* const> literals);

struct Overload {
  std::vector<Parameter> parameters;
  ResultType result;
  MakeKernel kernel;
  FunctionProperties properties = {};
  bool variadic = false;  // the last parameter may be repeated
  // Whether rows cannot fail with these argument types and this result: the function is then total
  // too.
  bool (*never_fails)(std::span<const data::Type>, const data::Type& result) = nullptr;
  LiteralResult literal_result = nullptr;  // in place of `result`
};

// How a call is printed.
enum class Syntax : uint8_t { kCall, kInfix, kPrefix, kSubscript };

// A function that is another way to write an expression: IF(c, a, b) is a CASE.
using Expand = std::function<Result<ExpressionPtr>(const FunctionRegistry&,
                                                   std::vector<ExpressionPtr> arguments)>;

// ScalarFunction: one name, all its overloads. Immutable once registered.
struct ScalarFunction {
  FunctionDoc doc;
  std::vector<Overload> overloads;
  Syntax syntax = Syntax::kCall;
  // Where no overload fits, or there is none. Failure: kTypeMismatch, kFunctionNotFound.
  Expand expand = nullptr;
};

// BoundFunction: an overload chosen for argument types. Immutable, shared by expressions.
struct BoundFunction {
  std::string name;
  Syntax syntax = Syntax::kCall;
  std::vector<data::Type> arguments;
  data::Type result;
  FunctionProperties properties;
  MakeKernel kernel;
};
using BoundFunctionPtr = std::shared_ptr<const BoundFunction>;

// What is known of an argument when a function is resolved. A text literal, like NULL, becomes
// whatever is asked for.
struct ArgumentType {
  data::Type type;
  const data::Value* literal = nullptr;  // its value, where it is one

  bool is_text_literal() const { return literal != nullptr && type.is_text(); }
};

// The overload that needs the fewest and smallest conversions; the first of equals. nullopt: none
// fits.
std::optional<BoundFunction> resolve(const ScalarFunction& function,
                                     std::span<const ArgumentType> arguments);

}  // namespace millrace::expr
