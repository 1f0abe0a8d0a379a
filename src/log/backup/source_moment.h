#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "io/file_system.h"
#include "log/backup/ring_tail.h"
#include "log/settle/checkpoint.h"

namespace millrace::log {

// SourceMoment: a data directory as of one LSN: a checkpoint, what the ring holds behind it, and
// the segment files that either names, held open, so that they can be read even when they have been
// removed meanwhile.
//
// Threading:  confined to one thread.
// Ownership:  what it is given outlives it.
// Order:      take, once; if it says so, what it holds may be used.
// Failure:    kRingDamaged with the place.
class SourceMoment {
 public:
  struct OpenFile {
    std::unique_ptr<io::File> file;
    io::FileStat stat;
  };
  // Of segment files whose content the caller has already.
  using Has = std::function<bool(uint64_t number)>;

  SourceMoment(io::FileSystem& files, const std::string& data, Has has);

  // False: the directory changed so that it has to be looked at again. `checkpoint` was the newest
  // a moment ago.
  Result<bool> take(const std::optional<Checkpoint>& checkpoint);

  const std::optional<Checkpoint>& checkpoint() const { return checkpoint_; }
  const Buffer& checkpoint_content() const { return checkpoint_content_; }
  const io::FileStat& checkpoint_stat() const { return checkpoint_stat_; }
  // Numbers of all segment files that belong to the moment.
  const std::set<uint64_t>& named() const { return named_; }
  // Those of them that the caller has not.
  std::map<uint64_t, OpenFile>& open_files() { return open_; }
  RingTail& tail() { return *tail_; }
  const RingFiles& ring() const { return *ring_; }

 private:
  Result<void> read_checkpoint();
  Result<void> hold(const SegmentName& name);
  Result<void> hold_all();
  // What follows from where the chain of the ring ended.
  Result<bool> judge();
  Error damaged() const;

  io::FileSystem& files_;
  const std::string data_;
  const Has has_;
  std::optional<Checkpoint> checkpoint_;
  Buffer checkpoint_content_;
  io::FileStat checkpoint_stat_;
  std::unique_ptr<RingFiles> ring_;
  std::optional<RingTail> tail_;
  std::set<uint64_t> named_;
  std::map<uint64_t, OpenFile> open_;
  std::string gone_;  // a file that was named and is not there
};

// As load_checkpoint, where another process may be replacing it.
Result<std::optional<Checkpoint>> newest_checkpoint(io::FileSystem& files, const std::string& data);
std::string segment_path(std::string_view folder, uint64_t number);
// Each file that a checkpoint names.
std::vector<SegmentName> named_by(const Checkpoint& checkpoint);

}  // namespace millrace::log
