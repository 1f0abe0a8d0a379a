#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "io/file_system.h"
#include "log/settle/segment.h"

namespace millrace::log {

class SegmentWriter;

// SegmentStore: the folder of segment files: hands out numbers, keeps a bounded number of files
// open, knows which files somebody still names.
//
// Threading:  synchronised inside.
// Ownership:  outlives every Segment and SegmentWriter it made.
class SegmentStore {
 public:
  static Result<std::unique_ptr<SegmentStore>> open(io::FileSystem& files, std::string folder,
                                                    bool sync);

  // A new file, to be written.
  Result<std::unique_ptr<SegmentWriter>> create();
  // Reads the footer of a file that a checkpoint or the ring names; one Segment per number.
  // kRingDamaged: the file is missing or not the one that was named.
  Result<SegmentPtr> load(const SegmentName& name);

  // Every file in the folder.
  std::vector<uint64_t> numbers() const;
  // Files that nobody names now. What is being written is named.
  std::vector<uint64_t> unnamed() const;
  // Removes those of them that are still named by nobody.
  Result<void> remove(const std::vector<uint64_t>& numbers);

  // To segment files, by whoever: settling, merging, compaction. From anywhere.
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }
  uint64_t next_number() const { return next_number_.load(std::memory_order_relaxed); }
  void raise_next_number(uint64_t least);
  std::string path(uint64_t number) const;

  // For Segment: an open file; reads may overlap.
  Result<std::shared_ptr<io::File>> handle(uint64_t number);

 private:
  friend class SegmentWriter;
  SegmentStore(io::FileSystem& files, std::string folder, bool sync)
      : files_(files), folder_(std::move(folder)), sync_(sync) {}
  SegmentPtr add(const SegmentName& name, std::vector<SegmentExtent> extents);
  void forget_writer(uint64_t number);
  Result<std::vector<SegmentExtent>> read_footer(const SegmentName& name);

  io::FileSystem& files_;
  const std::string folder_;
  const bool sync_;
  std::atomic<uint64_t> next_number_{1};
  std::atomic<uint64_t> bytes_written_{0};
  mutable std::mutex mutex_;
  std::map<uint64_t, std::weak_ptr<const Segment>> segments_;  // every file in the folder
  std::set<uint64_t> being_written_;
  struct OpenFile {
    uint64_t number;
    std::shared_ptr<io::File> file;
  };
  std::list<OpenFile> open_files_;  // the newest in front
  std::unordered_map<uint64_t, std::list<OpenFile>::iterator> open_index_;
};

// SegmentWriter: writes one segment file.
//
// Threading:  confined to one executor; blocks on the file.
// Order:      add*, finish, once. Destroyed unfinished: the file is left to be removed.
// Failure:    an Error gives up the file.
class SegmentWriter {
 public:
  SegmentWriter(SegmentStore& store, uint64_t number, std::unique_ptr<io::File> file);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  Result<void> add(const Frame& frame);
  // Extents end, besides, behind so many bytes, and before they span so much time; from now on.
  void limit_extents(uint64_t bytes, int64_t span_ms);
  // Bytes so far, and what is still in memory of them.
  uint64_t bytes() const { return written_ + pending_bytes_; }
  // Writes the footer and syncs.
  Result<SegmentPtr> finish();

 private:
  Result<void> flush();
  void grow_extents(const Frame& frame, uint32_t frame_bytes);

  SegmentStore& store_;
  const uint64_t number_;
  std::unique_ptr<io::File> file_;
  std::vector<SegmentExtent> extents_;
  uint64_t extent_bytes_;
  int64_t extent_span_ms_ = INT64_MAX;
  int64_t extent_first_ms_ = -1;  // the timestamp of the last extent's first frame
  std::vector<Buffer> pending_;
  uint64_t pending_bytes_ = 0;
  uint64_t written_ = 0;
};

}  // namespace millrace::log
