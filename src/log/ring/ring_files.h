#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "io/file_system.h"
#include "log/ring/ring_place.h"

namespace millrace::log {

struct RingFilesOptions {
  std::string folder;
  uint64_t first_bytes = 16 << 20;  // whole blocks
  uint64_t bytes_max = 1 << 30;
  bool sync = true;  // false: files are sparse, nothing is synced
};

// RingFiles: the ring's files as one space of addresses.
//
// Threading:  read from anywhere; write and sync from the writer; grow from one background
//             executor.
// Failure:    kRingDamaged: a file is missing or not of its size. Else what the file system says.
class RingFiles {
 public:
  // Makes the first file if there is none.
  static Result<std::unique_ptr<RingFiles>> open(io::FileSystem& files, RingFilesOptions options);
  // For reading what another process may be writing and adding to: changes nothing.
  // kFileNotFound: there is no file.
  static Result<std::unique_ptr<RingFiles>> open_to_read(io::FileSystem& files,
                                                         const std::string& folder);
  // A ring of zeroes with files of these sizes, in a folder that has none yet.
  static Result<std::unique_ptr<RingFiles>> make(io::FileSystem& files, const std::string& folder,
                                                 const std::vector<uint64_t>& file_bytes);

  uint64_t capacity() const;
  // g of docs/formats/ring.md.
  uint64_t group_bytes_max() const { return group_bytes_max_; }
  // One behind the last address of the file that holds `address`. REQUIRES: address < capacity().
  uint64_t file_end(uint64_t address) const;
  // "ring/000000-16777216@8192".
  std::string place(uint64_t address) const;

  // REQUIRES, both: all of it lies in one file.
  Result<void> read(uint64_t address, std::span<std::byte> to) const;
  Result<void> write(uint64_t address, std::span<const std::span<const std::byte>> pieces);
  // The file that holds `address`.
  Result<void> sync(uint64_t address);
  Result<void> sync_all();
  Result<void> zero(uint64_t address, uint64_t bytes);

  // The body that `ref` names. kCorruptRecord: it does not match its CRC (perhaps because the ring
  // has been reused since).
  Result<Buffer> read_body(const RingRef& ref) const;

  bool may_grow() const;
  // Adds a pre-written file at the end, as large as the ring is now, within the limit.
  Result<void> grow();
  // Reads what is on the medium from now on.
  Result<void> drop_cache();

 private:
  struct Piece {
    uint64_t start = 0;
    uint64_t bytes = 0;
    std::string name;
    std::unique_ptr<io::File> file;
  };
  RingFiles(io::FileSystem& files, RingFilesOptions options)
      : files_(files), options_(std::move(options)) {}
  Result<void> open_existing(io::OpenMode mode);
  void set_group_bytes_max();
  Result<void> add_file(uint64_t bytes);
  // REQUIRES: mutex_ held.
  const Piece& piece_at(uint64_t address) const;

  io::FileSystem& files_;
  const RingFilesOptions options_;
  uint64_t group_bytes_max_ = 0;
  mutable std::shared_mutex mutex_;
  std::vector<std::unique_ptr<Piece>> pieces_;
};

}  // namespace millrace::log
