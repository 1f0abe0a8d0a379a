#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "commit/ids.h"

namespace millrace::log {

// UnitFate: whether a unit may still stage and commit. Outlives the unit: what is under way looks
// here.
//
// Threading:  `mutex` guards the rest.
struct UnitFate {
  std::mutex mutex;
  commit::Epoch epoch;
  bool closed = false;         // committed or aborted
  std::optional<Error> error;  // why it cannot commit
};

// CommitTurn: the commits of one incarnation of a job, in order of epochs, although one of them may
// have to wait for its spill file.
//
// Threading:  synchronised inside; what it runs, runs in the caller of `ready`.
class CommitTurn {
 public:
  explicit CommitTurn(commit::Epoch last) : called_(last), next_(last.next()) {}

  // A unit of `epoch` was opened.
  void add(std::shared_ptr<UnitFate> fate);
  // commit() of `epoch` was called. An Error: it is not its turn.
  std::optional<Error> call(commit::Epoch epoch);
  // Everything the commit of `epoch` needs stands in the queue: runs `submit` now, or when all
  // earlier ones have been submitted. With an Error if an earlier one failed.
  using Submit = std::move_only_function<void(std::optional<Error>)>;
  void ready(commit::Epoch epoch, Submit submit);
  // The commit of `epoch` will not come: neither will later ones.
  void fail(commit::Epoch epoch, const Error& error);
  // Closes all open units from `epoch` on; whether there were any.
  bool abort_from(commit::Epoch epoch);

 private:
  std::mutex mutex_;
  commit::Epoch called_;
  commit::Epoch next_;
  std::optional<Error> failed_;
  std::map<commit::Epoch, Submit> waiting_;
  std::vector<std::weak_ptr<UnitFate>> fates_;
};

}  // namespace millrace::log
