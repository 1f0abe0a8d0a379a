#pragma once

namespace millrace {

// Ends the process with the place and the condition: a bug of ours, never bad input.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace millrace

// Always on. For invariants of our own code only; bad input gets an Error.
#define MILLRACE_ASSERT(condition)                                  \
  do {                                                              \
    if (!(condition)) [[unlikely]]                                  \
      ::millrace::assertion_failed(#condition, __FILE__, __LINE__); \
  } while (false)
