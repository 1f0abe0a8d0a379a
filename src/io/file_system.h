#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace millrace::io {

// File: an open file, read and written at offsets. Closed on destruction.
//
// Threading:  reads may overlap; a write or sync excludes nothing, the caller orders what must be
//             ordered.
// Failure:    Errors name the path. After a failed sync the content of unsynced ranges is unknown.
class File {
 public:
  virtual ~File() = default;
  // Reads up to to.size() bytes; fewer only at the end of the file. Returns how many.
  virtual Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) = 0;
  // The same into a new Buffer.
  virtual Result<Buffer> read(uint64_t offset, uint64_t bytes);
  // Writes all pieces one behind the other from `offset` on, growing the file as needed.
  virtual Result<void> write_at(uint64_t offset,
                                std::span<const std::span<const std::byte>> pieces) = 0;
  // Content and size are durable when it returns (fdatasync).
  virtual Result<void> sync() = 0;
  virtual Result<uint64_t> size() = 0;
  virtual Result<void> truncate(uint64_t bytes) = 0;
  // Drops clean cached pages, so that the next read sees the medium.
  virtual Result<void> drop_cache() = 0;

  Result<void> write_at(uint64_t offset, std::span<const std::byte> bytes) {
    return write_at(offset, std::span<const std::span<const std::byte>>(&bytes, 1));
  }
};

enum class OpenMode : uint8_t {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // read and write; made if missing
  kCreateNew,  // read and write; must not exist
  // Must not exist. For what is written from its beginning to its end, once, and seldom read soon:
  // writes must follow each other, and are in the file when sync returns, not before. Keeps memory
  // of the page cache, and the work of filling it, for others.
  kCreateBulk,
  kReadBulk,  // must exist; the same for reading: `read` of much goes past the page cache
};

struct FileStat {
  bool is_folder = false;
  uint64_t bytes = 0;
  int64_t modified_us = 0;  // since 1970
  bool is_own = true;       // the path is no link, and belongs to the user of this process
};

// A lock on a file, held until destroyed or the process dies.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

// FileSystem: files and folders by path ('/' separates). A rename or a new name is durable only
// after sync_folder of the folder that holds it.
//
// Threading:  synchronised inside.
// Failure:    kFileNotFound, kPermissionDenied, kIsFolder, kAlreadyExists, kDiskFull,
//             else kIoFailed; lock: kInUse.
class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual Result<FileStat> stat(const std::string& path) = 0;
  // Names (not paths) in the folder, sorted; without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& folder) = 0;
  // With all missing parents; the new names are durable when it returns.
  virtual Result<void> make_folders(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  // A file or an empty folder; kFileNotFound if there is none.
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> sync_folder(const std::string& path) = 0;
  // Makes the file if missing. kInUse while another holder lives.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

// "a" + "b/c" = "a/b/c"; an absolute second part wins.
std::string join_path(std::string_view folder, std::string_view name);
std::string_view parent_path(std::string_view path);
std::string_view file_name(std::string_view path);

// The whole file as one Buffer.
Result<Buffer> read_file(FileSystem& files, const std::string& path);
// Writes `path` anew so that a reader sees the old content or the whole new one, also after power
// loss: a temporary file is written, synced and renamed over it.
Result<void> replace_file(FileSystem& files, const std::string& path,
                          std::span<const std::byte> content);
// Removes a folder and all below it; nothing there is success.
Result<void> remove_tree(FileSystem& files, const std::string& path);

}  // namespace millrace::io
