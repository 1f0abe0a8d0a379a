#pragma once

#include <list>
#include <mutex>
#include <optional>

#include "io/fault_plan.h"
#include "io/file_system.h"
#include "io/simulated_clock.h"
#include "io/simulated_names.h"
#include "io/trace.h"

namespace millrace::io {

// SimulatedFileSystem: a disk in memory that keeps apart what was synced and what was not, and
// fails as it is told.
//
// Threading:  synchronised inside.
// Ownership:  clock, random and trace outlive it; it outlives its files and locks.
// Order:      after a crash every call fails, also on files opened before; recover() starts anew,
//             and what was opened before stays dead.
class SimulatedFileSystem final : public FileSystem {
 public:
  SimulatedFileSystem(SimulatedClock& clock, SimulatedRandom& random, Trace& trace)
      : clock_(clock), random_(random), trace_(trace) {}

  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Result<FileStat> stat(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> make_folders(const std::string& path) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> remove(const std::string& path) override;
  Result<void> sync_folder(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

  void inject(Fault fault);
  // Forgets the faults that have not come up yet.
  void clear_faults();
  // Calls so far: all, and the successful syncs of files.
  uint64_t calls() const;
  uint64_t syncs() const;

  void crash(CrashMode mode);
  bool crashed() const;
  // The machine is up again, with what the crash has left.
  void recover();

  // Writes that would make all files together larger than this get kDiskFull; 0: no limit.
  void limit_disk(uint64_t bytes_max);
  // REQUIRES, all: the file exists, and the offset lies in it.
  void flip_bit(const std::string& path, uint64_t offset, int bit);
  // Forgets what is written to the file from now on; it reads as zeroes.
  void discard_writes(const std::string& path);
  // Memory that the content of all files takes.
  uint64_t held_bytes() const;

 private:
  friend class SimulatedFile;
  friend class SimulatedFileLock;
  struct Pending {
    Fault fault;
    uint64_t matched = 0;
  };
  // All with mutex_ held.
  // What shall happen to this call: nothing (nullopt), kCrash or kMisdirect; or its error.
  Result<std::optional<Fault>> enter(FileCall call, const std::string& path, uint64_t first = 0,
                                     uint64_t second = 0);
  std::optional<Fault> take_fault(FileCall call, const std::string& path);
  Error crash_during(const Fault& fault, const std::string& path);
  void crash_locked(CrashMode mode);
  Result<SimulatedNodePtr> open_node(const std::string& path, OpenMode mode);
  SimulatedNodePtr existing(const std::string& path) const;

  SimulatedClock& clock_;
  SimulatedRandom& random_;
  Trace& trace_;
  mutable std::mutex mutex_;
  SimulatedNames names_;
  std::list<Pending> faults_;
  uint64_t calls_ = 0;
  uint64_t syncs_ = 0;
  uint64_t disk_bytes_max_ = 0;
  uint64_t life_ = 0;  // raised by a crash
  bool crashed_ = false;
};

}  // namespace millrace::io
