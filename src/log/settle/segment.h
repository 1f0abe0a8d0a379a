#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/ids.h"
#include "io/file_system.h"
#include "log/ring/entry_body.h"

namespace millrace::log {

// Segment files, docs/formats/segment.md.

enum class FrameKind : uint32_t {
  kRecords = 1,
  kDelta = 2,
  kCompacted = 3,  // records; the batch has its base offset, the frame may cover more offsets
};

struct SegmentExtent {
  FrameKind kind = FrameKind::kRecords;
  uint64_t owner = 0;  // topic or job
  uint64_t part = 0;   // partition or task
  int64_t first = 0;
  int64_t max_timestamp_ms = -1;
  uint64_t position = 0;
  uint32_t bytes = 0;
  uint32_t records = 0;

  // Of records.
  commit::PartitionId partition() const {
    return {commit::TopicId(owner), static_cast<uint32_t>(part)};
  }
};

struct Frame {
  FrameKind kind = FrameKind::kRecords;
  uint64_t owner = 0;
  uint64_t part = 0;
  int64_t first = 0;
  int64_t max_timestamp_ms = -1;
  uint32_t records = 0;
  Buffer body;
};

inline constexpr size_t kFrameHeaderBytes = 56;

class SegmentStore;

// Segment: a finished segment file. Immutable; lives as long as anybody names it; the file is
// removed by SegmentStore::remove only.
class Segment {
 public:
  Segment(SegmentStore& store, SegmentName name, std::vector<SegmentExtent> extents)
      : store_(store), name_(name), extents_(std::move(extents)) {}
  const SegmentName& name() const { return name_; }
  std::span<const SegmentExtent> extents() const { return extents_; }
  std::string path() const;
  // The frames of an extent in order; bodies are slices of one buffer. Blocks on the file.
  // kCorruptRecord (kCorruptState for deltas): a frame does not match its checksum.
  Result<void> read(const SegmentExtent& extent,
                    const std::function<Result<void>(Frame)>& visit) const;
  // The bytes of an extent, or of several that follow each other, for `frames`.
  Result<Buffer> read_bytes(uint64_t position, uint64_t bytes) const;
  // As `read`, of bytes that were read already: those of the extent.
  Result<void> frames(const SegmentExtent& extent, Buffer all,
                      const std::function<Result<void>(Frame)>& visit) const;

 private:
  SegmentStore& store_;
  const SegmentName name_;
  const std::vector<SegmentExtent> extents_;
};

using SegmentPtr = std::shared_ptr<const Segment>;

// Finds the frame at the front of `from` and checks it; `from` moves past it.
Result<Frame> take_frame(Buffer& from, FrameKind expected);

}  // namespace millrace::log
