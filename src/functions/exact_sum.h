#pragma once

#include <cstdint>

namespace millrace::functions {

// ExactSum: the sum of DOUBLEs as a few parts that are never rounded, so that it does not depend on
// the order, and what was added can be taken out again (Shewchuk, "Adaptive Precision
// Floating-Point Arithmetic", 1997). Exact as long as the numbers, with gaps, fit into four parts
// of 53 bits. Plain bytes; all zero is the empty sum.
struct ExactSum {
  double parts[4];
  // How many that are no finite numbers, which parts cannot hold.
  int32_t nans;
  int32_t positives;  // Infinity
  int32_t negatives;  // -Infinity
  int32_t overflows;  // the parts left the range of DOUBLE

  // weight: 1 or -1.
  void add(double value, int weight);
  void add(const ExactSum& other, int weight);
  // The sum to the nearest DOUBLE. REQUIRES: overflows == 0.
  double value() const;
  // Finite numbers whose sum is exactly zero.
  bool is_zero() const {
    return nans == 0 && positives == 0 && negatives == 0 && overflows == 0 && value() == 0;
  }
};

}  // namespace millrace::functions
