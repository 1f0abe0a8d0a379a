#include "base/buffer.h"

#include <atomic>
#include <cstring>
#include <new>

#include "base/assert.h"
#include "base/memory_account.h"

namespace millrace {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kPadding = 64;

}  // namespace

// Sits in the 64 bytes before the data.
struct alignas(kAlignment) Buffer::Block {
  std::atomic<uint32_t> references{1};
  size_t bytes = 0;
  MemoryAccount* account = nullptr;

  std::byte* data() { return reinterpret_cast<std::byte*>(this) + sizeof(Block); }
};

Buffer Buffer::allocate(size_t bytes, MemoryAccount* account) {
  static_assert(sizeof(Block) == kAlignment);
  void* memory = ::operator new(sizeof(Block) + bytes + kPadding, std::align_val_t(kAlignment));
  Block* block = new (memory) Block;
  block->bytes = bytes;
  block->account = account;
  if (account != nullptr) account->charge(static_cast<int64_t>(bytes));
  return Buffer(block, block->data(), bytes);
}

Buffer Buffer::zeroed(size_t bytes, MemoryAccount* account) {
  Buffer buffer = allocate(bytes, account);
  std::memset(buffer.data_, 0, bytes + kPadding);
  return buffer;
}

Buffer Buffer::copy_of(std::span<const std::byte> bytes, MemoryAccount* account) {
  Buffer buffer = allocate(bytes.size(), account);
  if (!bytes.empty()) std::memcpy(buffer.data_, bytes.data(), bytes.size());
  return buffer;
}

Buffer Buffer::copy_of(std::string_view bytes, MemoryAccount* account) {
  return copy_of(std::as_bytes(std::span(bytes)), account);
}

Buffer::Buffer(const Buffer& other) noexcept
    : block_(other.block_), data_(other.data_), bytes_(other.bytes_) {
  if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
}

Buffer& Buffer::operator=(const Buffer& other) noexcept {
  Buffer copy(other);
  return *this = std::move(copy);
}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Buffer::~Buffer() {
  if (block_ == nullptr) return;
  if (block_->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (block_->account != nullptr) block_->account->charge(-static_cast<int64_t>(block_->bytes));
  block_->~Block();
  ::operator delete(block_, std::align_val_t(kAlignment));
}

bool Buffer::unique() const {
  return block_ != nullptr && block_->references.load(std::memory_order_acquire) == 1;
}

Buffer Buffer::slice(size_t offset, size_t bytes) const {
  MILLRACE_ASSERT(offset + bytes <= bytes_);
  Buffer part(*this);
  part.data_ += offset;
  part.bytes_ = bytes;
  return part;
}

void Buffer::truncate(size_t bytes) {
  MILLRACE_ASSERT(bytes <= bytes_);
  bytes_ = bytes;
}

size_t Buffer::pinned_bytes() const {
  return block_ == nullptr ? 0 : block_->bytes;
}

}  // namespace millrace
