#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "broker/identity_machine.h"
#include "commit/proposals.h"
#include "io/executor.h"

namespace millrace::broker {

// ProducerIds: ids that were never given out before, also not before a crash: a block of them is
// reserved in the log, then they cost nothing until it is used up.
//
// Threading:  synchronised inside.
// Ownership:  machine, proposals and executor outlive it; it outlives the answers.
class ProducerIds {
 public:
  ProducerIds(const IdentityMachine& machine, commit::Proposals& proposals, io::Executor& executor)
      : machine_(machine), proposals_(proposals), executor_(executor) {}

  // Perhaps at once. Failure: what Proposals says.
  void next(io::Completion<Result<int64_t>> done);

 private:
  void reserve();
  void reserved(int64_t first, Result<commit::Lsn> done);

  const IdentityMachine& machine_;
  commit::Proposals& proposals_;
  io::Executor& executor_;
  std::mutex mutex_;
  int64_t next_ = 0;
  int64_t end_ = 0;
  std::deque<io::Completion<Result<int64_t>>> waiting_;
};

}  // namespace millrace::broker
