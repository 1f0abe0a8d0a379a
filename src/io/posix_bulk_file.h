#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "io/file_system.h"
#include "io/posix_calls.h"

namespace millrace::io {

// BulkFile: OpenMode::kCreateBulk on POSIX. Whole blocks go to the disk directly (O_DIRECT) from a
// buffer of its own, into room that is allocated ahead: the page cache would cost a fresh page for
// every block, several times what the copy takes. Where the file system has no direct writes they
// go through the cache.
//
// Threading:  confined to one thread at a time.
class BulkFile final : public File {
 public:
  // kAlreadyExists where there is one.
  static Result<std::unique_ptr<File>> create(const std::string& path, int mode);

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) override;
  Result<void> write_at(uint64_t offset,
                        std::span<const std::span<const std::byte>> pieces) override;
  Result<void> sync() override;
  Result<uint64_t> size() override { return written_ + held_; }
  Result<void> truncate(uint64_t bytes) override;
  Result<void> drop_cache() override { return {}; }

 private:
  BulkFile(std::string path, int number, bool direct);
  Result<void> write_held();
  Result<void> write_through_cache();
  void allocate_ahead(uint64_t until);

  const std::string path_;
  const Descriptor descriptor_;
  bool direct_;
  Buffer block_;            // begins at a page
  uint64_t held_ = 0;       // bytes in the block, which follow those written
  uint64_t written_ = 0;    // a multiple of the page, until sync
  uint64_t allocated_ = 0;  // as far as there may be room on the disk
};

// BulkReader: OpenMode::kReadBulk on POSIX. What is read in pieces of 64 KiB and more comes from
// the disk directly, without a copy; the rest through the page cache.
//
// Threading:  reads may overlap.
class BulkReader final : public File {
 public:
  static Result<std::unique_ptr<File>> open(const std::string& path);

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) override;
  Result<Buffer> read(uint64_t offset, uint64_t bytes) override;
  Result<void> write_at(uint64_t offset,
                        std::span<const std::span<const std::byte>> pieces) override;
  Result<void> sync() override { return {}; }
  Result<uint64_t> size() override;
  Result<void> truncate(uint64_t bytes) override;
  Result<void> drop_cache() override;

 private:
  BulkReader(std::string path, int number, int direct_number)
      : path_(std::move(path)), descriptor_(number), direct_(direct_number) {}

  const std::string path_;
  const Descriptor descriptor_;
  const Descriptor direct_;  // not open: the file system has no direct reads
};

}  // namespace millrace::io
