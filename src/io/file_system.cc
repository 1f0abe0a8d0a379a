#include "io/file_system.h"

namespace millrace::io {

Result<Buffer> File::read(uint64_t offset, uint64_t bytes) {
  Buffer buffer = Buffer::allocate(bytes);
  buffer.truncate(MILLRACE_TRY(read_at(offset, {buffer.mutable_data(), bytes})));
  return buffer;
}

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty() || name.starts_with('/')) return std::string(name);
  std::string path(folder);
  if (!path.ends_with('/')) path += '/';
  return path += name;
}

std::string_view parent_path(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string_view::npos) return ".";
  return path.substr(0, slash == 0 ? 1 : slash);
}

std::string_view file_name(std::string_view path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<Buffer> read_file(FileSystem& files, const std::string& path) {
  const std::unique_ptr<File> file = MILLRACE_TRY(files.open(path, OpenMode::kRead));
  const uint64_t bytes = MILLRACE_TRY(file->size());
  Buffer content = Buffer::allocate(bytes);
  content.truncate(MILLRACE_TRY(file->read_at(0, {content.mutable_data(), bytes})));
  return content;
}

Result<void> replace_file(FileSystem& files, const std::string& path,
                          std::span<const std::byte> content) {
  const std::string fresh = path + ".new";
  const auto write = [&]() -> Result<void> {
    const std::unique_ptr<File> file = MILLRACE_TRY(files.open(fresh, OpenMode::kCreate));
    MILLRACE_TRY(file->truncate(0));
    MILLRACE_TRY(file->write_at(0, content));
    MILLRACE_TRY(file->sync());
    return files.rename(fresh, path);
  };
  if (Result<void> written = write(); !written) {
    // The write's own error is what the caller must hear; a leftover is overwritten next time.
    (void)files.remove(fresh);
    return written;
  }
  return files.sync_folder(std::string(parent_path(path)));
}

// Tries the plain removal first, so that a symbolic link goes and not what it points to.
Result<void> remove_tree(FileSystem& files, const std::string& path) {
  Result<void> removed = files.remove(path);
  if (removed || removed.error().code() == ErrorCode::kFileNotFound) return {};
  if (!MILLRACE_TRY(files.stat(path)).is_folder) return removed;
  for (const std::string& name : MILLRACE_TRY(files.list(path))) {
    MILLRACE_TRY(remove_tree(files, join_path(path, name)));
  }
  return files.remove(path);
}

}  // namespace millrace::io
