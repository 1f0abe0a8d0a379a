#include "log/backup/backup_folder.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <span>

namespace millrace::log {
namespace {

constexpr std::string_view kUnfinishedName = "unfinished";
constexpr std::array kFolders{kSegmentsName, kCheckpointName, kRingName};
// What a file system puts into its own root.
constexpr std::string_view kLostAndFound = "lost+found";
constexpr std::string_view kOtherFolder =
    "Name an empty folder, or one that holds an earlier backup of this data directory.";

bool is_folder_of_backup(std::string_view name) {
  return std::ranges::find(kFolders, name) != kFolders.end();
}

}  // namespace

Result<BackupFolder> BackupFolder::open(io::FileSystem& files, std::string path) {
  BackupFolder folder(files, std::move(path));
  folder.made_ = !files.stat(folder.path_);
  MILLRACE_TRY(files.make_folders(folder.path_));
  MILLRACE_TRY(folder.check_names());
  auto before = read_manifest(files, folder.path_);
  if (before) {
    folder.before_ = *std::move(before);
  } else if (before.error().code() != ErrorCode::kFileNotFound) {
    return std::move(before.error());
  }
  folder.lock_ = MILLRACE_TRY(files.lock(io::join_path(folder.path_, kUnfinishedName)));
  MILLRACE_TRY(files.sync_folder(folder.path_));
  for (const std::string_view name : kFolders) {
    MILLRACE_TRY(files.make_folders(io::join_path(folder.path_, name)));
  }
  return folder;
}

Result<void> BackupFolder::check_names() {
  const auto names = MILLRACE_TRY(files_->list(path_));
  const auto holds = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  const bool is_backup = holds(kManifestName) || holds(kUnfinishedName);
  for (const std::string& name : names) {
    const bool known = name == kLostAndFound || name.starts_with(kManifestName) ||
                       name == kUnfinishedName || (is_backup && is_folder_of_backup(name));
    if (known) continue;
    return Error(ErrorCode::kAlreadyExists,
                 fmt::format("the folder holds something else than a backup: '{}'", name))
        .at(path_)
        .remedy(std::string(kOtherFolder));
  }
  return {};
}

std::string BackupFolder::ring_path() const {
  uint64_t number = 0;
  if (before_) {
    const std::string_view last = io::file_name(before_->files.back().path);
    std::from_chars(last.data(), last.data() + last.size(), number);
  }
  return fmt::format("{}/{:06}", kRingName, number + 1);
}

Result<const BackupFile*> BackupFolder::same_as(const std::string& path,
                                                const io::FileStat& found) {
  const BackupFile* file = before_ ? before_->find(path) : nullptr;
  if (file == nullptr) return nullptr;
  if (file->bytes != found.bytes || file->modified_us != found.modified_us) {
    return Error(ErrorCode::kAlreadyExists,
                 "the folder holds a backup of another data directory, or of this one from before "
                 "it was restored")
        .at(io::join_path(path_, path))
        .remedy(std::string(kOtherFolder));
  }
  const auto here = files_->stat(io::join_path(path_, path));
  if (here && here->bytes == file->bytes) return file;
  return Error(ErrorCode::kMalformedFile, "the backup that is in the folder has lost this file")
      .at(io::join_path(path_, path))
      .remedy("Name an empty folder.");
}

Result<void> BackupFolder::remove_unnamed(const BackupManifest& manifest) {
  for (const std::string_view folder : kFolders) {
    const std::string path = io::join_path(path_, folder);
    const auto names = files_->list(path);
    if (!names && names.error().code() == ErrorCode::kFileNotFound) continue;
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (manifest.find(io::join_path(folder, name)) != nullptr) continue;
      MILLRACE_TRY(files_->remove(io::join_path(path, name)));
    }
  }
  return {};
}

Result<void> BackupFolder::finish(const BackupManifest& manifest) {
  for (const std::string_view name : kFolders) {
    MILLRACE_TRY(files_->sync_folder(io::join_path(path_, name)));
  }
  const std::string text = to_text(manifest);
  MILLRACE_TRY(io::replace_file(*files_, io::join_path(path_, kManifestName),
                                std::as_bytes(std::span(text))));
  // The backup is there; what cannot be removed now is by the next one.
  (void)remove_unnamed(manifest);
  (void)files_->remove(io::join_path(path_, kUnfinishedName));
  lock_.reset();
  return {};
}

// Whatever cannot be removed is removed by the next backup. A manifest that is in place, but
// perhaps not durably so, keeps its files, and so does the one before.
void BackupFolder::give_up() {
  BackupManifest kept = before_.value_or(BackupManifest());
  const auto now = read_manifest(*files_, path_);
  if (now) std::ranges::copy(now->files, std::back_inserter(kept.files));
  const bool none = !now && now.error().code() == ErrorCode::kFileNotFound && !before_;
  if (now || none) (void)remove_unnamed(kept);
  if (none) {
    for (const std::string_view name : kFolders) (void)files_->remove(io::join_path(path_, name));
  }
  (void)files_->remove(io::join_path(path_, kUnfinishedName));
  if (made_ && none) (void)files_->remove(path_);
  lock_.reset();
}

}  // namespace millrace::log
