#include "log/ring/submission.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crc32c.h"

namespace millrace::log {

void append_spans(const std::vector<Buffer>& body, uint64_t offset, uint64_t bytes,
                  std::vector<std::span<const std::byte>>& to) {
  for (const Buffer& buffer : body) {
    if (bytes == 0) return;
    if (offset >= buffer.bytes()) {
      offset -= buffer.bytes();
      continue;
    }
    const uint64_t part = std::min(bytes, buffer.bytes() - offset);
    to.push_back(buffer.span().subspan(offset, part));
    bytes -= part;
    offset = 0;
  }
}

void Submission::set_body(std::vector<Buffer> pieces) {
  body = std::move(pieces);
  body_bytes = 0;
  for (const Buffer& piece : body) body_bytes += piece.bytes();
}

void Submission::cut_body(uint64_t group_bytes_max) {
  const size_t header_bytes = entry_header_bytes(entry.type, entry.rows.size());
  MILLRACE_ASSERT(header_bytes <= group_bytes_max / 2);
  const uint64_t chunk = (group_bytes_max - header_bytes) / kEntryAlignment * kEntryAlignment;
  cuts.clear();
  std::vector<std::span<const std::byte>> spans;
  uint64_t offset = 0;
  do {
    const uint64_t bytes = std::min(chunk, body_bytes - offset);
    spans.clear();
    append_spans(body, offset, bytes, spans);
    uint32_t crc = 0;
    for (const auto span : spans) crc = crc32c(span, crc);
    cuts.push_back({offset, static_cast<uint32_t>(bytes), crc});
    offset += bytes;
  } while (offset < body_bytes);
}

uint64_t Submission::ring_bytes(uint64_t group_bytes_max) const {
  const uint64_t bytes = entry_header_bytes(entry.type, entry.rows.size()) +
                         std::max(body_bytes, body_bytes_expected) + kEntryAlignment;
  if (bytes <= group_bytes_max) return bytes;
  // Every fragment has a header and may leave a part of its group unused.
  return (bytes / (group_bytes_max / 2) + 2) * group_bytes_max;
}

}  // namespace millrace::log
