#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "commit/state_machine.h"
#include "io/clock.h"

namespace millrace::log {

struct LogOptions {
  std::string folder;
  // False: nothing is synced; for a run whose data directory goes when the process ends.
  bool sync = true;
  uint64_t ring_bytes = 16 << 20;       // of a new ring
  uint64_t ring_bytes_max = 256 << 20;  // up to which it grows
  uint64_t unsettled_bytes_max = 128 << 20;
  uint64_t unit_ring_bytes_max = 8 << 20;  // what a unit stages above this goes to spill files
  uint64_t spill_file_bytes = 256 << 20;
  uint64_t staging_bytes_max = 16 << 20;  // in memory, on their way to the ring or a spill file
  // Without writes for so long the ring is settled, so that a start has little to read; 0: never.
  int64_t settle_idle_ns = 5 * io::kNsPerSecond;
  uint64_t own_file_bytes = 8 << 20;  // to be settled, of a partition that gets a file of its own
  size_t merge_files_min = 8;         // segment files of one size, before they are merged
  int64_t seal_after_ns = 2 * io::kNsPerMs;
  int64_t carried_ns_max = 10 * io::kNsPerMs;  // what is carried waits so long for something else
  int64_t retention_interval_ns = 300 * io::kNsPerSecond;  // between looks for what is too old
  int64_t compaction_interval_ns = 15 * io::kNsPerSecond;  // between looks for what to compact
  uint64_t compaction_key_bytes_max = 64 << 20;            // memory for keys during a pass
  uint64_t compaction_file_bytes = 256 << 20;
  // A producer that writes nothing for so long is forgotten: any sequence of it is taken then.
  int64_t producer_expiration_ms = 86'400'000;
  uint32_t readers = 2;                      // threads that read for others
  uint64_t read_ahead_bytes_max = 32 << 20;  // memory for what readers will ask for next
  // Tables that proposals change; all that the data directory knows must be here.
  std::vector<commit::StateMachine*> machines;
  // A sync failed, or the ring cannot be written: the process must stop. Once, on one of the log's
  // threads.
  std::function<void(const Error&)> on_fatal;
};

}  // namespace millrace::log
