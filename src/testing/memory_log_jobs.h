#pragma once

#include "testing/memory_store.h"

namespace millrace::testing {

// Jobs, units, state and snapshots of a MemoryCommitLog. Threading: synchronised by the store.
class MemoryCommitLog::JobsPart final : public commit::Jobs {
 public:
  JobsPart(Store& store, const MemoryLogOptions& options) : store_(store), options_(options) {}
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
  static commit::RecoveredJob recovered(const Store::Job& job);

  Store& store_;
  const MemoryLogOptions& options_;
};

}  // namespace millrace::testing
