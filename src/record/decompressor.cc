#include <lz4frame.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/endian.h"
#include "record/compression.h"
#include "record/growing_buffer.h"
#include "record/piece_decompressor.h"
#include "record/xerial.h"

namespace millrace::record {
namespace {

constexpr size_t kBytesMax = size_t{1} << 30;
constexpr size_t kFirstBytesMin = 4096;
constexpr size_t kFirstGuessFactor = 4;
// One element of snappy takes at least 2 bytes and makes at most 64.
constexpr size_t kSnappyExpansionMax = 64;
constexpr size_t kPieceBytes = 64 << 10;
// What is kept for the next batch at most, of the pieces and of a codec's own memory.
constexpr size_t kKeptBytesMax = 16 << 20;

Error corrupt(Codec codec, std::string_view what) {
  std::string message = "the batch's ";
  message += codec_name(codec);
  message += " data ";
  message += what;
  return Error(ErrorCode::kCorruptRecord, std::move(message));
}

Error too_large(size_t bytes_max) {
  return Error(ErrorCode::kRecordTooLarge,
               "the batch decompresses to more than " + std::to_string(bytes_max) + " bytes")
      .remedy("Send smaller batches.");
}

// What comes out, and its bound: all of it in a row, or in pieces.
class Output {
 public:
  Output(GrowingBuffer& to, size_t limit, const PieceDecompressor::Take* take = nullptr)
      : bytes_max(limit), buffer(to), take_(take) {}

  // Whether there is room for `bytes` more.
  bool reserve(size_t bytes) {
    if (take_ == nullptr) return buffer.reserve(bytes, bytes_max);
    if (buffer.free().size() >= bytes) return true;
    return hand_out() && buffer.reserve(bytes, bytes_max - taken_);
  }
  // REQUIRES: called when there is no free space. Room for at least one more byte.
  bool grow() { return reserve(1); }
  bool full() { return buffer.free().empty(); }

  // After the last byte, or instead of the first that did not come.
  Result<void> finish(Result<void> done) {
    if (done && !refused_ && !hand_out() && !refused_) return too_large(bytes_max);
    if (refused_) return *std::move(refused_);
    return done;
  }

  const size_t bytes_max;
  GrowingBuffer& buffer;

 private:
  bool hand_out() {
    const auto piece = buffer.written();
    if (refused_ || piece.size() > bytes_max - taken_) return false;
    taken_ += piece.size();
    if (auto taken = (*take_)(piece); !taken) {
      refused_ = std::move(taken).error();
      return false;
    }
    buffer.clear();
    return true;
  }

  const PieceDecompressor::Take* const take_;
  size_t taken_ = 0;  // of the pieces before
  std::optional<Error> refused_;
};

Result<void> inflate_into(z_stream& stream, std::span<const std::byte> from, Output& to) {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data()));
  stream.avail_in = static_cast<uInt>(from.size());
  while (true) {
    // At the limit one byte of scratch tells the stream's end from one byte too many.
    Bytef scratch = 0;
    const bool at_limit = to.full() && !to.grow();
    const auto room = to.buffer.free();
    stream.next_out = at_limit ? &scratch : reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = at_limit ? 1 : static_cast<uInt>(room.size());
    const auto given = stream.avail_out;
    const int status = inflate(&stream, Z_NO_FLUSH);
    const size_t made = given - stream.avail_out;
    if (at_limit && made > 0) return too_large(to.bytes_max);
    to.buffer.commit(made);
    if (status == Z_STREAM_END) {
      if (stream.avail_in == 0) return {};
      if (inflateReset(&stream) != Z_OK) return corrupt(Codec::kGzip, "has a damaged member");
    } else if (status != Z_OK) {
      // No progress with room to write means that input is missing.
      return corrupt(Codec::kGzip, status == Z_BUF_ERROR ? "is cut short" : "is damaged");
    }
  }
}

Result<void> unlz4_into(LZ4F_dctx* context, std::span<const std::byte> from, Output& to) {
  LZ4F_resetDecompressionContext(context);
  while (true) {
    std::byte scratch{};
    const bool at_limit = to.full() && !to.grow();
    size_t made = at_limit ? 1 : to.buffer.free().size();
    size_t taken = from.size();
    std::byte* const room = at_limit ? &scratch : to.buffer.free().data();
    const size_t more = LZ4F_decompress(context, room, &made, from.data(), &taken, nullptr);
    if (LZ4F_isError(more)) return corrupt(Codec::kLz4, "is damaged");
    if (at_limit && made > 0) return too_large(to.bytes_max);
    to.buffer.commit(made);
    from = from.subspan(taken);
    if (more == 0) break;
    if (made == 0 && taken == 0) return corrupt(Codec::kLz4, "is cut short");
  }
  if (!from.empty()) return corrupt(Codec::kLz4, "goes on behind its frame");
  return {};
}

Result<void> unzstd_into(ZSTD_DCtx* context, std::span<const std::byte> from, Output& to) {
  ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
  // A frame may ask for any window. One larger than what may come out is of no use, but a writer
  // that did not know the length asks for what its level says; every decoder should take 8 MiB.
  const int window_log = std::clamp(static_cast<int>(std::bit_width(to.bytes_max)), 23, 27);
  ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, window_log);
  ZSTD_inBuffer input{from.data(), from.size(), 0};
  while (true) {
    std::byte scratch{};
    const bool at_limit = to.full() && !to.grow();
    const auto room = at_limit ? std::span(&scratch, 1) : to.buffer.free();
    ZSTD_outBuffer output{room.data(), room.size(), 0};
    const size_t taken_before = input.pos;
    const size_t more = ZSTD_decompressStream(context, &output, &input);
    if (ZSTD_isError(more)) {
      const bool window = ZSTD_getErrorCode(more) == ZSTD_error_frameParameter_windowTooLarge;
      return window ? too_large(to.bytes_max) : corrupt(Codec::kZstd, "is damaged");
    }
    if (at_limit && output.pos > 0) return too_large(to.bytes_max);
    to.buffer.commit(output.pos);
    if (more == 0 && input.pos == input.size) return {};
    if (output.pos == 0 && input.pos == taken_before) {
      return corrupt(Codec::kZstd, "is cut short");
    }
  }
}

Result<void> unsnappy_block(std::span<const std::byte> from, Output& to) {
  const char* const block = reinterpret_cast<const char*>(from.data());
  size_t bytes = 0;
  if (!snappy::GetUncompressedLength(block, from.size(), &bytes) ||
      bytes > from.size() * kSnappyExpansionMax) {
    return corrupt(Codec::kSnappy, "claims an impossible length");
  }
  if (!to.reserve(bytes)) return too_large(to.bytes_max);
  if (!snappy::RawUncompress(block, from.size(),
                             reinterpret_cast<char*>(to.buffer.free().data()))) {
    return corrupt(Codec::kSnappy, "is damaged");
  }
  to.buffer.commit(bytes);
  return {};
}

Result<void> unsnappy_into(std::span<const std::byte> from, Output& to) {
  const bool framed = from.size() >= kXerialHeader.size() &&
                      std::ranges::equal(from.first(kXerialMagicBytes),
                                         std::span(kXerialHeader).first(kXerialMagicBytes));
  if (!framed) return unsnappy_block(from, to);
  from = from.subspan(kXerialHeader.size());
  while (!from.empty()) {
    if (from.size() < sizeof(int32_t)) return corrupt(Codec::kSnappy, "is cut short");
    const auto bytes = load_be<uint32_t>(from.data());
    from = from.subspan(sizeof(int32_t));
    if (bytes > from.size()) return corrupt(Codec::kSnappy, "is cut short");
    MILLRACE_TRY(unsnappy_block(from.first(bytes), to));
    from = from.subspan(bytes);
  }
  return {};
}

}  // namespace

namespace {

struct Codecs {
  Codecs() = default;
  Codecs(const Codecs&) = delete;
  Codecs& operator=(const Codecs&) = delete;
  ~Codecs() {
    ZSTD_freeDCtx(zstd);
    LZ4F_freeDecompressionContext(lz4);
    if (gzip_ready) inflateEnd(&gzip);
  }
  ZSTD_DCtx* ready_zstd() {
    if (zstd == nullptr) zstd = ZSTD_createDCtx();
    MILLRACE_ASSERT(zstd != nullptr);
    return zstd;
  }
  LZ4F_dctx* ready_lz4() {
    if (lz4 == nullptr) {
      MILLRACE_ASSERT(!LZ4F_isError(LZ4F_createDecompressionContext(&lz4, LZ4F_VERSION)));
    }
    return lz4;
  }
  z_stream& ready_gzip() {
    constexpr int kGzipWindow = MAX_WBITS + 16;  // + 16: with the header of gzip
    const int status = gzip_ready ? inflateReset(&gzip) : inflateInit2(&gzip, kGzipWindow);
    MILLRACE_ASSERT(status == Z_OK);
    gzip_ready = true;
    return gzip;
  }
  Result<void> decompress(Codec codec, std::span<const std::byte> from, Output& to) {
    switch (codec) {
      case Codec::kNone:
        break;
      case Codec::kGzip:
        return inflate_into(ready_gzip(), from, to);
      case Codec::kSnappy:
        return unsnappy_into(from, to);
      case Codec::kLz4:
        return unlz4_into(ready_lz4(), from, to);
      case Codec::kZstd:
        return unzstd_into(ready_zstd(), from, to);
    }
    if (!to.reserve(from.size())) return too_large(to.bytes_max);
    std::ranges::copy(from, to.buffer.free().data());
    to.buffer.commit(from.size());
    return {};
  }

  // A window may be as large as all that may come out.
  void drop_large() {
    if (zstd != nullptr && ZSTD_sizeof_DCtx(zstd) > kKeptBytesMax) {
      ZSTD_freeDCtx(std::exchange(zstd, nullptr));
    }
  }

  ZSTD_DCtx* zstd = nullptr;
  LZ4F_dctx* lz4 = nullptr;
  z_stream gzip{};
  bool gzip_ready = false;
};

}  // namespace

struct Decompressor::Contexts : Codecs {};

Decompressor::Decompressor() : contexts_(std::make_unique<Contexts>()) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

Result<Buffer> Decompressor::decompress(Codec codec, std::span<const std::byte> from,
                                        size_t bytes_max, MemoryAccount* account) {
  MILLRACE_ASSERT(from.size() <= kBytesMax && bytes_max <= kBytesMax);
  GrowingBuffer buffer(
      std::min(std::max(from.size() * kFirstGuessFactor, kFirstBytesMin), bytes_max), account);
  Output to(buffer, bytes_max);
  MILLRACE_TRY(contexts_->decompress(codec, from, to));
  return buffer.take();
}

struct PieceDecompressor::Contexts : Codecs {
  GrowingBuffer piece{kPieceBytes, nullptr};
};

PieceDecompressor::PieceDecompressor() : contexts_(std::make_unique<Contexts>()) {}
PieceDecompressor::PieceDecompressor(PieceDecompressor&&) noexcept = default;
PieceDecompressor& PieceDecompressor::operator=(PieceDecompressor&&) noexcept = default;
PieceDecompressor::~PieceDecompressor() = default;

Result<void> PieceDecompressor::decompress(Codec codec, std::span<const std::byte> from,
                                           const Take& take, size_t bytes_max) {
  MILLRACE_ASSERT(from.size() <= kBytesMax && bytes_max <= kBytesMax);
  if (codec == Codec::kNone) return from.size() > bytes_max ? too_large(bytes_max) : take(from);
  GrowingBuffer& piece = contexts_->piece;
  piece.clear();
  Output to(piece, bytes_max, &take);
  Result<void> done = to.finish(contexts_->decompress(codec, from, to));
  contexts_->drop_large();
  if (piece.written().size() + piece.free().size() > kKeptBytesMax) {
    piece = GrowingBuffer(kPieceBytes, nullptr);
  }
  return done;
}

}  // namespace millrace::record
