#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::log {

// Constants of docs/formats/segment.md.
inline constexpr uint32_t kSegmentMagic = 0x3153524D;  // "MRS1"
inline constexpr uint32_t kFrameMagic = 0x3146524D;    // "MRF1"
inline constexpr uint32_t kTrailerMagic = 0x3154524D;  // "MRT1"
inline constexpr size_t kSegmentHeaderBytes = 16;
inline constexpr size_t kExtentBytes = 56;
inline constexpr size_t kTrailerBytes = 24;
inline constexpr uint32_t kExtentBytesTarget = 256 << 10;

}  // namespace millrace::log
