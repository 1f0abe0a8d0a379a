#include "log/settle/segment.h"

#include <fmt/core.h>

#include "base/crc32c.h"
#include "base/endian.h"
#include "log/ring/entry.h"
#include "log/settle/segment_format.h"
#include "log/settle/segment_store.h"

namespace millrace::log {
namespace {

Error corrupt(FrameKind kind, const char* what) {
  const ErrorCode code =
      kind == FrameKind::kDelta ? ErrorCode::kCorruptState : ErrorCode::kCorruptRecord;
  return Error(code, std::string("a frame of a segment file ") + what);
}

}  // namespace

Result<Frame> take_frame(Buffer& from, FrameKind expected) {
  if (from.bytes() < kFrameHeaderBytes) return corrupt(expected, "is cut short");
  const std::byte* at = from.data();
  if (load_le<uint32_t>(at) != kFrameMagic ||
      load_le<uint32_t>(at + 4) != crc32c({at + 8, kFrameHeaderBytes - 8})) {
    return corrupt(expected, "has a header that does not match its checksum");
  }
  const auto body_bytes = load_le<uint32_t>(at + 12);
  const uint64_t frame_bytes = round_up(kFrameHeaderBytes + body_bytes, kEntryAlignment);
  if (frame_bytes > from.bytes()) return corrupt(expected, "is cut short");
  Frame frame;
  frame.owner = load_le<uint64_t>(at + 16);
  frame.part = load_le<uint64_t>(at + 24);
  frame.first = load_le<int64_t>(at + 32);
  frame.max_timestamp_ms = load_le<int64_t>(at + 40);
  frame.records = load_le<uint32_t>(at + 48);
  frame.kind = static_cast<FrameKind>(load_le<uint32_t>(at + 52));
  frame.body = from.slice(kFrameHeaderBytes, body_bytes);
  if (crc32c(frame.body.span()) != load_le<uint32_t>(at + 8)) {
    return corrupt(expected, "has a body that does not match its checksum");
  }
  from = from.slice(frame_bytes, from.bytes() - frame_bytes);
  return frame;
}

std::string Segment::path() const {
  return store_.path(name_.number);
}

Result<void> Segment::read(const SegmentExtent& extent,
                           const std::function<Result<void>(Frame)>& visit) const {
  return frames(extent, MILLRACE_TRY(read_bytes(extent.position, extent.bytes)), visit);
}

Result<Buffer> Segment::read_bytes(uint64_t position, uint64_t bytes) const {
  const auto file = MILLRACE_TRY(store_.handle(name_.number));
  return file->read(position, bytes);
}

Result<void> Segment::frames(const SegmentExtent& extent, Buffer all,
                             const std::function<Result<void>(Frame)>& visit) const {
  uint64_t at = extent.position;
  while (at < extent.position + extent.bytes) {
    const uint64_t before = all.bytes();
    auto frame = take_frame(all, extent.kind);
    if (frame && (frame->kind != extent.kind || frame->owner != extent.owner ||
                  frame->part != extent.part)) {
      frame = corrupt(extent.kind, "belongs to somebody else");
    }
    if (!frame) {
      return std::move(frame.error()).at(fmt::format("{}@{}", store_.path(name_.number), at));
    }
    at += before - all.bytes();
    MILLRACE_TRY(visit(std::move(*frame)));
  }
  return {};
}

}  // namespace millrace::log
