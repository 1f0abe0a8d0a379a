#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "io/file_system.h"
#include "log/backup/file_carrier.h"

namespace millrace::log {

// One thing that is wrong with a data directory, and what of it can be given up so that the rest is
// whole. A plain value.
struct RepairChoice {
  std::string place;
  std::string damage;
  // What RepairOptions takes, one of them; neither: a repair cannot help, `loses` says what can.
  std::optional<commit::Lsn> from;
  std::string name;
  std::string loses;  // what goes with it
};

struct RepairOptions {
  std::string data;
  // All entries of the ring from this one on.
  std::optional<commit::Lsn> from;
  // "orders-0": records of that partition that cannot be read; or the name of a segment file:
  // what stood in it.
  std::vector<std::string> names;
  std::stop_token stop;
  FileCarrier::Watch watch;
};

struct Repaired {
  std::vector<std::string> given_up;  // "orders-0, offsets 12 to 40 (29 records)"
  std::string copy;                   // folder with what it was before
};

// Reads all of a data directory that nobody uses, and finds out what would have to be given up.
// Changes nothing. Empty: nothing is damaged.
//
// Threading:  blocks; on no executor.
// Failure:    kFileNotFound, kVersionMismatch: it is no data directory of this version; kInUse;
//             kCancelled; what reading gives. Damage is no Error: it is in the answer.
Result<std::vector<RepairChoice>> find_choices(io::FileSystem& files, const RepairOptions& options);

// Gives up what the options say, and nothing else: names and LSNs that find_choices did not give,
// or that lie behind what it gave, are refused. What is changed is copied first. A crash at any
// moment leaves the directory as it was, or as it will be, or so that the same repair mends it.
//
// Failure:    as find_choices; kInvalidOption: it is not damaged, or something else has to be given
//             up first; kRingDamaged: nothing that could be given up would help; kDiskFull. Nothing
//             was given up then.
Result<Repaired> repair(io::FileSystem& files, const RepairOptions& options);

}  // namespace millrace::log
