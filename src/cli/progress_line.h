#pragma once

#include <string>

#include "io/clock.h"

namespace millrace::cli {

// ProgressLine: a line on stderr that is written over, on a terminal and nowhere else.
//
// Threading: confined to one thread.
class ProgressLine {
 public:
  ProgressLine(io::Clock& clock, bool wanted);
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  // Whether it is time to show something new: five times a second, the first time after a moment.
  bool due();
  void show(const std::string& text);
  void clear();

 private:
  io::Clock& clock_;
  const bool wanted_;
  io::MonotonicTime next_;
  bool shown_ = false;
};

}  // namespace millrace::cli
