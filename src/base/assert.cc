#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace millrace {

void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "MR-9001 %s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace millrace
