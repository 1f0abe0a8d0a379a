#include "log/partitions/piece_batches.h"

#include <utility>

#include "record/batch_header.h"

namespace millrace::log {

Result<void> for_each_batch(const LogPiece& piece, const commit::LeaderEpochs& epochs,
                            const std::function<Result<void>(PlacedBatch)>& visit) {
  const auto& [segment, extent] = std::get<SegmentBatches>(piece.place);
  Buffer bytes = MILLRACE_TRY(segment->read_bytes(extent.position, extent.bytes));
  return for_each_batch(piece, std::move(bytes), epochs, visit);
}

Result<void> for_each_batch(const LogPiece& piece, Buffer bytes, const commit::LeaderEpochs& epochs,
                            const std::function<Result<void>(PlacedBatch)>& visit) {
  const auto& [segment, extent] = std::get<SegmentBatches>(piece.place);
  int64_t next = piece.base_offset;
  return segment->frames(extent, std::move(bytes), [&](Frame frame) -> Result<void> {
    PlacedBatch batch;
    batch.base_offset = next;
    next += frame.records;
    batch.end_offset = next;
    if (frame.kind == FrameKind::kCompacted) {
      const auto header = MILLRACE_TRY(record::read_batch_header(frame.body.span()));
      batch.base_offset = header.base_offset;
      batch.end_offset = header.last_offset() + 1;
    }
    batch.bytes = std::move(frame.body);
    record::assign_offset({batch.bytes.mutable_data(), batch.bytes.bytes()}, batch.base_offset,
                          epochs.at(batch.base_offset));
    return visit(std::move(batch));
  });
}

}  // namespace millrace::log
