#pragma once

#include <cstddef>

namespace millrace {

// ZeroedPages: a block of zeroed memory for a large table that is filled here and there. The kernel
// is asked for huge pages, so that touching it costs few faults and few TLB entries; what is never
// touched costs nothing.
//
// Ownership:  owns the block; move-only.
// Failure:    throws std::bad_alloc.
class ZeroedPages {
 public:
  ZeroedPages() = default;
  explicit ZeroedPages(size_t bytes);
  ~ZeroedPages();
  ZeroedPages(ZeroedPages&& other) noexcept;
  ZeroedPages& operator=(ZeroedPages&& other) noexcept;

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::byte* mapped_ = nullptr;  // null: data_ comes from the heap
  size_t mapped_bytes_ = 0;
};

}  // namespace millrace
