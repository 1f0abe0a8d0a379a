#pragma once

#include <string>
#include <vector>

namespace millrace::slt {

// What differs, line by line: "  both", "- expected only", "+ came out only"; empty where nothing
// does.
std::vector<std::string> line_diff(const std::vector<std::string>& expected,
                                   const std::vector<std::string>& got);

}  // namespace millrace::slt
