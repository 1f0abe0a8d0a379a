#pragma once

#include "io/clock.h"
#include "io/executor.h"
#include "io/file_system.h"
#include "io/network/network.h"

namespace millrace::io {

// World: the outside, as a bundle of references that the composition root hands out piece by piece.
// A module takes the piece it needs, not the world.
struct World {
  Clock& clock;
  Random& random;
  FileSystem& files;
  Threads& threads;
  Network& network;
};

}  // namespace millrace::io
