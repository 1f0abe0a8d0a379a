#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commit/jobs.h"
#include "commit/positions.h"
#include "engine/source.h"

namespace millrace::engine {

// What the engine keeps in commit::SplitPosition::position: whether the split has ended, what its
// content was recognised by, and the reader's own position behind it:
//   flags (1 byte, bit 0: ended) · varint length · identity · position
struct StoredPosition {
  bool ended = false;
  std::string identity;
  Position position;

  std::string encode() const;
  // kCorruptState: not written by the engine.
  static Result<StoredPosition> decode(std::string_view bytes);
};

// Where a source task begins with one split.
struct SplitStart {
  Split split;
  Position position;
  Timestamp watermark = kTimeMin;
  bool idle = false;
  bool ended = false;
  uint32_t ordinal = 0;  // among the source's splits
};

// The names of the source's splits that positions are known of.
std::vector<std::string> begun_splits(std::string_view source_id,
                                      const commit::Positions& recovered);

// The splits of a source as they are now, with what the last commit says of them.
// kInputChanged: one that was already read is gone or no longer the same.
Result<std::vector<SplitStart>> resume_splits(std::string_view source_id, std::vector<Split> splits,
                                              const commit::Positions& recovered);

// Positions that are not of a split: floors of a task's merged watermarks; the mark of a job whose
// inputs have all ended; which tasks have its state. Their source begins with '$', which no
// source's id does.
inline constexpr std::string_view kTaskSource = "$task";
inline constexpr std::string_view kJobSource = "$job";

commit::SplitPosition complete_mark();

// `layout`: as state_layout says it. Empty: no commit had one.
commit::SplitPosition layout_mark(std::string layout);
std::string_view layout_of(const commit::Positions& recovered);

// The floors of a task (TimeStart): varint count, then each zigzag-encoded.
commit::SplitPosition floors_position(std::string name, const std::vector<Timestamp>& floors);
Result<std::vector<Timestamp>> decode_floors(std::string_view bytes);

// The recovered position (sorted, as recovery gives them) of (source, split), or null.
const commit::SplitPosition* find_position(const commit::Positions& positions,
                                           std::string_view source, std::string_view split);

}  // namespace millrace::engine
