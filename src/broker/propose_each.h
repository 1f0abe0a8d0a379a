#pragma once

#include <vector>

#include "base/result.h"
#include "commit/proposals.h"
#include "io/executor.h"

namespace millrace::broker {

// Proposes commands that do not depend on each other: all in one entry, which costs one sync; where
// that is refused, each in its own. One answer for each command. `proposals` outlives the answer.
void propose_each(commit::Proposals& proposals, std::vector<commit::Command> commands,
                  io::Executor& executor, io::Completion<std::vector<Result<void>>> done);

}  // namespace millrace::broker
