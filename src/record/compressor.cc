#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/assert.h"
#include "base/endian.h"
#include "record/compression.h"
#include "record/xerial.h"

namespace millrace::record {
namespace {

constexpr size_t kInputBytesMax = size_t{1} << 30;
constexpr int kZstdLevel = 3;

size_t put_zstd(ZSTD_CCtx* context, std::span<const std::byte> from, std::span<std::byte> to) {
  const size_t bytes =
      ZSTD_compressCCtx(context, to.data(), to.size(), from.data(), from.size(), kZstdLevel);
  MILLRACE_ASSERT(!ZSTD_isError(bytes));
  return bytes;
}

// Independent blocks: clients in Java read no others.
LZ4F_preferences_t lz4_preferences() {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.frameInfo.blockSizeID = LZ4F_max64KB;
  return preferences;
}

size_t put_lz4(std::span<const std::byte> from, std::span<std::byte> to) {
  const LZ4F_preferences_t preferences = lz4_preferences();
  const size_t bytes =
      LZ4F_compressFrame(to.data(), to.size(), from.data(), from.size(), &preferences);
  MILLRACE_ASSERT(!LZ4F_isError(bytes));
  return bytes;
}

size_t put_snappy(std::span<const std::byte> from, std::span<std::byte> to) {
  std::byte* next = std::ranges::copy(kXerialHeader, to.data()).out;
  while (!from.empty()) {
    const auto chunk = from.first(std::min(from.size(), kXerialChunkBytes));
    size_t bytes = 0;
    snappy::RawCompress(reinterpret_cast<const char*>(chunk.data()), chunk.size(),
                        reinterpret_cast<char*>(next + sizeof(int32_t)), &bytes);
    store_be(next, static_cast<int32_t>(bytes));
    next += sizeof(int32_t) + bytes;
    from = from.subspan(chunk.size());
  }
  return static_cast<size_t>(next - to.data());
}

size_t snappy_bound(size_t bytes) {
  const size_t chunks = (bytes + kXerialChunkBytes - 1) / kXerialChunkBytes;
  return kXerialHeader.size() +
         chunks * (sizeof(int32_t) + snappy::MaxCompressedLength(kXerialChunkBytes));
}

}  // namespace

struct Compressor::Contexts {
  ~Contexts() {
    ZSTD_freeCCtx(zstd);
    if (gzip_ready) deflateEnd(&gzip);
  }
  ZSTD_CCtx* ready_zstd() {
    if (zstd == nullptr) zstd = ZSTD_createCCtx();
    MILLRACE_ASSERT(zstd != nullptr);
    return zstd;
  }
  z_stream* ready_gzip() {
    constexpr int kGzipWindow = MAX_WBITS + 16;  // + 16: with the header of gzip
    const int status = gzip_ready ? deflateReset(&gzip)
                                  : deflateInit2(&gzip, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                                 kGzipWindow, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
    MILLRACE_ASSERT(status == Z_OK);
    gzip_ready = true;
    return &gzip;
  }
  size_t bound(Codec codec, size_t bytes) {
    switch (codec) {
      case Codec::kNone:
        return bytes;
      case Codec::kGzip:
        return deflateBound(ready_gzip(), bytes);
      case Codec::kSnappy:
        return snappy_bound(bytes);
      case Codec::kLz4: {
        const LZ4F_preferences_t preferences = lz4_preferences();
        return LZ4F_compressFrameBound(bytes, &preferences);
      }
      case Codec::kZstd:
        return ZSTD_compressBound(bytes);
    }
    return 0;
  }
  size_t put(Codec codec, std::span<const std::byte> from, std::span<std::byte> to) {
    switch (codec) {
      case Codec::kNone:
        return static_cast<size_t>(std::ranges::copy(from, to.data()).out - to.data());
      case Codec::kGzip:
        return put_gzip(from, to);
      case Codec::kSnappy:
        return put_snappy(from, to);
      case Codec::kLz4:
        return put_lz4(from, to);
      case Codec::kZstd:
        return put_zstd(ready_zstd(), from, to);
    }
    return 0;
  }
  size_t put_gzip(std::span<const std::byte> from, std::span<std::byte> to) {
    z_stream* const stream = ready_gzip();
    // zlib's struct has no const; deflate does not write to its input.
    stream->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
    stream->avail_in = static_cast<uInt>(from.size());
    stream->next_out = reinterpret_cast<Bytef*>(to.data());
    stream->avail_out = static_cast<uInt>(to.size());
    MILLRACE_ASSERT(deflate(stream, Z_FINISH) == Z_STREAM_END);
    return to.size() - stream->avail_out;
  }

  ZSTD_CCtx* zstd = nullptr;
  z_stream gzip{};
  bool gzip_ready = false;
};

Compressor::Compressor() : contexts_(std::make_unique<Contexts>()) {}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

Buffer Compressor::compress(Codec codec, std::span<const std::byte> from, size_t skip,
                            MemoryAccount* account) {
  MILLRACE_ASSERT(from.size() < kInputBytesMax);
  Buffer to = Buffer::allocate(skip + contexts_->bound(codec, from.size()), account);
  const std::span<std::byte> room(to.mutable_data() + skip, to.bytes() - skip);
  to.truncate(skip + contexts_->put(codec, from, room));
  return to;
}

}  // namespace millrace::record
