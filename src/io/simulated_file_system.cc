#include "io/simulated_file_system.h"

#include "base/assert.h"

namespace millrace::io {
namespace {

Error not_found(const std::string& path) {
  return Error(ErrorCode::kFileNotFound, "there is no such file or folder").at(path);
}

Error disk_full(const std::string& path) {
  return Error(ErrorCode::kDiskFull, "the simulated disk is full").at(path).remedy("Free space.");
}

std::string normal_parent(const std::string& path) {
  return normal_path(parent_path(path));
}

}  // namespace

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedFileSystem& files, SimulatedNodePtr node, std::string path, bool writable)
      : files_(files),
        node_(std::move(node)),
        path_(std::move(path)),
        writable_(writable),
        life_(files.life_) {}

  Result<size_t> read_at(uint64_t offset, std::span<std::byte> to) override {
    const std::lock_guard lock(files_.mutex_);
    MILLRACE_TRY(enter(FileCall::kRead, offset, to.size()));
    return node_->content.read(offset, to);
  }

  Result<void> write_at(uint64_t offset,
                        std::span<const std::span<const std::byte>> pieces) override {
    const std::lock_guard lock(files_.mutex_);
    uint64_t bytes = 0;
    for (const auto piece : pieces) bytes += piece.size();
    const auto fault = MILLRACE_TRY(enter(FileCall::kWrite, offset, bytes));
    if (!writable_) {
      return Error(ErrorCode::kPermissionDenied, "the file was opened for reading").at(path_);
    }
    MILLRACE_TRY(check_space(offset + bytes));
    if (fault && fault->effect == FaultEffect::kMisdirect) {
      offset = files_.random_.below(std::max<uint64_t>(offset, 1 << 16) * 2) / 512 * 512;
    }
    for (const auto piece : pieces) {
      node_->content.write(offset, piece);
      offset += piece.size();
    }
    node_->modified_us = files_.clock_.wall_us();
    if (fault && fault->effect == FaultEffect::kCrash) return files_.crash_during(*fault, path_);
    return {};
  }

  Result<void> sync() override {
    const std::lock_guard lock(files_.mutex_);
    auto entered = enter(FileCall::kSync);
    if (!entered) {
      if (alive()) node_->content.fail_sync();
      return entered.error();
    }
    node_->content.sync();
    ++files_.syncs_;
    return {};
  }

  Result<uint64_t> size() override {
    const std::lock_guard lock(files_.mutex_);
    MILLRACE_TRY(enter(FileCall::kSize));
    return node_->content.bytes();
  }

  Result<void> truncate(uint64_t bytes) override {
    const std::lock_guard lock(files_.mutex_);
    MILLRACE_TRY(enter(FileCall::kTruncate, bytes));
    if (!writable_) {
      return Error(ErrorCode::kPermissionDenied, "the file was opened for reading").at(path_);
    }
    MILLRACE_TRY(check_space(bytes));
    node_->content.truncate(bytes);
    node_->modified_us = files_.clock_.wall_us();
    return {};
  }

  Result<void> drop_cache() override {
    const std::lock_guard lock(files_.mutex_);
    MILLRACE_TRY(enter(FileCall::kDropCache));
    node_->content.drop_cache();
    return {};
  }

 private:
  bool alive() const { return !files_.crashed_ && files_.life_ == life_; }

  Result<std::optional<Fault>> enter(FileCall call, uint64_t first = 0, uint64_t second = 0) {
    if (!files_.crashed_ && files_.life_ != life_) {
      return Error(ErrorCode::kIoFailed, "the file was opened before the crash").at(path_);
    }
    return files_.enter(call, path_, first, second);
  }

  Result<void> check_space(uint64_t end) const {
    const uint64_t bytes = node_->content.bytes();
    if (files_.disk_bytes_max_ == 0 || end <= bytes) return {};
    if (files_.names_.used_bytes() - bytes + end > files_.disk_bytes_max_) return disk_full(path_);
    return {};
  }

  SimulatedFileSystem& files_;
  const SimulatedNodePtr node_;
  const std::string path_;
  const bool writable_;
  const uint64_t life_;
};

class SimulatedFileLock final : public FileLock {
 public:
  SimulatedFileLock(SimulatedFileSystem& files, SimulatedNodePtr node)
      : files_(files), node_(std::move(node)), life_(files.life_) {
    node_->locked = true;
  }
  ~SimulatedFileLock() override {
    const std::lock_guard lock(files_.mutex_);
    if (files_.life_ == life_) node_->locked = false;
  }

 private:
  SimulatedFileSystem& files_;
  const SimulatedNodePtr node_;
  const uint64_t life_;
};

std::optional<Fault> SimulatedFileSystem::take_fault(FileCall call, const std::string& path) {
  std::optional<Fault> hit;
  for (auto next = faults_.begin(); next != faults_.end();) {
    const auto pending = next++;
    const Fault& fault = pending->fault;
    if (fault.call != FileCall::kAny && fault.call != call) continue;
    if (path.find(fault.path_part) == std::string::npos) continue;
    if (++pending->matched < fault.nth) continue;
    if (!hit) hit = fault;
    if (!fault.lasting) faults_.erase(pending);
  }
  return hit;
}

Result<std::optional<Fault>> SimulatedFileSystem::enter(FileCall call, const std::string& path,
                                                        uint64_t first, uint64_t second) {
  if (crashed_) return Error(ErrorCode::kIoFailed, "the simulated machine is down").at(path);
  ++calls_;
  trace_.note(path, (first << 8) | static_cast<uint64_t>(call), second);
  std::optional<Fault> fault = take_fault(call, path);
  if (!fault) return fault;
  trace_.note("fault", static_cast<uint64_t>(fault->effect));
  switch (fault->effect) {
    case FaultEffect::kFail:
      return Error(fault->code, "a simulated fault").at(path);
    case FaultEffect::kSlow:
      clock_.advance(fault->slow_ns);
      break;
    case FaultEffect::kCrash:
      // A write goes to the cache first, so that the crash may tear it.
      if (call != FileCall::kWrite) return crash_during(*fault, path);
      break;
    case FaultEffect::kMisdirect:
      break;
  }
  return fault;
}

Error SimulatedFileSystem::crash_during(const Fault& fault, const std::string& path) {
  crash_locked(fault.crash);
  return Error(ErrorCode::kIoFailed, "the simulated machine crashed").at(path);
}

void SimulatedFileSystem::crash_locked(CrashMode mode) {
  MILLRACE_ASSERT(!crashed_);
  trace_.note("crash", static_cast<uint64_t>(mode));
  names_.crash(mode, random_);
  ++life_;
  crashed_ = true;
}

SimulatedNodePtr SimulatedFileSystem::existing(const std::string& path) const {
  SimulatedNodePtr node = names_.find(normal_path(path));
  MILLRACE_ASSERT(node != nullptr && !node->is_folder);
  return node;
}

Result<SimulatedNodePtr> SimulatedFileSystem::open_node(const std::string& path, OpenMode mode) {
  const std::string name = normal_path(path);
  if (names_.is_folder(name)) {
    return Error(ErrorCode::kIsFolder, "a file was expected, but this is a folder").at(path);
  }
  SimulatedNodePtr node = names_.find(name);
  if (node != nullptr) {
    if (mode != OpenMode::kCreateNew && mode != OpenMode::kCreateBulk) return node;
    return Error(ErrorCode::kAlreadyExists, "the file exists already").at(path);
  }
  const bool creates =
      mode == OpenMode::kCreate || mode == OpenMode::kCreateNew || mode == OpenMode::kCreateBulk;
  if (!creates || !names_.is_folder(normal_parent(name))) return not_found(path);
  node = std::make_shared<SimulatedNode>();
  node->modified_us = clock_.wall_us();
  names_.link(name, node);
  return node;
}

Result<std::unique_ptr<File>> SimulatedFileSystem::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kOpen, path, static_cast<uint64_t>(mode)));
  SimulatedNodePtr node = MILLRACE_TRY(open_node(path, mode));
  return std::make_unique<SimulatedFile>(*this, std::move(node), path,
                                         mode != OpenMode::kRead && mode != OpenMode::kReadBulk);
}

Result<FileStat> SimulatedFileSystem::stat(const std::string& path) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kStat, path));
  const std::string name = normal_path(path);
  if (names_.is_folder(name)) return FileStat{.is_folder = true};
  const SimulatedNodePtr node = names_.find(name);
  if (node == nullptr) return not_found(path);
  return FileStat{.bytes = node->content.bytes(), .modified_us = node->modified_us};
}

Result<std::vector<std::string>> SimulatedFileSystem::list(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kList, folder));
  const std::string name = normal_path(folder);
  if (!names_.is_folder(name)) return not_found(folder);
  return names_.children(name);
}

Result<void> SimulatedFileSystem::make_folders(const std::string& path) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kMakeFolders, path));
  const std::string name = normal_path(path);
  for (size_t end = name.find('/', 1); !name.empty(); end = name.find('/', end + 1)) {
    const std::string folder = name.substr(0, end);
    if (!names_.is_folder(folder)) {
      if (names_.find(folder) != nullptr) {
        return Error(ErrorCode::kAlreadyExists, "a file has the folder's name").at(folder);
      }
      auto node = std::make_shared<SimulatedNode>();
      node->is_folder = true;
      names_.link(folder, std::move(node));
      names_.sync_folder(normal_parent(folder));
    }
    if (end == std::string::npos) break;
  }
  return {};
}

Result<void> SimulatedFileSystem::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kRename, from));
  const std::string old_name = normal_path(from);
  const std::string new_name = normal_path(to);
  const SimulatedNodePtr node = names_.find(old_name);
  if (node == nullptr) return not_found(from);
  if (!names_.is_folder(normal_parent(new_name))) return not_found(to);
  if (old_name == new_name) return {};
  if (const SimulatedNodePtr replaced = names_.find(new_name)) {
    if (replaced->is_folder && !node->is_folder) {
      return Error(ErrorCode::kIsFolder, "a folder has the new name").at(to);
    }
    if (replaced->is_folder != node->is_folder || !names_.children(new_name).empty()) {
      return Error(ErrorCode::kIoFailed, "the new name is taken").at(to);
    }
  }
  if (node->is_folder && new_name.starts_with(old_name + "/")) {
    return Error(ErrorCode::kIoFailed, "a folder cannot move into itself").at(to);
  }
  names_.rename(old_name, new_name);
  return {};
}

Result<void> SimulatedFileSystem::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kRemove, path));
  const std::string name = normal_path(path);
  if (names_.find(name) == nullptr) return not_found(path);
  if (!names_.children(name).empty()) {
    return Error(ErrorCode::kIoFailed, "cannot remove it: the folder is not empty").at(path);
  }
  names_.unlink(name);
  return {};
}

Result<void> SimulatedFileSystem::sync_folder(const std::string& path) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kSyncFolder, path));
  const std::string name = normal_path(path);
  if (!names_.is_folder(name)) return not_found(path);
  names_.sync_folder(name);
  return {};
}

Result<std::unique_ptr<FileLock>> SimulatedFileSystem::lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  MILLRACE_TRY(enter(FileCall::kLock, path));
  SimulatedNodePtr node = MILLRACE_TRY(open_node(path, OpenMode::kCreate));
  if (node->locked) {
    return Error(ErrorCode::kInUse, "another process holds the lock")
        .at(path)
        .remedy("Stop that process, or name another folder.");
  }
  return std::make_unique<SimulatedFileLock>(*this, std::move(node));
}

void SimulatedFileSystem::inject(Fault fault) {
  const std::lock_guard lock(mutex_);
  MILLRACE_ASSERT(fault.nth > 0);
  faults_.push_back({std::move(fault)});
}

void SimulatedFileSystem::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

uint64_t SimulatedFileSystem::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

uint64_t SimulatedFileSystem::syncs() const {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

void SimulatedFileSystem::crash(CrashMode mode) {
  const std::lock_guard lock(mutex_);
  crash_locked(mode);
}

bool SimulatedFileSystem::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

void SimulatedFileSystem::recover() {
  const std::lock_guard lock(mutex_);
  crashed_ = false;
}

void SimulatedFileSystem::limit_disk(uint64_t bytes_max) {
  const std::lock_guard lock(mutex_);
  disk_bytes_max_ = bytes_max;
}

void SimulatedFileSystem::flip_bit(const std::string& path, uint64_t offset, int bit) {
  const std::lock_guard lock(mutex_);
  existing(path)->content.flip_bit(offset, bit);
}

void SimulatedFileSystem::discard_writes(const std::string& path) {
  const std::lock_guard lock(mutex_);
  existing(path)->content.discard_writes();
}

uint64_t SimulatedFileSystem::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return names_.held_bytes();
}

}  // namespace millrace::io
