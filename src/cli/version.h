#pragma once

#include <string_view>

namespace millrace::cli {

// Version: what `--version` and the benchmarks say about the program. A constant of the build.
struct Version {
  std::string_view number;    // "0.1.0"
  std::string_view commit;    // 12 digits, with a + when files differed from it; empty outside git
  std::string_view compiler;  // "GNU 12.2.0, Release"
};

// Defined by the build (cmake/version.cmake).
Version version();

}  // namespace millrace::cli
