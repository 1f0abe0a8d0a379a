#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "commit/ids.h"
#include "io/file_system.h"

namespace millrace::log {

// An entry of the ring. A plain value.
struct DumpedEntry {
  uint64_t lsn = 0;
  std::string place;      // file and offset
  std::string_view type;  // as docs/formats/ring.md names it
  uint32_t generation = 0;
  uint64_t durable = 0;  // what was known to be durable when it was written
  uint64_t bytes = 0;    // of its body
  uint64_t records = 0;
  std::string concerns;
  bool good = false;  // the body matches its checksum
};

// A frame of a segment file. A plain value.
struct DumpedFrame {
  std::string place;  // of the extent that it is in
  std::string_view kind;
  std::string concerns;
  int64_t first = 0;  // offset, or number of the slice of a delta
  int64_t max_timestamp_ms = -1;
  uint64_t records = 0;
  uint64_t bytes = 0;
};

// What a checkpoint holds of one thing. A plain value.
struct DumpedItem {
  std::string_view kind;  // "checkpoint", "table", "partition", "segment", "state"
  std::string name;
  std::string holds;
};

struct DumpOptions {
  std::string data;
  uint64_t from = 0;  // LSN; of the ring
  uint64_t to = UINT64_MAX;
};

// Tell what stands in a data directory that nobody uses, also when it is damaged, and change
// nothing. `visit` may end it with an Error.
//
// Threading:  block; on no executor.
// Failure:    kFileNotFound, kVersionMismatch: it is no data directory of this version; kInUse;
//             kRingDamaged: there is no way to tell where to begin.
Result<void> dump_ring(io::FileSystem& files, const DumpOptions& options,
                       const std::function<Result<void>(const DumpedEntry&)>& visit);
Result<void> dump_checkpoint(io::FileSystem& files, const DumpOptions& options,
                             const std::function<Result<void>(const DumpedItem&)>& visit);
// `name` is the file's in the folder `segments`. kFileNotFound: the checkpoint and the ring name no
// such file; kCorruptRecord, kCorruptState with the place, after what came before it.
Result<void> dump_segment(io::FileSystem& files, const DumpOptions& options, std::string_view name,
                          const std::function<Result<void>(const DumpedFrame&)>& visit);

}  // namespace millrace::log
