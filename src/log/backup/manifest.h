#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "io/file_system.h"
#include "log/backup/ring_run.h"

namespace millrace::log {

// A file of a backup.
struct BackupFile {
  std::string path;  // below the backup's folder
  uint64_t bytes = 0;
  uint32_t crc = 0;
  int64_t modified_us = 0;  // of the data directory's file; 0: it is none of them
};

// BackupManifest: what a backup holds (docs/formats/backup.md). A plain value.
struct BackupManifest {
  std::string program;
  int64_t made_us = 0;
  commit::Lsn lsn;
  uint32_t generation = 0;
  std::vector<uint64_t> ring_files;
  std::vector<RingRun> runs;
  uint64_t topics = 0;
  uint64_t partitions = 0;
  uint64_t jobs = 0;
  std::vector<BackupFile> files;  // the ring's file last

  uint64_t bytes() const;
  // Null: there is none.
  const BackupFile* find(std::string_view path) const;
};

inline constexpr std::string_view kManifestName = "manifest";
inline constexpr std::string_view kSegmentsName = "segments";
inline constexpr std::string_view kCheckpointName = "checkpoint";
inline constexpr std::string_view kRingName = "ring";

std::string to_text(const BackupManifest& manifest);
// Failure: kVersionMismatch; kMalformedFile: it is not as it was written.
Result<BackupManifest> parse_manifest(std::string_view text);
// The backup's in this folder. kFileNotFound: it holds no finished backup.
Result<BackupManifest> read_manifest(io::FileSystem& files, const std::string& folder);

}  // namespace millrace::log
