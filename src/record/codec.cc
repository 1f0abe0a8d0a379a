#include <array>

#include "record/compression.h"

namespace millrace::record {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({"none", "gzip", "snappy", "lz4", "zstd"});
static_assert(kNames.size() == kCodecCount);

}  // namespace

std::string_view codec_name(Codec codec) {
  return kNames[static_cast<size_t>(codec)];
}

Result<Codec> parse_codec(std::string_view name) {
  for (size_t index = 0; index < kNames.size(); ++index) {
    if (kNames[index] == name) return static_cast<Codec>(index);
  }
  std::string message = "there is no compression '";
  message += name;
  message += "'";
  return Error(ErrorCode::kUnsupportedCodec, std::move(message))
      .remedy("Use none, gzip, snappy, lz4 or zstd.");
}

}  // namespace millrace::record
