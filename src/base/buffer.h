#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace millrace {

class MemoryAccount;

// Buffer: a refcounted block of bytes, 64-byte aligned, readable 64 bytes past its end (the content
// there is unspecified), charged to a MemoryAccount while it lives. A slice shares its block.
//
// Threading:  the count is atomic; the bytes are immutable once the buffer is shared between
//             threads.
// Ownership:  each Buffer holds one reference; the last one frees the block.
class Buffer {
 public:
  Buffer() = default;
  // Uninitialised bytes, or zeroed ones; `account` may be null (charged to nobody).
  static Buffer allocate(size_t bytes, MemoryAccount* account = nullptr);
  static Buffer zeroed(size_t bytes, MemoryAccount* account = nullptr);
  static Buffer copy_of(std::span<const std::byte> bytes, MemoryAccount* account = nullptr);
  static Buffer copy_of(std::string_view bytes, MemoryAccount* account = nullptr);

  Buffer(const Buffer& other) noexcept;
  Buffer& operator=(const Buffer& other) noexcept;
  Buffer(Buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  const std::byte* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  bool empty() const { return bytes_ == 0; }
  explicit operator bool() const { return block_ != nullptr; }
  std::span<const std::byte> span() const { return {data_, bytes_}; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data_), bytes_}; }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_);
  }

  // REQUIRES: unique(): nobody else may see the bytes change.
  std::byte* mutable_data() { return data_; }
  template <class T>
  T* mutable_as() {
    return reinterpret_cast<T*>(data_);
  }
  bool unique() const;

  // REQUIRES: offset + bytes <= this->bytes().
  Buffer slice(size_t offset, size_t bytes) const;
  // Forgets the bytes past `bytes`; the block keeps its size.
  void truncate(size_t bytes);
  // Bytes of the whole block that this reference keeps alive.
  size_t pinned_bytes() const;

 private:
  struct Block;
  Buffer(Block* block, std::byte* data, size_t bytes) : block_(block), data_(data), bytes_(bytes) {}
  Block* block_ = nullptr;
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace millrace
