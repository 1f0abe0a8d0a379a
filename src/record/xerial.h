#pragma once

#include <array>
#include <cstddef>

namespace millrace::record {

// The framing of snappy blocks that Kafka's clients use: this header, then for each chunk its
// length (i32, big endian) and one raw block. Source: the xerial snappy-java stream format.
inline constexpr size_t kXerialMagicBytes = 8;
// clang-format off
inline constexpr auto kXerialHeader = std::to_array<std::byte>({
    std::byte{0x82}, std::byte{'S'}, std::byte{'N'}, std::byte{'A'},  // magic
    std::byte{'P'}, std::byte{'P'}, std::byte{'Y'}, std::byte{0},
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1},  // version, i32
    std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1},  // compatible with, i32
});
// clang-format on
inline constexpr size_t kXerialChunkBytes = 32 * 1024;

}  // namespace millrace::record
