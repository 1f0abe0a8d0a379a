#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"

namespace millrace::log {

// The small files of a data directory (docs/formats/ring.md).
inline constexpr std::string_view kFormatName = "format";
inline constexpr std::string_view kFormatLine = "millrace data 1\n";
inline constexpr std::string_view kGenerationName = "generation";
inline constexpr std::string_view kLockName = "lock";

// That `folder` is a data directory of this format. kVersionMismatch: of another one;
// kFileNotFound: it does not tell.
Result<void> check_format_line(io::FileSystem& files, const std::string& folder);
// 0: there is none yet. kRingDamaged: it is no number.
Result<uint32_t> read_generation(io::FileSystem& files, const std::string& folder);
std::string generation_text(uint32_t generation);

}  // namespace millrace::log
