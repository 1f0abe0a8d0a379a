#pragma once

#include <cstdint>
#include <limits>
#include <numeric>

#include "operators/window/window.h"

namespace millrace::operators {

// Slicing: event time cut into slices of which every window is made: gcd(size, slide) long. Or, not
// `shared`: a slice per window, so that a row belongs to several.
//
// Threading:  immutable.
class Slicing {
 public:
  Slicing(const WindowSpec& window, bool shared)
      : window_(window),
        shared_(shared),
        length_us_(shared ? std::gcd(window.size_us, window.slide_us) : window.size_us) {}

  const WindowSpec& window() const { return window_; }
  // How many slices a row is added to.
  int64_t slices_per_row() const {
    return shared_ ? 1 : (window_.size_us + window_.slide_us - 1) / window_.slide_us;
  }
  bool is_one_slice_per_window() const { return length_us_ == window_.size_us; }

  // Start of the n-th slice of a row, from the latest on.
  int64_t slice_of(int64_t time, int64_t n) const {
    return shared_ ? floor_to(time, length_us_, window_.offset_us)
                   : last_window_start(window_, time) - n * window_.slide_us;
  }
  int64_t length_us() const { return length_us_; }
  bool is_shared() const { return shared_; }

  // Ends of the first and the last window that a slice is part of; the last is not behind the
  // slice's start where windows leave a gap.
  int64_t first_end(int64_t slice) const {
    return shared_ ? end_after(slice) : slice + window_.size_us;
  }
  int64_t last_end(int64_t slice) const {
    return (shared_ ? last_window_start(window_, slice) : slice) + window_.size_us;
  }
  // The first end of a window behind `time` that a slice is part of; the greatest number: none.
  int64_t next_end(int64_t slice, int64_t time) const {
    int64_t end = first_end(slice);
    if (time >= end) end = end_after(time);
    return end <= last_end(slice) ? end : std::numeric_limits<int64_t>::max();
  }

 private:
  int64_t end_after(int64_t time) const {
    return last_window_start(window_, time - window_.size_us) + window_.slide_us + window_.size_us;
  }

  const WindowSpec window_;
  const bool shared_;
  const int64_t length_us_;
};

}  // namespace millrace::operators
