#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/job.h"
#include "io/world.h"

namespace millrace::testing {

// JobRunner: workers and a coordinator in a world, simulated or real, and jobs run on them.
//
// Threading:  confined to the thread that owns the world.
// Ownership:  world and log outlive it.
class JobRunner {
 public:
  JobRunner(io::World world, commit::CommitLog& log, size_t workers = 2);
  ~JobRunner();

  // Runs to the end.
  Result<engine::JobSummary> run(engine::Dataflow dataflow, engine::JobOptions options);

  // Runs beside the test.
  Result<void> start(engine::Dataflow dataflow, engine::JobOptions options);
  engine::Job& job() { return *job_; }
  Result<engine::JobSummary> wait();
  // As told so far; read after wait, or under simulation.
  const std::vector<engine::CommittedEpoch>& committed() const { return committed_; }
  const std::vector<Error>& notices() const { return notices_; }

 private:
  struct Finished {
    io::Notification notification;
    std::optional<Result<engine::JobSummary>> result;
  };

  io::World world_;
  commit::CommitLog& log_;
  std::vector<std::unique_ptr<io::Executor>> workers_;
  std::unique_ptr<io::Executor> coordinator_;
  std::unique_ptr<engine::Job> job_;
  std::shared_ptr<Finished> finished_;
  std::vector<engine::CommittedEpoch> committed_;
  std::vector<Error> notices_;
};

}  // namespace millrace::testing
