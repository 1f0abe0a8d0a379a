#pragma once

#include <stop_token>
#include <string>

#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "io/clock.h"
#include "log/backup/file_carrier.h"

namespace millrace::cli {

// CopyWatch: how far a backup or restore is, on a progress line, and Ctrl-C, which ends it in
// order.
//
// Threading: confined to one thread.
class CopyWatch {
 public:
  // `doing`: "backup", "restore".
  CopyWatch(io::Clock& clock, std::string doing, bool wanted);

  std::stop_token stop() const { return stop_.get_token(); }
  log::FileCarrier::Watch watch();
  // No line any more.
  void finish() { line_.clear(); }
  // Since it was made.
  int64_t elapsed_ms() const { return (clock_.now() - begun_) / io::kNsPerMs; }

 private:
  void show(const log::CopyProgress& progress);

  io::Clock& clock_;
  const std::string doing_;
  const io::MonotonicTime begun_;
  ProgressLine line_;
  std::stop_source stop_;
  Interrupt interrupt_;
};

// "1.4 GiB", "17 B".
std::string bytes_text(uint64_t bytes);
// "2026-11-23 17:30:00" (UTC).
std::string moment_text(int64_t wall_us);

}  // namespace millrace::cli
