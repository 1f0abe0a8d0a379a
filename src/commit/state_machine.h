#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "commit/ids.h"
#include "commit/proposals.h"

namespace millrace::commit {

// StateMachine: a table that is changed by proposals only: catalog, topics, jobs, users. Registered
// before recovery, which restores it from the checkpoint and applies what came after.
//
// Threading:  check, apply, snapshot and restore come from the log, one at a time; readers of the
//             table come from anywhere: the machine synchronises the two.
// Ownership:  outlives the log.
// Order:      restore (if there is a checkpoint), then apply in order of LSNs. check directly
//             precedes apply of the same commands, but is not called when the log is replayed.
class StateMachine {
 public:
  virtual ~StateMachine() = default;
  // Names the machine in the log: stable for ever, at most 255 bytes.
  virtual std::string_view tag() const = 0;
  // Whether all of `commands` (one proposal's for this machine, in order) can be applied now.
  virtual Result<void> check(std::span<const Command> commands) const = 0;
  // Cannot fail: it passed check, in this process or before a restart. An unknown command is a bug.
  virtual void apply(Lsn lsn, std::string_view command) = 0;
  virtual std::string snapshot() const = 0;
  virtual Result<void> restore(std::string_view snapshot) = 0;
};

}  // namespace millrace::commit
