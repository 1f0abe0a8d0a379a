#include "log/repair/partition_mend.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "log/ring/entry.h"
#include "record/batch_header.h"

namespace millrace::log {
namespace {

// The whole frames of an extent, and what is wrong with the first one that is not.
struct ReadExtent {
  std::vector<Frame> frames;
  std::optional<Error> damage;
};

// Frames begin at multiples of 8: behind a damaged one the next is found by its checksum.
ReadExtent read_extent(const std::string& path, const SegmentExtent& extent, Buffer left) {
  ReadExtent read;
  while (left.bytes() > 0) {
    const uint64_t at = extent.position + extent.bytes - left.bytes();
    auto frame = take_frame(left, extent.kind);
    if (frame && frame->kind == extent.kind && frame->owner == extent.owner &&
        frame->part == extent.part) {
      read.frames.push_back(std::move(*frame));
      continue;
    }
    if (!read.damage) {
      read.damage = frame ? Error(ErrorCode::kCorruptRecord, "a frame belongs to somebody else")
                          : std::move(frame.error());
      read.damage = std::move(*read.damage).at(fmt::format("{}@{}", path, at));
    }
    if (frame) continue;
    const uint64_t skipped = std::min<uint64_t>(kEntryAlignment, left.bytes());
    left = left.slice(skipped, left.bytes() - skipped);
  }
  return read;
}

Frame empty_frame(commit::PartitionId id, int64_t first, int64_t end) {
  Buffer body = Buffer::allocate(record::kBatchHeaderBytes);
  record::BatchHeader header;
  header.base_offset = first;
  header.last_offset_delta = static_cast<int32_t>(end - first - 1);
  record::write_batch_header({body.mutable_data(), body.bytes()}, header);
  return {.kind = FrameKind::kCompacted,
          .owner = id.topic.value(),
          .part = id.index,
          .first = first,
          .records = static_cast<uint32_t>(end - first),
          .body = std::move(body)};
}

}  // namespace

Result<void> PartitionMend::read(const OnBytes& on_bytes) {
  int64_t expected = ends_.start_offset;
  for (const LogPiece& piece : pieces_) MILLRACE_TRY(read_piece(piece, expected, on_bytes));
  add_missing(expected, ends_.end_offset);
  return {};
}

void PartitionMend::add_missing(int64_t first, int64_t end) {
  misses_files_ = misses_files_ || first < end;
  add_gap(first, end);
}

Result<void> PartitionMend::read_piece(const LogPiece& piece, int64_t& expected,
                                       const OnBytes& on_bytes) {
  if (piece.end_offset <= expected) return {};
  const auto& [segment, extent] = std::get<SegmentBatches>(piece.place);
  const Buffer bytes = MILLRACE_TRY(segment->read_bytes(extent.position, extent.bytes));
  ReadExtent read = read_extent(segment->path(), extent, bytes);
  MILLRACE_TRY(on_bytes(bytes.bytes()));
  add_missing(expected, piece.base_offset);
  expected = std::max(expected, piece.base_offset);
  if (!read.damage) {
    expected = piece.end_offset;
    return {};
  }
  if (!damage_) damage_ = std::move(read.damage);
  if (damaged_files_.empty() || damaged_files_.back() != segment->name().number) {
    damaged_files_.push_back(segment->name().number);
  }
  for (Frame& frame : read.frames) {
    frame.first += piece.base_offset - extent.first;
    const int64_t end = frame.first + frame.records;
    if (end <= expected) continue;
    add_gap(expected, frame.first);
    expected = end;
    kept_.push_back(std::move(frame));
  }
  add_gap(expected, piece.end_offset);
  expected = piece.end_offset;
  return {};
}

void PartitionMend::add_gap(int64_t first, int64_t end) {
  if (first >= end) return;
  if (!gaps_.empty() && gaps_.back().end == first) {
    gaps_.back().end = end;
  } else {
    gaps_.push_back({first, end});
  }
}

std::string PartitionMend::describe(const std::string& name) const {
  std::string text = name;
  int64_t records = 0;
  for (const Gap& gap : gaps_) {
    text += gap.end == gap.first + 1 ? fmt::format(", offset {}", gap.first)
                                     : fmt::format(", offsets {} to {}", gap.first, gap.end - 1);
    records += gap.end - gap.first;
  }
  return text + fmt::format(" ({} {})", records, records == 1 ? "record" : "records");
}

Result<SegmentPtr> PartitionMend::write(SegmentStore& segments) const {
  if (whole()) return SegmentPtr();
  std::vector<Frame> frames = kept_;
  for (const Gap& gap : gaps_) {
    // A batch has at most so many offsets.
    for (int64_t first = gap.first; first < gap.end;) {
      const int64_t end = std::min(gap.end, first + INT32_MAX);
      frames.push_back(empty_frame(ends_.id, first, end));
      first = end;
    }
  }
  std::ranges::sort(frames, {}, &Frame::first);
  const auto file = MILLRACE_TRY(segments.create());
  for (const Frame& frame : frames) MILLRACE_TRY(file->add(frame));
  return file->finish();
}

}  // namespace millrace::log
