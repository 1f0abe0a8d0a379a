#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "io/file_system.h"

namespace millrace::log {

// What is wrong at one place of a data directory.
struct Damage {
  std::string place;     // "data/segments/0000000000000003@4096", a byte offset where one is known
  std::string what;      // "the frame does not match its checksum"
  std::string concerns;  // "orders-0, offsets 12 to 40", "job totals"; empty: all of it, or unknown
};

struct VerifiedPart {
  uint64_t files = 0;
  uint64_t bytes = 0;    // that were read and compared
  uint64_t entries = 0;  // of the ring; frames of segment files; checkpoints
  uint64_t records = 0;
};

// What a data directory was found to be. A plain value.
struct Verification {
  VerifiedPart checkpoints;
  VerifiedPart segments;
  VerifiedPart ring;
  commit::Lsn settled;  // what the checkpoint covers; 0: there is none
  commit::Lsn last;     // of the ring, before its end
  std::vector<Damage> damages;
  std::vector<std::string> notes;  // what is no damage, but good to know
};

struct VerifyOptions {
  std::string data;  // the data directory
  // After each file, with the bytes read so far; an Error ends it all.
  std::function<Result<void>(uint64_t bytes)> watch;
};

// Reads every byte that a data directory has to keep (checkpoints, the ring from the newest of them
// on, segment files with their batches, state among them), compares all checksums, and replays what
// a start would replay: that offsets and epochs follow each other. Changes nothing.
//
// Threading:  blocks; on no executor.
// Failure:    kFileNotFound, kVersionMismatch: it is no data directory of this version; kInUse:
//             somebody uses it; what reading gives. Damage is no Error: it is in the answer.
Result<Verification> verify(io::FileSystem& files, const VerifyOptions& options);

}  // namespace millrace::log
