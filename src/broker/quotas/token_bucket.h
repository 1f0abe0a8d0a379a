#pragma once

#include <algorithm>

#include "io/clock.h"

namespace millrace::broker {

// TokenBucket: what may be used at once of a rate, as Kafka counts changes of topics (KIP-599): it
// fills with the rate, holds eleven seconds of it, and may be overdrawn by one use.
//
// Threading:  confined to its owner.
class TokenBucket {
 public:
  // Whether something may be used now.
  bool open(double rate, io::MonotonicTime now) {
    fill(rate, now);
    return tokens_ >= 0;
  }
  void take(double amount, double rate, io::MonotonicTime now) {
    fill(rate, now);
    tokens_ -= amount;
  }
  // How long to wait until it is open.
  double seconds_until_open(double rate, io::MonotonicTime now) {
    fill(rate, now);
    return std::max(-tokens_ / rate, 0.0);
  }
  // Whether nothing of what was used counts any more.
  bool forgotten(io::MonotonicTime now) const {
    return tokens_ >= 0 && now - filled_ >= kSeconds * io::kNsPerSecond;
  }

 private:
  static constexpr int64_t kSeconds = 11;

  void fill(double rate, io::MonotonicTime now) {
    const double most = static_cast<double>(kSeconds) * rate;
    const double seconds =
        static_cast<double>(now - filled_) / static_cast<double>(io::kNsPerSecond);
    tokens_ = fresh_ ? most : std::min(tokens_ + seconds * rate, most);
    filled_ = now;
    fresh_ = false;
  }

  bool fresh_ = true;  // nothing was ever used
  double tokens_ = 0;
  io::MonotonicTime filled_;
};

}  // namespace millrace::broker
