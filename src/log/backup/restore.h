#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "io/world.h"
#include "log/backup/file_carrier.h"
#include "log/backup/manifest.h"

namespace millrace::log {

struct RestoreOptions {
  std::string from;  // the folder of the backup
  std::string data;  // the data directory to be made
  std::stop_token stop;
  FileCarrier::Watch watch;
};

// Makes a data directory from a backup (docs/formats/backup.md), in a folder that is empty or not
// there, or in which a restore was interrupted. Until all of it is durable, no process takes the
// folder for a data directory.
//
// Threading:  blocks; on no executor.
// Failure:    kMalformedFile: a file of the backup is not as it was written, named;
//             kVersionMismatch, kFileNotFound: as read_manifest; kAlreadyExists: the folder is not
//             empty; kInUse; kDiskFull; kCancelled. The folder is empty then.
Result<BackupManifest> restore(io::World world, const RestoreOptions& options);

// Reads and checks all of a backup. `data` is not used.
Result<BackupManifest> verify_backup(io::World world, const RestoreOptions& options);

}  // namespace millrace::log
