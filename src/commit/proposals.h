#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "io/executor.h"

namespace millrace::commit {

// A change of one state machine.
struct Command {
  std::string machine;  // its tag
  std::string body;     // only the machine understands it
  // The machine's version that the command was made for; absent: any.
  std::optional<uint64_t> expected_version;
};

// Proposals: changes of state machines (state_machine.h), durable and in one order with everything
// else.
//
// Threading:  synchronised inside.
// Failure:    kVersionConflict: the machine has moved on, read again. Whatever a machine's check
//             says.
class Proposals {
 public:
  virtual ~Proposals() = default;
  // All commands in one entry, whole or not at all; applied and durable when `done` runs.
  virtual void propose(std::vector<Command> commands, io::Executor& executor,
                       io::Completion<Result<Lsn>> done) = 0;
  // How many commands the machine has applied; 0 for one that is not registered.
  virtual uint64_t version(std::string_view machine) const = 0;
};

}  // namespace millrace::commit
