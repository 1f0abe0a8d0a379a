#include "slt/line_diff.h"

#include <algorithm>
#include <cstdint>

namespace millrace::slt {
namespace {

// Beyond so many cells the table of common lengths is not worth it: all of one, then all of the
// other.
constexpr size_t kCellsMax = 4'000'000;

}  // namespace

std::vector<std::string> line_diff(const std::vector<std::string>& expected,
                                   const std::vector<std::string>& got) {
  std::vector<std::string> diff;
  if (expected == got) return diff;
  const size_t width = got.size() + 1;
  const bool small = (expected.size() + 1) * width <= kCellsMax;
  // common[i * width + j]: the longest common subsequence of what follows i and j.
  std::vector<uint32_t> common(small ? (expected.size() + 1) * width : 0);
  if (small) {
    for (size_t i = expected.size(); i-- > 0;) {
      for (size_t j = got.size(); j-- > 0;) {
        common[i * width + j] = expected[i] == got[j] ? common[(i + 1) * width + j + 1] + 1
                                                      : std::max(common[(i + 1) * width + j],
                                                                 common[i * width + j + 1]);
      }
    }
  }
  size_t i = 0;
  size_t j = 0;
  while (i < expected.size() || j < got.size()) {
    if (i < expected.size() && j < got.size() && expected[i] == got[j]) {
      diff.push_back("  " + expected[i++]);
      ++j;
    } else if (j == got.size() ||
               (i < expected.size() &&
                (!small || common[(i + 1) * width + j] >= common[i * width + j + 1]))) {
      diff.push_back("- " + expected[i++]);
    } else {
      diff.push_back("+ " + got[j++]);
    }
  }
  return diff;
}

}  // namespace millrace::slt
