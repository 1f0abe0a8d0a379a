#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "expr/function.h"
#include "expr/kernel_loops.h"
#include "expr/registry.h"
#include "expr/text_writer.h"

namespace millrace::functions {

// What every family writes its kernels with.
using data::Column;
using data::ColumnPtr;
using data::Int128;
using data::Type;
using data::TypeKind;
using data::Width;
using expr::always;
using expr::boolean_rows;
using expr::BooleanReader;
using expr::fixed_rows;
using expr::FunctionDoc;
using expr::FunctionProperties;
using expr::FunctionRegistry;
using expr::Kernel;
using expr::KernelCall;
using expr::KernelContext;
using expr::make_flat;
using expr::NullMask;
using expr::NullReader;
using expr::NullResult;
using expr::Overload;
using expr::plain_kernel;
using expr::Reader;
using expr::same_as;
using expr::TextReader;
using expr::TextWriter;
using expr::unary_rows;
using Accepts = expr::Parameter::Accepts;

// Properties of functions: strict, immutable ones that ...
inline constexpr FunctionProperties kTotal{.total = true};  // take any bits
inline constexpr FunctionProperties kTotalFails{.may_fail = true, .total = true};
inline constexpr FunctionProperties kPlain{};  // need live rows
inline constexpr FunctionProperties kFails{.may_fail = true};
inline constexpr FunctionProperties kMakesNulls{.null_result = NullResult::kAlways};
inline constexpr FunctionProperties kFailsOrNull{.null_result = NullResult::kAlways,
                                                 .may_fail = true};

// The name of a constant in a message, cut where it is long.
std::string shown(std::string_view text);

// A kernel made anew for each place: K has a constructor from const KernelContext&.
template <class K>
expr::MakeKernel kernel_of() {
  return [](const KernelContext& context) -> Result<std::unique_ptr<Kernel>> {
    return std::make_unique<K>(context);
  };
}

// The text of a constant argument, or null.
inline const std::string* constant_text(const KernelContext& context, size_t argument) {
  const data::Value* const value = context.constants[argument];
  return value != nullptr && value->holds<std::string>() ? &value->text() : nullptr;
}

}  // namespace millrace::functions
