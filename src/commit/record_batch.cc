#include "commit/record_batch.h"

#include <fmt/core.h>

#include "record/batch_header.h"

namespace millrace::commit {

Result<RecordBatch> RecordBatch::of(Buffer bytes) {
  const record::BatchHeader header = MILLRACE_TRY(record::read_batch_header(bytes.span()));
  if (header.bytes() != bytes.bytes()) {
    return Error(ErrorCode::kCorruptRecord,
                 fmt::format("expected one record batch of {} bytes, found one of {}",
                             bytes.bytes(), header.bytes()));
  }
  RecordBatch batch;
  batch.records = static_cast<uint32_t>(header.last_offset_delta) + 1;
  batch.max_timestamp_ms = header.max_timestamp_ms;
  batch.bytes = std::move(bytes);
  return batch;
}

}  // namespace millrace::commit
