#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "engine/rejection.h"

namespace millrace::connectors {

// The topic behind sys.errors.
inline constexpr std::string_view kErrorsTopic = "sys.errors";
// Its table, as a statement without the options: columns are the fields of the records below.
inline constexpr std::string_view kErrorsColumns =
    "job STRING, code STRING, reason STRING, source STRING, place STRING, raw STRING, "
    "rejected_at TIMESTAMP_LTZ(3)";

// One record batch v2 with a JSON object per rejection; bytes of `row` that are no UTF-8 are
// written as base64 behind "base64:".
Result<Buffer> encode_rejections(std::string_view job,
                                 std::span<const engine::Rejection> rejections, int64_t now_us);

}  // namespace millrace::connectors
