#pragma once

#include <functional>

#include "base/result.h"
#include "commit/leader_epochs.h"
#include "log/partitions/partition.h"

namespace millrace::log {

// A batch of a piece, with its base offset and leader epoch.
struct PlacedBatch {
  Buffer bytes;
  int64_t base_offset = 0;
  int64_t end_offset = 0;  // one behind its last
};

// The batches of a piece that stands in a segment file, in order. Blocks on the file.
// Failure: kCorruptRecord with file and offset.
Result<void> for_each_batch(const LogPiece& piece, const commit::LeaderEpochs& epochs,
                            const std::function<Result<void>(PlacedBatch)>& visit);
// The same of bytes that were read already: those of the piece.
Result<void> for_each_batch(const LogPiece& piece, Buffer bytes, const commit::LeaderEpochs& epochs,
                            const std::function<Result<void>(PlacedBatch)>& visit);

}  // namespace millrace::log
