#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "log/tables/log_entry.h"

namespace millrace::log {

// How far an entry may use up the ring: the last sixteenth is kept so that a full ring can be
// emptied.
enum class Lane : uint8_t {
  kUrgent,  // settled, seal, and what settling stages: all of the ring
  kClient,  // appends
  kUnit,    // stages, commits, aborts, proposals: first in, first out
};

struct FragmentCut {
  uint64_t offset = 0;  // in the body
  uint32_t bytes = 0;
  uint32_t crc = 0;
};

// Submission: an entry that wants to be written. Moved from its submitter to the writer.
struct Submission {
  LogEntry entry;
  std::vector<Buffer> body;
  uint64_t body_bytes = 0;
  std::vector<FragmentCut> cuts;     // made by cut_body
  uint64_t body_bytes_expected = 0;  // of a body that is only made when the entry is admitted
  bool answer_when_assigned = false;
  bool carried = false;  // does not hurry: it goes with the next one that does
  // On the writer: after the entry took effect, or with the Error that kept it from being written.
  // With answer_when_assigned as soon as it has its offsets.
  std::move_only_function<void(Result<void>, LogEntry&)> done;

  void set_body(std::vector<Buffer> pieces);
  // Cuts the body into fragments for groups of `group_bytes_max` and computes their checksums.
  void cut_body(uint64_t group_bytes_max);
  // Bytes of the ring that it takes at the most.
  uint64_t ring_bytes(uint64_t group_bytes_max) const;
};

// The parts of `body` that make up [offset, offset + bytes).
void append_spans(const std::vector<Buffer>& body, uint64_t offset, uint64_t bytes,
                  std::vector<std::span<const std::byte>>& to);

}  // namespace millrace::log
