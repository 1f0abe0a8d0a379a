#pragma once

#include <string>

#include "base/result.h"
#include "io/world.h"

namespace millrace::cli {

// DataFolder: --data, or a temporary folder that goes when this object does. Making a temporary one
// removes those that processes of the same user have left behind, killed before they could.
//
// Threading: confined to one thread. Failure: what the file system says.
class DataFolder {
 public:
  // Empty: a temporary one.
  static Result<DataFolder> open(io::World world, std::string path);
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;

  const std::string& path() const { return path_; }
  bool temporary() const { return temporary_; }
  // Now, if it is a temporary one. Threading: from anywhere, where the process ends right after it.
  void remove() const;

 private:
  DataFolder(io::FileSystem& files, std::string path, bool temporary)
      : files_(&files), path_(std::move(path)), temporary_(temporary) {}
  io::FileSystem* files_;
  std::string path_;
  bool temporary_;
};

}  // namespace millrace::cli
