#include "base/zeroed_pages.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

namespace millrace {
namespace {

constexpr size_t kHugePageBytes = 2 << 20;

}  // namespace

ZeroedPages::ZeroedPages(size_t bytes) {
  if (bytes < kHugePageBytes) {
    data_ = static_cast<std::byte*>(std::calloc(bytes, 1));
    if (data_ == nullptr) throw std::bad_alloc();
    return;
  }
  mapped_bytes_ = bytes + kHugePageBytes;
  void* mapped = ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  mapped_ = static_cast<std::byte*>(mapped);
  const auto address = reinterpret_cast<uintptr_t>(mapped_);
  data_ = mapped_ + (kHugePageBytes - address % kHugePageBytes) % kHugePageBytes;
  // Advice: small pages do as well.
  (void)::madvise(data_, bytes, MADV_HUGEPAGE);
}

ZeroedPages::~ZeroedPages() {
  if (mapped_ != nullptr) {
    ::munmap(mapped_, mapped_bytes_);
  } else {
    std::free(data_);
  }
}

ZeroedPages::ZeroedPages(ZeroedPages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      mapped_(std::exchange(other.mapped_, nullptr)),
      mapped_bytes_(std::exchange(other.mapped_bytes_, 0)) {}

ZeroedPages& ZeroedPages::operator=(ZeroedPages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(mapped_, other.mapped_);
  std::swap(mapped_bytes_, other.mapped_bytes_);
  return *this;
}

}  // namespace millrace
