#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "io/world.h"
#include "log/backup/file_carrier.h"
#include "log/backup/manifest.h"

namespace millrace::log {

struct BackupOptions {
  std::string data;     // the data directory
  std::string to;       // the folder of the backup
  std::string program;  // the version of this program, one word
  // With more files to copy, most are copied before the moment is taken, which holds its own open.
  size_t open_files_max = 256;
  std::stop_token stop;
  FileCarrier::Watch watch;
};

struct BackupOutcome {
  BackupManifest manifest;
  uint64_t copied_bytes = 0;  // what was not in the folder already
};

// Copies a data directory as of one LSN into a folder (docs/formats/backup.md), while another
// process may use it, or none. It reads only, and takes no lock: whoever uses the directory does
// not notice. Everything acknowledged before the call is in the backup; an entry is in it whole or
// not.
//
// Threading:  blocks; on no executor.
// Failure:    kFileNotFound, kVersionMismatch: it is no data directory of this version;
//             kRingDamaged with the place; kAlreadyExists, kInUse, kDiskFull of the folder;
//             kUnavailable: it changes too fast; kCancelled. What the folder held before is still
//             there then.
Result<BackupOutcome> back_up(io::World world, const BackupOptions& options);

}  // namespace millrace::log
