#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/backup/file_carrier.h"

namespace millrace::log {

// KeptCopy: a folder in a data directory, `given-up/<n>`, with all that a repair changes or leaves
// behind, as it was. It has the layout of a data directory: `millrace log dump` reads it.
//
// Threading:  confined to one thread; blocks.
class KeptCopy {
 public:
  // A new folder, with the directory's small files, its checkpoints and the ring.
  // kDiskFull, and whatever copying gives: the folder is left as far as it came, nothing else.
  static Result<KeptCopy> make(io::FileSystem& files, const std::string& data,
                               FileCarrier& carrier);

  const std::string& folder() const { return folder_; }
  // That file of `segments`, if it is there.
  Result<void> add_segment(uint64_t number);

 private:
  KeptCopy(io::FileSystem& files, std::string data, std::string folder, FileCarrier& carrier)
      : files_(&files), data_(std::move(data)), folder_(std::move(folder)), carrier_(&carrier) {}
  Result<void> add_all_of(const std::string& name);
  Result<void> add(const std::string& name);

  io::FileSystem* files_;
  std::string data_;
  std::string folder_;
  FileCarrier* carrier_;
};

}  // namespace millrace::log
