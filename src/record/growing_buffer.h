#pragma once

#include <algorithm>
#include <cstring>
#include <span>

#include "base/buffer.h"

namespace millrace::record {

// GrowingBuffer: a Buffer that is written from front to back and doubles when it is full.
// Threading: confined to one task.
class GrowingBuffer {
 public:
  GrowingBuffer(size_t capacity, MemoryAccount* account)
      : account_(account), buffer_(Buffer::allocate(capacity, account)) {}

  size_t bytes() const { return used_; }
  std::span<const std::byte> written() const { return {buffer_.data(), used_}; }
  // Where to write next; what is written counts after commit().
  std::span<std::byte> free() { return {buffer_.mutable_data() + used_, buffer_.bytes() - used_}; }
  void commit(size_t bytes) { used_ += bytes; }
  std::byte* mutable_data() { return buffer_.mutable_data(); }
  // Makes room for at least `bytes` more, without growing beyond `capacity_max` in all.
  // Returns whether there is room.
  bool reserve(size_t bytes, size_t capacity_max) {
    if (buffer_.bytes() - used_ >= bytes) return true;
    if (used_ + bytes > capacity_max) return false;
    const size_t doubled = std::min(std::max(buffer_.bytes() * 2, used_ + bytes), capacity_max);
    Buffer larger = Buffer::allocate(doubled, account_);
    std::memcpy(larger.mutable_data(), buffer_.data(), used_);
    buffer_ = std::move(larger);
    return true;
  }
  // Keeps the capacity.
  void clear() { used_ = 0; }
  // REQUIRES: it is not written to any more.
  Buffer take() {
    buffer_.truncate(used_);
    used_ = 0;
    return std::move(buffer_);
  }

 private:
  MemoryAccount* account_;
  Buffer buffer_;
  size_t used_ = 0;
};

}  // namespace millrace::record
