#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "io/world.h"
#include "log/backup/file_carrier.h"

namespace millrace::cli {

struct CopyPace {
  bool progress = true;  // tell how far it is
  int64_t rate_mib = 0;  // a second, at most; 0: as fast as it goes
};

// CopyWatch: how far a backup or restore is, on a progress line; that it is not faster than it may
// be; and Ctrl-C, which ends it in order.
//
// Threading: confined to one thread.
class CopyWatch {
 public:
  // `doing`: "backup", "restore".
  CopyWatch(io::World world, std::string doing, CopyPace pace);

  std::stop_token stop() const { return stop_.get_token(); }
  log::FileCarrier::Watch watch();
  // No line any more.
  void finish() { line_.clear(); }
  // Since it was made.
  int64_t elapsed_ms() const { return (world_.clock.now() - begun_) / io::kNsPerMs; }

 private:
  void show(const log::CopyProgress& progress);
  // Until so many bytes may have been copied.
  void wait_for_turn(uint64_t bytes);

  const io::World world_;
  const std::string doing_;
  const CopyPace pace_;
  const io::MonotonicTime begun_;
  ProgressLine line_;
  std::stop_source stop_;
  std::unique_ptr<io::Executor> timer_;
  Interrupt interrupt_;
};

// "1.4 GiB", "17 B".
std::string bytes_text(uint64_t bytes);
// "2026-11-23 17:30:00" (UTC).
std::string moment_text(int64_t wall_us);

}  // namespace millrace::cli
