#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/file_system.h"
#include "log/backup/manifest.h"

namespace millrace::log {

// BackupFolder: where a backup is being written: an empty folder, or one with the backup before it,
// which stays whole until the new manifest is in place.
//
// Threading:  confined to one thread.
// Order:      open, then files are put below path, then finish or give_up, once. Neither (the
//             process died): the next backup into the folder removes what is left.
// Failure:    open: kAlreadyExists: it holds something else; kInUse: a backup is being written
//             into it; what the manifest that is there says.
class BackupFolder {
 public:
  static Result<BackupFolder> open(io::FileSystem& files, std::string path);

  const std::string& path() const { return path_; }
  // The backup that is there.
  const std::optional<BackupManifest>& before() const { return before_; }
  // Of the next backup.
  std::string ring_path() const;
  // A file of the backup before that is as the data directory's, which has `found`; nullptr: there
  // is none of its name. kAlreadyExists: there is one that is not, so it is of other data.
  Result<const BackupFile*> same_as(const std::string& path, const io::FileStat& found);

  // REQUIRES: all files of the manifest are there and synced. Removes what it does not name.
  Result<void> finish(const BackupManifest& manifest);
  // Leaves what was there before.
  void give_up();

 private:
  BackupFolder(io::FileSystem& files, std::string path) : files_(&files), path_(std::move(path)) {}
  Result<void> check_names();
  Result<void> remove_unnamed(const BackupManifest& manifest);

  io::FileSystem* files_;
  std::string path_;
  bool made_ = false;  // by this
  std::unique_ptr<io::FileLock> lock_;
  std::optional<BackupManifest> before_;
};

}  // namespace millrace::log
