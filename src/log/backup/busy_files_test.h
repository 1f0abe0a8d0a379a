#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/file_system.h"

namespace millrace::log {

// BusyFiles: a file system between whose calls something else happens, as between those of a
// process beside others; for tests only.
class BusyFiles final : public io::FileSystem {
 public:
  BusyFiles(io::FileSystem& files, std::function<void(const std::string& path)> meanwhile)
      : files_(files), meanwhile_(std::move(meanwhile)) {}

  Result<std::unique_ptr<io::File>> open(const std::string& path, io::OpenMode mode) override {
    meanwhile_(path);
    auto file = files_.open(path, mode);
    if (!file) return file;
    return std::make_unique<BusyFile>(*this, path, std::move(*file));
  }
  Result<io::FileStat> stat(const std::string& path) override { return busy(path).stat(path); }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    return busy(folder).list(folder);
  }
  Result<void> make_folders(const std::string& path) override {
    return busy(path).make_folders(path);
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return busy(from).rename(from, to);
  }
  Result<void> remove(const std::string& path) override { return busy(path).remove(path); }
  Result<void> sync_folder(const std::string& path) override {
    return busy(path).sync_folder(path);
  }
  Result<std::unique_ptr<io::FileLock>> lock(const std::string& path) override {
    return busy(path).lock(path);
  }

 private:
  class BusyFile final : public io::File {
   public:
    BusyFile(BusyFiles& files, std::string path, std::unique_ptr<io::File> file)
        : files_(files), path_(std::move(path)), file_(std::move(file)) {}
    // Half of what is read is read later than the other.
    Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) override {
      files_.meanwhile_(path_);
      const size_t half = to.size() / 2;
      const size_t got = MILLRACE_TRY(file_->read_at(offset, to.first(half)));
      if (got < half) return got;
      files_.meanwhile_(path_);
      return half + MILLRACE_TRY(file_->read_at(offset + half, to.subspan(half)));
    }
    Result<void> write_at(uint64_t offset,
                          std::span<const std::span<const std::byte>> pieces) override {
      files_.meanwhile_(path_);
      return file_->write_at(offset, pieces);
    }
    Result<void> sync() override { return file_->sync(); }
    Result<uint64_t> size() override { return file_->size(); }
    Result<void> truncate(uint64_t bytes) override { return file_->truncate(bytes); }
    Result<void> drop_cache() override { return file_->drop_cache(); }

   private:
    BusyFiles& files_;
    const std::string path_;
    const std::unique_ptr<io::File> file_;
  };

  io::FileSystem& busy(const std::string& path) {
    meanwhile_(path);
    return files_;
  }

  io::FileSystem& files_;
  const std::function<void(const std::string& path)> meanwhile_;
};

}  // namespace millrace::log
