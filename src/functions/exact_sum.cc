#include "functions/exact_sum.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace millrace::functions {
namespace {

struct TwoSum {
  double sum;
  double rest;  // a + b == sum + rest, exactly
};

TwoSum two_sum(double a, double b) {
  const double sum = a + b;
  const double b_kept = sum - a;
  return {sum, (a - (sum - b_kept)) + (b - b_kept)};
}

}  // namespace

void ExactSum::add(double value, int weight) {
  if (!std::isfinite(value)) [[unlikely]] {
    (std::isnan(value) ? nans : value > 0 ? positives : negatives) += weight;
    return;
  }
  double rest = weight > 0 ? value : -value;
  for (double& part : parts) {
    const TwoSum both = two_sum(part, rest);
    if (!std::isfinite(both.sum)) [[unlikely]] {
      overflows = 1;
      return;
    }
    part = both.sum;
    rest = both.rest;
    if (rest == 0) return;
  }
}

void ExactSum::add(const ExactSum& other, int weight) {
  for (const double part : other.parts) {
    if (part != 0) add(part, weight);
  }
  nans += weight * other.nans;
  positives += weight * other.positives;
  negatives += weight * other.negatives;
  overflows |= other.overflows;
}

double ExactSum::value() const {
  if (nans > 0 || (positives > 0 && negatives > 0)) return std::numeric_limits<double>::quiet_NaN();
  if (positives > 0) return std::numeric_limits<double>::infinity();
  if (negatives > 0) return -std::numeric_limits<double>::infinity();
  // Parts that do not overlap, smallest first.
  double apart[4];
  int count = 0;
  for (double part : parts) {
    int kept = 0;
    for (int at = 0; at < count; ++at) {
      if (std::abs(part) < std::abs(apart[at])) std::swap(part, apart[at]);
      const TwoSum both = two_sum(part, apart[at]);
      if (both.rest != 0) apart[kept++] = both.rest;
      part = both.sum;
    }
    apart[kept] = part;
    count = kept + 1;
  }
  // From the largest down; the first rest decides the rounding, and what is below it breaks a tie.
  double sum = apart[--count];
  double rest = 0;
  while (count > 0 && rest == 0) {
    const TwoSum both = two_sum(sum, apart[--count]);
    sum = both.sum;
    rest = both.rest;
  }
  if (count > 0 && ((rest < 0 && apart[count - 1] < 0) || (rest > 0 && apart[count - 1] > 0))) {
    const double twice = rest * 2;
    const double nearest = sum + twice;
    if (twice == nearest - sum) sum = nearest;
  }
  return sum;
}

}  // namespace millrace::functions
