#include "log/backup/restore.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "log/data_format.h"
#include "log/ring/ring_files.h"

namespace millrace::log {
namespace {

constexpr std::string_view kRestoringName = "restoring";
// What may be in a folder that is as good as empty: what a file system puts into its own root, and
// what was left by somebody who did not come far.
constexpr std::string_view kNoData[] = {"lost+found", kLockName, kRestoringName, "restoring.new"};

// One file of a backup after another, checked against the manifest.
class BackupReader {
 public:
  BackupReader(io::FileSystem& files, const RestoreOptions& options, const BackupManifest& manifest)
      : files_(files), from_(options.from), carrier_(files, options.stop, options.watch) {
    carrier_.expect(manifest.bytes());
  }

  Result<void> read(const BackupFile& file, const FileCarrier::Visit& visit) {
    const auto source = MILLRACE_TRY(open(file));
    return check(file, carrier_.read(*source, file.bytes, visit));
  }
  Result<void> copy(const BackupFile& file, const std::string& to) {
    const auto source = MILLRACE_TRY(open(file));
    return check(file, carrier_.copy(*source, file.bytes, to));
  }

 private:
  std::string path(const BackupFile& file) const { return io::join_path(from_, file.path); }

  Error damaged(const BackupFile& file, std::string what) const {
    return Error(ErrorCode::kMalformedFile, std::move(what))
        .at(path(file))
        .remedy("Use another backup; this one cannot be restored.");
  }

  Result<std::unique_ptr<io::File>> open(const BackupFile& file) {
    auto source = files_.open(path(file), io::OpenMode::kReadBulk);
    if (!source && source.error().code() == ErrorCode::kFileNotFound) {
      return damaged(file, "a file of the backup is missing");
    }
    if (!source) return source;
    const uint64_t bytes = MILLRACE_TRY((*source)->size());
    if (bytes == file.bytes) return source;
    return damaged(
        file, fmt::format("a file of the backup has {} bytes instead of {}", bytes, file.bytes));
  }

  Result<void> check(const BackupFile& file, Result<uint32_t> crc) {
    if (!crc && crc.error().code() == ErrorCode::kMalformedFile) {
      return damaged(file, crc.error().message());
    }
    if (!crc) return crc.error();
    if (*crc == file.crc) return {};
    return damaged(file, fmt::format("a file of the backup does not match its checksum: {:08x} "
                                     "instead of {:08x}",
                                     *crc, file.crc));
  }

  io::FileSystem& files_;
  const std::string from_;
  FileCarrier carrier_;
};

class Restore {
 public:
  Restore(io::FileSystem& files, const RestoreOptions& options, const BackupManifest& manifest)
      : files_(files),
        data_(options.data),
        manifest_(manifest),
        reader_(files, options, manifest) {}

  Result<void> run() {
    MILLRACE_TRY(open_folder());
    auto written = write();
    // What cannot be removed is by the next restore into the folder.
    if (!written) (void)clear(true);
    return written;
  }

 private:
  std::string path(std::string_view name) const { return io::join_path(data_, name); }
  Result<void> open_folder();
  Result<void> clear(bool all);
  Result<void> write();
  Result<void> write_ring();
  Result<void> put_text(std::string_view name, std::string_view text);

  io::FileSystem& files_;
  const std::string data_;
  const BackupManifest& manifest_;
  BackupReader reader_;
  bool made_ = false;
  std::unique_ptr<io::FileLock> lock_;
};

Result<void> Restore::open_folder() {
  made_ = !files_.stat(data_);
  MILLRACE_TRY(files_.make_folders(data_));
  const auto names = MILLRACE_TRY(files_.list(data_));
  const auto holds = [&](std::string_view name) {
    return std::ranges::find(names, name) != names.end();
  };
  // With `format` it is whole, and may have been used since.
  const bool interrupted = holds(kRestoringName) && !holds(kFormatName);
  const auto other = std::ranges::find_if(names, [](const std::string& name) {
    return std::ranges::find(kNoData, name) == std::end(kNoData);
  });
  if (other != names.end() && !interrupted) {
    return Error(ErrorCode::kAlreadyExists, fmt::format("the folder is not empty: '{}'", *other))
        .at(data_)
        .remedy("Name an empty folder, or one that is not there yet; nothing was changed.");
  }
  lock_ = MILLRACE_TRY(files_.lock(path(kLockName)));
  MILLRACE_TRY(put_text(kRestoringName, "a restore is under way, or was interrupted\n"));
  // A folder with a ring and without `format` is refused by every start.
  return clear(false);
}

// Without `all`, what says that a restore is under way stays.
Result<void> Restore::clear(bool all) {
  // First, what would make it look like a data directory.
  for (const std::string_view name :
       {kFormatName, kSegmentsName, kCheckpointName, kRingName, kGenerationName}) {
    MILLRACE_TRY(io::remove_tree(files_, path(name)));
  }
  MILLRACE_TRY(files_.sync_folder(data_));
  if (!all) return {};
  MILLRACE_TRY(io::remove_tree(files_, path(kRestoringName)));
  MILLRACE_TRY(io::remove_tree(files_, path(kLockName)));
  return made_ ? files_.remove(data_) : Result<void>();
}

Result<void> Restore::put_text(std::string_view name, std::string_view text) {
  return io::replace_file(files_, path(name), std::as_bytes(std::span(text)));
}

Result<void> Restore::write() {
  for (const std::string_view name : {kRingName, kSegmentsName, kCheckpointName}) {
    MILLRACE_TRY(files_.make_folders(path(name)));
  }
  for (const BackupFile& file : manifest_.files) {
    if (&file != &manifest_.files.back()) MILLRACE_TRY(reader_.copy(file, path(file.path)));
  }
  MILLRACE_TRY(write_ring());
  MILLRACE_TRY(put_text(kGenerationName, generation_text(manifest_.generation)));
  for (const std::string_view name : {kRingName, kSegmentsName, kCheckpointName}) {
    MILLRACE_TRY(files_.sync_folder(path(name)));
  }
  MILLRACE_TRY(files_.sync_folder(data_));
  MILLRACE_TRY(put_text(kFormatName, kFormatLine));
  MILLRACE_TRY(files_.remove(path(kRestoringName)));
  return files_.sync_folder(data_);
}

// The runs, which stand in the backup's file one behind the other, go to their addresses.
Result<void> Restore::write_ring() {
  const auto ring = MILLRACE_TRY(RingFiles::make(files_, path(kRingName), manifest_.ring_files));
  auto run = manifest_.runs.begin();
  uint64_t into = 0;  // bytes of the run that are in place
  MILLRACE_TRY(reader_.read(
      manifest_.files.back(), [&](uint64_t, std::span<const std::byte> bytes) -> Result<void> {
        while (!bytes.empty()) {
          for (; into == run->bytes; ++run) into = 0;
          const auto part = bytes.first(std::min<uint64_t>(bytes.size(), run->bytes - into));
          MILLRACE_TRY(ring->write(run->address + into, std::span(&part, 1)));
          into += part.size();
          bytes = bytes.subspan(part.size());
        }
        return {};
      }));
  return ring->sync_all();
}

}  // namespace

Result<BackupManifest> restore(io::World world, const RestoreOptions& options) {
  const BackupManifest manifest = MILLRACE_TRY(read_manifest(world.files, options.from));
  MILLRACE_TRY(Restore(world.files, options, manifest).run());
  return manifest;
}

Result<BackupManifest> verify_backup(io::World world, const RestoreOptions& options) {
  const BackupManifest manifest = MILLRACE_TRY(read_manifest(world.files, options.from));
  BackupReader reader(world.files, options, manifest);
  for (const BackupFile& file : manifest.files) {
    MILLRACE_TRY(
        reader.read(file, [](uint64_t, std::span<const std::byte>) -> Result<void> { return {}; }));
  }
  return manifest;
}

}  // namespace millrace::log
