#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "commit/jobs.h"
#include "log/calls/ring_proposals.h"
#include "log/ring/ring_files.h"
#include "log/units/ring_unit.h"

namespace millrace::log {

// RingJobs: jobs, their units and their state. Threading: synchronised inside.
class RingJobs final : public commit::Jobs {
 public:
  RingJobs(UnitContext& context, RingProposals& proposals, const RingFiles& files,
           io::Executor& reader)
      : context_(context), proposals_(proposals), files_(files), reader_(reader) {}

  void open_job(std::string name, io::Executor& executor,
                io::Completion<Result<commit::OpenedJob>> done) override;
  void drop_job(std::string name, io::Executor& executor,
                io::Completion<Result<void>> done) override;
  std::vector<commit::RecoveredJob> list() override;
  Result<commit::RecoveredJob> recover(commit::JobId job) override;
  Result<std::unique_ptr<commit::StateReader>> read_state(commit::JobId job,
                                                          commit::StateFilter filter) override;
  Result<std::unique_ptr<commit::Unit>> begin(commit::UnitSpec spec) override;
  Result<std::unique_ptr<commit::SnapshotWriter>> begin_snapshot(
      commit::SnapshotSpec spec) override;

 private:
  using TurnKey = std::pair<commit::JobId, commit::Incarnation>;

  UnitContext& context_;
  RingProposals& proposals_;
  const RingFiles& files_;
  io::Executor& reader_;
  std::mutex mutex_;
  std::map<TurnKey, std::shared_ptr<CommitTurn>> turns_;
};

}  // namespace millrace::log
