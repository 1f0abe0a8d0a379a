#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"

namespace millrace::connectors {

// Whether `name` fits `pattern`: '*' any characters, '?' one character, the rest itself.
bool matches_pattern(std::string_view pattern, std::string_view name);

// The files that `path` means, sorted: itself, those of a folder (and of the folders in it), or
// those that fit it, where its parts are patterns.
// Failure: kFileNotFound where there is none, with the nearest name; what the file system says.
Result<std::vector<std::string>> expand_path(io::FileSystem& files, const std::string& path);

}  // namespace millrace::connectors
