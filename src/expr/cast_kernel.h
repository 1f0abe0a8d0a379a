#pragma once

#include <memory>
#include <string>

#include "data/type.h"
#include "expr/expression.h"
#include "expr/function.h"

namespace millrace::expr {

// The kernel of CAST from one type to another: strict, one argument, which is flat.
struct CastKernel {
  std::unique_ptr<Kernel> kernel;
  FunctionProperties properties;
};
// REQUIRES: conversion(from, to) has a value.
CastKernel make_cast_kernel(const data::Type& from, const data::Type& to, CastMode mode);

// The families, by file. REQUIRES: types of theirs.
data::ColumnPtr cast_numbers(KernelCall& call);
data::ColumnPtr cast_times(KernelCall& call);
data::ColumnPtr cast_to_text(KernelCall& call);
data::ColumnPtr cast_from_text(KernelCall& call);
CastKernel make_nested_cast(const data::Type& from, const data::Type& to, CastMode mode);

// The same bytes under another type.
data::ColumnPtr relabel(const data::Column& column, const data::Type& type);

// Fails `row` of a cast: "'abc' is not a value of type INT", "300 is out of range of TINYINT".
void fail_cast(KernelCall& call, uint32_t row, ErrorCode code);

// For total casts: to[row] = converted value where `convert(x, result)` returns true; rows where it
// returns false fail with `code`.
template <class A, class R, class Convert>
data::ColumnPtr checked_cast(KernelCall& call, ErrorCode code, Convert&& convert);

}  // namespace millrace::expr

#include "expr/kernel_loops.h"

namespace millrace::expr {

template <class A, class R, class Convert>
data::ColumnPtr checked_cast(KernelCall& call, ErrorCode code, Convert&& convert) {
  Buffer values = Buffer::allocate(size_t{call.rows.physical} * sizeof(R), call.memory);
  R* const to = values.mutable_as<R>();
  const A* const x = call.argument(0).data<A>();
  bool good = true;
  if (call.rows.is_dense()) {
    for (uint32_t row = 0; row < call.rows.physical; ++row) good &= convert(x[row], to[row]);
  } else {
    call.rows.for_each([&](uint32_t row) { good &= convert(x[row], to[row]); });
  }
  if (!good) {
    for_each_live(call, [&](uint32_t row) {
      R ignored;
      if (!convert(x[row], ignored)) fail_cast(call, row, code);
    });
  }
  return make_flat(call.result, call.rows.physical, std::move(values));
}

}  // namespace millrace::expr
