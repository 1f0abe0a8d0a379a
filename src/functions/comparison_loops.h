#pragma once

#include <cmath>
#include <cstring>
#include <string_view>

#include "data/predicate.h"
#include "functions/family.h"

namespace millrace::functions {

// The SQL order of two values: numbers with NaN equal to itself and above all others, bytes of
// texts.

template <class T>
bool less(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a < b || (std::isnan(b) && !std::isnan(a));
  } else {
    return a < b;
  }
}

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a == b || (std::isnan(a) && std::isnan(b));
  } else {
    return a == b;
  }
}

// Rows of two columns of one type, of any width: how they compare.
template <class T>
class ValuePair {
 public:
  ValuePair(const Column& a, const Column& b) : a_(a), b_(b) {}
  bool less(uint32_t row) const { return functions::less(a_[row], b_[row]); }
  bool same(uint32_t row) const { return functions::same(a_[row], b_[row]); }

 private:
  Reader<T> a_;
  Reader<T> b_;
};

class TextPair {
 public:
  TextPair(const Column& a, const Column& b) : a_(a), b_(b) {}
  bool less(uint32_t row) const { return a_[row] < b_[row]; }
  bool same(uint32_t row) const {
    const auto a = std::bit_cast<std::array<uint64_t, 2>>(a_.view(row));
    const auto b = std::bit_cast<std::array<uint64_t, 2>>(b_.view(row));
    if (a[0] != b[0]) return false;  // length or prefix
    return a_.view(row).is_inline() ? a[1] == b[1] : a_[row] == b_[row];
  }

 private:
  TextReader a_;
  TextReader b_;
};

class BooleanPair {
 public:
  BooleanPair(const Column& a, const Column& b) : a_(a), b_(b) {}
  bool less(uint32_t row) const { return !a_[row] && b_[row]; }
  bool same(uint32_t row) const { return a_[row] == b_[row]; }

 private:
  BooleanReader a_;
  BooleanReader b_;
};

// ARRAY, MAP, ROW: value by value; rare.
class NestedPair {
 public:
  NestedPair(const Column& a, const Column& b) : a_(a), b_(b) {}
  bool less(uint32_t row) const { return compare(row) < 0; }
  bool same(uint32_t row) const { return compare(row) == 0; }

 private:
  int compare(uint32_t row) const { return data::compare(a_.value(row), b_.value(row), a_.type()); }
  const Column& a_;
  const Column& b_;
};

// Calls f with the pair of two columns of one type.
template <class F>
decltype(auto) with_pair(const Column& a, const Column& b, F&& f) {
  switch (a.width()) {
    case Width::k1:
      return f(BooleanPair(a, b));
    case Width::k8:
      return f(ValuePair<int8_t>(a, b));
    case Width::k16:
      return f(ValuePair<int16_t>(a, b));
    case Width::k32:
      return f(ValuePair<int32_t>(a, b));
    case Width::k64:
      return f(ValuePair<int64_t>(a, b));
    case Width::k128:
      return f(ValuePair<Int128>(a, b));
    case Width::kF32:
      return f(ValuePair<float>(a, b));
    case Width::kF64:
      return f(ValuePair<double>(a, b));
    case Width::kView:
      return f(TextPair(a, b));
    default:
      return f(NestedPair(a, b));
  }
}

}  // namespace millrace::functions
