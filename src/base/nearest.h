#pragma once

#include <span>
#include <string>
#include <string_view>

namespace millrace {

// The candidate that a misspelt `wanted` most likely meant: fewest edits (insert, delete, replace,
// swap of neighbours; letters without regard to case), at most a third of its length and at least
// one.
// Empty: none is near. Of equals the first.
std::string_view nearest_name(std::string_view wanted,
                              std::span<const std::string_view> candidates);

// "Did you mean 'x'?", or, where nothing is near, "Known are: a, b, c." (at most ten of them);
// empty where there are no candidates.
std::string nearest_remedy(std::string_view wanted, std::span<const std::string_view> candidates);

}  // namespace millrace
