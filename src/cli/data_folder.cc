#include "cli/data_folder.h"

#include <fmt/core.h>

#include <cstdlib>
#include <utility>

#include "io/file_system.h"

namespace millrace::cli {
namespace {

constexpr std::string_view kPrefix = "millrace-";
constexpr size_t kDigits = 16;
// A process locks its folder as soon as it has made it; a younger one may not have yet.
constexpr int64_t kMadeUs = 60'000'000;

bool is_temporary_name(std::string_view name) {
  return name.starts_with(kPrefix) && name.size() == kPrefix.size() + kDigits &&
         name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

// Whoever made the folder holds its lock as long as he lives.
Result<void> remove_if_left_behind(io::World world, const std::string& path) {
  const io::FileStat found = MILLRACE_TRY(world.files.stat(path));
  const bool is_old = found.modified_us + kMadeUs < world.clock.wall_us();
  if (!found.is_folder || !found.is_own || !is_old) return {};
  const auto lock = MILLRACE_TRY(world.files.lock(io::join_path(path, "lock")));
  return io::remove_tree(world.files, path);
}

// What cannot be looked at or removed stays.
void remove_left_behind(io::World world, const std::string& folder) {
  const auto names = world.files.list(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (is_temporary_name(name)) (void)remove_if_left_behind(world, io::join_path(folder, name));
  }
}

}  // namespace

Result<DataFolder> DataFolder::open(io::World world, std::string path) {
  const bool temporary = path.empty();
  if (temporary) {
    const char* chosen = std::getenv("TMPDIR");
    const std::string folder = chosen != nullptr ? chosen : P_tmpdir;
    remove_left_behind(world, folder);
    path = io::join_path(folder, fmt::format("{}{:016x}", kPrefix, world.random.next()));
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
