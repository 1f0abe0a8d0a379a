#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>

namespace millrace::io {

// Trace: a running hash over every choice and every call of a simulation, in order. Two runs took
// the same path if, and as good as only if, their hashes agree.
//
// Threading: synchronised inside.
class Trace {
 public:
  void note(std::string_view what, uint64_t first = 0, uint64_t second = 0);
  uint64_t hash() const;

 private:
  mutable std::mutex mutex_;
  uint64_t hash_ = 0;
};

}  // namespace millrace::io
