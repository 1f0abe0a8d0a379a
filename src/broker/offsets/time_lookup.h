#pragma once

#include <cstdint>
#include <optional>

#include "commit/reader.h"
#include "io/executor.h"

namespace millrace::broker {

struct TimedOffset {
  int64_t offset = -1;
  int64_t timestamp_ms = -1;
  int32_t leader_epoch = -1;
};

// The first record of a partition whose timestamp is at or after `timestamp_ms`, below the end that
// `isolation` sets; nullopt: there is none.
//
// Ownership:  reader and executor outlive the answer, which comes on the executor.
void find_record_at(commit::Reader& reader, commit::PartitionId partition, int64_t timestamp_ms,
                    commit::Isolation isolation, io::Executor& executor,
                    io::Completion<Result<std::optional<TimedOffset>>> done);

// The record with the newest timestamp, the first of them; records without one are not looked at.
// Otherwise as above.
void find_newest_record(commit::Reader& reader, commit::PartitionId partition,
                        commit::Isolation isolation, io::Executor& executor,
                        io::Completion<Result<std::optional<TimedOffset>>> done);

}  // namespace millrace::broker
