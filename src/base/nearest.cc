#include "base/nearest.h"

#include <algorithm>
#include <vector>

namespace millrace {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter;
}

// Optimal string alignment distance: Damerau-Levenshtein without edits inside a swapped pair.
size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + !same});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

bool begins_with(std::string_view wanted, std::string_view candidate) {
  return candidate.size() <= wanted.size() &&
         edits(wanted.substr(0, candidate.size()), candidate) == 0;
}

}  // namespace

std::string_view nearest_name(std::string_view wanted,
                              std::span<const std::string_view> candidates) {
  constexpr size_t kLengthMax = 128;  // longer ones are no typing mistakes
  if (wanted.size() > kLengthMax) return {};
  size_t best_edits = std::max<size_t>(wanted.size() / 3, 1);
  std::string_view best;
  for (const std::string_view candidate : candidates) {
    if (candidate.size() > wanted.size() + best_edits ||
        wanted.size() > candidate.size() + best_edits) {
      continue;
    }
    const size_t distance = edits(wanted, candidate);
    const bool tie = distance == best_edits && !best.empty();
    // Of equally near ones the one that the word begins with: INTT is INT rather than INT2.
    const bool begun = tie && !begins_with(wanted, best) && begins_with(wanted, candidate);
    if (distance < best_edits || (best.empty() && distance == best_edits) || begun) {
      best = candidate;
      best_edits = distance;
    }
  }
  return best;
}

std::string nearest_remedy(std::string_view wanted, std::span<const std::string_view> candidates) {
  if (candidates.empty()) return {};
  const std::string_view near = nearest_name(wanted, candidates);
  if (!near.empty()) return "Did you mean '" + std::string(near) + "'?";
  constexpr size_t kListedMax = 10;
  std::string known = "Known are: ";
  for (size_t i = 0; i < candidates.size() && i < kListedMax; ++i) {
    known.append(i == 0 ? "" : ", ").append(candidates[i]);
  }
  return known + (candidates.size() > kListedMax ? ", …" : ".");
}

}  // namespace millrace
