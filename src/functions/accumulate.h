#pragma once

#include <memory>
#include <span>
#include <utility>

#include "expr/aggregate.h"
#include "functions/family.h"

namespace millrace::functions {

// What aggregates are written with. An accumulator is a plain struct, aligned to 8 bytes at most.

template <class State>
State& state_of(const expr::Accumulators& accumulators, uint32_t entry) {
  static_assert(std::is_trivially_copyable_v<State> && alignof(State) <= 8);
  return *reinterpret_cast<State*>(accumulators.entries[entry] + accumulators.offset);
}

// Visits the rows whose first argument is not NULL: visit(row, weight), weight being 1 or -1.
template <class Visit>
void for_each_value(const expr::AggregateInput& input, const Column& column, Visit&& visit) {
  const NullReader is_null(column);
  if (input.signs == nullptr && is_null.none()) {
    input.rows.for_each([&](uint32_t row) { visit(row, 1); });
    return;
  }
  input.rows.for_each([&](uint32_t row) {
    if (is_null[row]) return;
    visit(row, input.signs == nullptr ? 1 : data::weight(input.signs[row]));
  });
}

// 128 bits in two halves, so that 8 bytes of alignment are enough.
struct Halves {
  uint64_t low;
  uint64_t high;

  Int128 value() const {
    return static_cast<Int128>(static_cast<unsigned __int128>(high) << 64 | low);
  }
  void set(Int128 value) {
    const auto bits = static_cast<unsigned __int128>(value);
    low = static_cast<uint64_t>(bits);
    high = static_cast<uint64_t>(bits >> 64);
  }
};

}  // namespace millrace::functions
