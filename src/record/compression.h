#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/buffer.h"
#include "base/result.h"

namespace millrace::record {

// How the records of a batch are compressed; the values are those of the batch's attributes.
enum class Codec : uint8_t {
  kNone = 0,
  kGzip = 1,    // RFC 1952, one or several members
  kSnappy = 2,  // written in xerial framing; read in it or as one raw block
  kLz4 = 3,     // one LZ4 frame of independent blocks
  kZstd = 4,    // RFC 8878
};
inline constexpr size_t kCodecCount = 5;

std::string_view codec_name(Codec codec);
// The codec of this name ("none", "gzip", "snappy", "lz4", "zstd"); else kUnsupportedCodec.
Result<Codec> parse_codec(std::string_view name);

// More than this out of one batch is taken for a bomb, unless the caller says otherwise.
inline constexpr size_t kUncompressedBytesMax = size_t{128} << 20;

// Compressor: turns bytes into what a batch carries. Keeps the codecs' working memory between
// calls.
//
// Threading: confined to one task at a time.
class Compressor {
 public:
  Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;
  ~Compressor();

  // `skip` bytes are left free (uninitialised) in front of the result. REQUIRES: less than 1 GiB.
  Buffer compress(Codec codec, std::span<const std::byte> from, size_t skip = 0,
                  MemoryAccount* account = nullptr);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

// Decompressor: the way back. Keeps the codecs' working memory between calls.
//
// Threading:  confined to one task at a time.
// Failure:    kCorruptRecord if the bytes are not of the codec, are cut short, or have a tail;
//             kRecordTooLarge if more than `bytes_max` would come out. Memory taken is at most
//             about three times `bytes_max` (8 MiB at least), whatever the input claims.
class Decompressor {
 public:
  Decompressor();
  Decompressor(Decompressor&&) noexcept;
  Decompressor& operator=(Decompressor&&) noexcept;
  ~Decompressor();

  // REQUIRES: `from` and `bytes_max` of at most 1 GiB.
  Result<Buffer> decompress(Codec codec, std::span<const std::byte> from,
                            size_t bytes_max = kUncompressedBytesMax,
                            MemoryAccount* account = nullptr);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace millrace::record
