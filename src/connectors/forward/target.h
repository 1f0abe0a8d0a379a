#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "io/clock.h"

namespace millrace::connectors {

// Target: something outside that stores rows together with the position that they reach, so that
// rows are delivered exactly once whenever the process dies.
//
// Threading:  confined to the forwarder's executor; calls may block.
// Order:      open; then write, publish; forget last, if at all.
// Failure:    any Error ends the job; the next start opens the target again.
class Target {
 public:
  virtual ~Target() = default;
  // Finishes or removes what a crash left halfway. The position of what has been published: per
  // partition of the outbox the offset of the first record that is not there; shorter or empty: 0.
  virtual Result<std::vector<int64_t>> open() = 0;
  // Takes appended rows; nobody sees them before they are published.
  virtual Result<void> write(const data::Batch& batch) = 0;
  // Whether what was written is to be published now.
  virtual bool due(io::MonotonicTime now) const = 0;
  // When to ask again though nothing more is written; nothing: no need to.
  virtual std::optional<io::MonotonicTime> next_check() const = 0;
  // Everything written so far appears, and `offsets` are stored as its position, as one.
  virtual Result<void> publish(const std::vector<int64_t>& offsets) = 0;
  // The outbox is gone for good and so may be the position.
  virtual Result<void> forget() = 0;
};

}  // namespace millrace::connectors
