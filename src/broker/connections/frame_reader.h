#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/memory_account.h"
#include "base/result.h"

namespace millrace::broker {

// FrameReader: bytes as they arrive to frames: an int32 length, big endian, and so many bytes.
// Frames are slices of what was received; one that is larger than a block gets a block of its size,
// into which the rest of it is received directly. Blocks are small until the peer fills one, so
// that thousands of quiet peers hold little.
//
// Threading:  confined to its connection.
// Order:      receive into space(), tell how much with received(), take frames until there is none;
//             again.
// Failure:    kMalformedRequest: a negative length, or one above the limit.
class FrameReader {
 public:
  // `account` (may be null) is charged for the blocks.
  FrameReader(uint32_t frame_bytes_max, MemoryAccount* account)
      : frame_bytes_max_(frame_bytes_max), account_(account) {}

  // Where the next bytes belong; never empty.
  std::span<std::byte> space();
  void received(size_t bytes);
  // How many bytes the frame has that has come in part, if its length has; 0.
  size_t incomplete_bytes() const;
  // The next whole frame, without its length; nullopt: more bytes are needed.
  Result<std::optional<Buffer>> next();

 private:
  // Makes room for `bytes` from the beginning of the frame that is being received.
  void make_room(size_t bytes);

  const uint32_t frame_bytes_max_;
  MemoryAccount* const account_;
  size_t block_bytes_ = 4 << 10;  // of the next one
  Buffer block_;
  size_t frame_at_ = 0;  // where the frame that is being received begins, with its length
  size_t filled_ = 0;
};

}  // namespace millrace::broker
