#pragma once

#include <deque>

#include "io/clock.h"

namespace millrace::broker {

// SampledRate: how much per second, over eleven samples of one second as Kafka has them: what was
// not used of the last ten seconds may be used at once.
//
// Threading:  confined to its owner.
class SampledRate {
 public:
  void record(double amount, io::MonotonicTime now);
  // How long to wait until the rate is `bound` again; 0: it is not above.
  double seconds_over(double bound, io::MonotonicTime now);
  // Whether nothing of it counts any more.
  bool forgotten(io::MonotonicTime now) const;

 private:
  struct Sample {
    io::MonotonicTime begin;
    double amount = 0;
  };
  void forget(io::MonotonicTime now);
  std::deque<Sample> samples_;
};

}  // namespace millrace::broker
