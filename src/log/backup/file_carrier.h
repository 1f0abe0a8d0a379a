#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "io/file_system.h"

namespace millrace::log {

// How far a backup or restore is, of what is known to be to do.
struct CopyProgress {
  uint64_t bytes = 0;
  uint64_t bytes_total = 0;
};

// FileCarrier: takes files from here to there, with their checksums, past the page cache where the
// system can.
//
// Threading:  confined to one thread; blocks on files.
// Failure:    kCancelled once stop is requested; else what the file system says.
class FileCarrier {
 public:
  using Watch = std::function<void(const CopyProgress&)>;
  using Visit = std::function<Result<void>(uint64_t offset, std::span<const std::byte>)>;

  FileCarrier(io::FileSystem& files, std::stop_token stop, Watch watch)
      : files_(files), stop_(std::move(stop)), watch_(std::move(watch)) {}

  void expect(uint64_t bytes) { progress_.bytes_total += bytes; }
  // The first `bytes` bytes of the file in pieces; returns their CRC. kMalformedFile: there are
  // fewer.
  Result<uint32_t> read(io::File& from, uint64_t bytes, const Visit& visit);
  // The same, into a new file, synced; what had its name goes.
  Result<uint32_t> copy(io::File& from, uint64_t bytes, const std::string& to);
  // What is in memory, in the same way.
  Result<uint32_t> put(const std::vector<Buffer>& content, const std::string& to);
  Result<void> check_stop() const;

 private:
  Result<std::unique_ptr<io::File>> create(const std::string& path);
  void note(uint64_t bytes);

  io::FileSystem& files_;
  const std::stop_token stop_;
  const Watch watch_;
  CopyProgress progress_;
};

}  // namespace millrace::log
