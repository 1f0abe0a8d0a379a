#pragma once

#include "io/network/posix_network.h"
#include "io/posix_clock.h"
#include "io/posix_file_system.h"
#include "io/posix_random.h"
#include "io/posix_threads.h"
#include "io/world.h"

namespace millrace::io {

// PosixWorld: owns the real world. Ownership: outlives whoever was given a piece of it.
class PosixWorld {
 public:
  World world() { return {clock_, random_, files_, threads_, network_}; }

 private:
  PosixClock clock_;
  PosixRandom random_;
  PosixFileSystem files_;
  PosixThreads threads_;
  PosixNetwork network_;
};

}  // namespace millrace::io
