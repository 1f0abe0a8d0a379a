#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "record/compression.h"

namespace millrace::record {

// PieceDecompressor: what a batch decompresses to, a piece after the other, without holding all of
// it. Keeps its working memory between calls.
//
// Threading:  confined to one task at a time.
// Failure:    as Decompressor; and whatever the caller's function says, which ends the walk. Memory
//             taken does not depend on how much comes out, but for one block of snappy and the
//             window that zstd asks for; a large one is given back after the call.
class PieceDecompressor {
 public:
  // The next bytes, which are gone when it returns.
  using Take = std::function<Result<void>(std::span<const std::byte> piece)>;

  PieceDecompressor();
  PieceDecompressor(PieceDecompressor&&) noexcept;
  PieceDecompressor& operator=(PieceDecompressor&&) noexcept;
  ~PieceDecompressor();

  // REQUIRES: `from` and `bytes_max` of at most 1 GiB.
  Result<void> decompress(Codec codec, std::span<const std::byte> from, const Take& take,
                          size_t bytes_max = kUncompressedBytesMax);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace millrace::record
