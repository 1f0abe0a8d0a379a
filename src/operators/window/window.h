#pragma once

#include <cstdint>

namespace millrace::operators {

// Windows of event time [start, start + size) with start = offset + n * slide for every integer n
// (µs). slide == size: tumbling; slide < size: hopping, of any ratio; slide > size leaves gaps.
struct WindowSpec {
  int64_t size_us = 0;
  int64_t slide_us = 0;
  int64_t offset_us = 0;
};

// Event times beyond this, either way, are rejected: windows around them cannot be counted in µs.
inline constexpr int64_t kWindowTimeMax = int64_t{1} << 61;

constexpr int64_t floor_to(int64_t time, int64_t step, int64_t offset) {
  const int64_t rest = (time - offset) % step;
  return time - rest - (rest < 0 ? step : 0);
}
// Start of the last window that begins at or before `time`; it holds `time` if the windows leave no
// gap there.
constexpr int64_t last_window_start(const WindowSpec& window, int64_t time) {
  return floor_to(time, window.slide_us, window.offset_us);
}

}  // namespace millrace::operators
