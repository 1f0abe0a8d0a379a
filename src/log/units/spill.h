#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "commit/record_batch.h"
#include "io/executor.h"
#include "log/settle/segment_store.h"

namespace millrace::log {

// A finished spill file and the stages that it holds.
struct SpilledFile {
  SegmentPtr segment;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
};

// SpillWriter: writes stages of one unit into spill files, whose offsets count from 0 in each file.
//
// Threading:  confined to one executor; blocks on the file.
class SpillWriter {
 public:
  SpillWriter(SegmentStore& segments, uint64_t file_bytes)
      : segments_(segments), file_bytes_(file_bytes) {}

  Result<void> add_batch(uint64_t sequence, commit::PartitionId partition,
                         const commit::RecordBatch& batch);
  Result<void> add_delta(uint64_t sequence, commit::JobId job, commit::TaskId task, Buffer delta);
  // The file that is full by now, or, with `all`, what there is.
  Result<std::optional<SpilledFile>> take_file(bool all);

 private:
  Result<void> add(uint64_t sequence, Frame frame);

  SegmentStore& segments_;
  const uint64_t file_bytes_;
  std::unique_ptr<SegmentWriter> file_;
  std::map<std::pair<uint64_t, uint64_t>, int64_t> next_first_[2];  // by owner and part, by kind
  uint64_t first_sequence_ = 0;
  uint64_t last_sequence_ = 0;
};

// StagingRoom: bounds the bytes that wait for a file. Threading: synchronised inside.
class StagingRoom {
 public:
  explicit StagingRoom(uint64_t bytes_max) : bytes_max_(bytes_max) {}
  // False: none; `wake` runs when there is.
  bool take(uint64_t bytes, io::Wake& wake);
  void give_back(uint64_t bytes);

 private:
  const uint64_t bytes_max_;
  std::mutex mutex_;
  uint64_t bytes_ = 0;
  std::vector<io::Wake> wakes_;
};

}  // namespace millrace::log
