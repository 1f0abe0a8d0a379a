#include "broker/connections/frame_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "base/endian.h"

namespace millrace::broker {
namespace {

constexpr size_t kBlockBytesMax = 64 << 10;
constexpr size_t kLengthBytes = sizeof(int32_t);
// Below this, what is left of a block is not worth a call.
constexpr size_t kSpaceMin = 1 << 10;

}  // namespace

std::span<std::byte> FrameReader::space() {
  const size_t held = filled_ - frame_at_;
  size_t wanted = std::max(held + 1, kLengthBytes);
  if (held >= kLengthBytes) {
    const auto length = load_be<int32_t>(block_.data() + frame_at_);
    wanted = std::max(wanted, kLengthBytes + static_cast<size_t>(std::max(length, 0)));
  }
  const bool fits = block_ && frame_at_ + wanted <= block_.bytes();
  if (!fits || (held < kLengthBytes && block_.bytes() - filled_ < kSpaceMin)) make_room(wanted);
  return {block_.mutable_data() + filled_, block_.bytes() - filled_};
}

void FrameReader::received(size_t bytes) {
  filled_ += bytes;
  if (filled_ == block_.bytes()) block_bytes_ = std::min(block_bytes_ * 4, kBlockBytesMax);
}

size_t FrameReader::incomplete_bytes() const {
  const size_t held = filled_ - frame_at_;
  if (held < kLengthBytes) return 0;
  const auto length = load_be<int32_t>(block_.data() + frame_at_);
  const auto bytes = static_cast<size_t>(std::max(length, 0));
  return held - kLengthBytes < bytes ? bytes : 0;
}

void FrameReader::make_room(size_t bytes) {
  // Frames that were handed out may still share the old block, so it is never written again.
  Buffer block = Buffer::allocate(std::max(bytes, block_bytes_), account_);
  const size_t held = filled_ - frame_at_;
  if (held > 0) std::memcpy(block.mutable_data(), block_.data() + frame_at_, held);
  block_ = std::move(block);
  frame_at_ = 0;
  filled_ = held;
}

Result<std::optional<Buffer>> FrameReader::next() {
  const size_t held = filled_ - frame_at_;
  if (held < kLengthBytes) return std::nullopt;
  const auto length = load_be<int32_t>(block_.data() + frame_at_);
  if (length < 0 || static_cast<uint32_t>(length) > frame_bytes_max_) {
    return Error(ErrorCode::kMalformedRequest,
                 fmt::format("a frame of {} bytes; at most {} are taken", length, frame_bytes_max_))
        .remedy("Is the client one of Kafka's, without TLS?");
  }
  if (held - kLengthBytes < static_cast<size_t>(length)) return std::nullopt;
  Buffer frame = block_.slice(frame_at_ + kLengthBytes, static_cast<size_t>(length));
  frame_at_ += kLengthBytes + static_cast<size_t>(length);
  return frame;
}

}  // namespace millrace::broker
