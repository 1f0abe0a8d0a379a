#include "cli/data_folder.h"

#include <fmt/core.h>

#include <cstdlib>
#include <utility>

#include "io/file_system.h"

namespace millrace::cli {

Result<DataFolder> DataFolder::open(io::World world, std::string path) {
  const bool temporary = path.empty();
  if (temporary) {
    const char* folder = std::getenv("TMPDIR");
    path = io::join_path(folder != nullptr ? folder : P_tmpdir,
                         fmt::format("millrace-{:016x}", world.random.next()));
  }
  MILLRACE_TRY(world.files.make_folders(path));
  return DataFolder(world.files, std::move(path), temporary);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : files_(other.files_),
      path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, false)) {}

DataFolder::~DataFolder() {
  remove();
}

void DataFolder::remove() const {
  // What cannot be removed stays in the system's temporary folder, which the system empties.
  if (temporary_) (void)io::remove_tree(*files_, path_);
}

}  // namespace millrace::cli
