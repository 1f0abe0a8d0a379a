#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "slt/test_world.h"

namespace millrace::slt {

// What came of the checks of a file. Statements, queries and expectations are checks; the other
// blocks count only where they fail.
struct Tally {
  uint64_t passed = 0;
  uint64_t failed = 0;
  uint64_t skipped = 0;

  void add(const Tally& other) {
    passed += other.passed;
    failed += other.failed;
    skipped += other.skipped;
  }
};

struct TestFile {
  std::string name;  // as messages call it
  std::string text;
};

// Runs a file on a node of its own; `write` takes whole lines about what failed. The same seed
// gives the same run.
Tally run_file(const TestFile& file, const TestWorld& world, uint64_t seed,
               const std::function<void(std::string_view)>& write);

}  // namespace millrace::slt
