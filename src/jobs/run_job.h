#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "engine/job.h"
#include "io/executor.h"
#include "jobs/job_report.h"
#include "jobs/lower.h"
#include "plan/logical/logical_plan.h"

namespace millrace::jobs {

// What jobs run on; made by `node`. References outlive every job.
struct Runtime {
  commit::CommitLog& log;
  io::Clock& clock;
  io::Threads& threads;
  std::vector<io::Executor*> workers;
  io::Executor& coordinator;
  // Where a client's rows and progress are told: one at a time, never on a worker.
  io::Executor& door;
  connectors::Outside& outside;
  const expr::FunctionRegistry& functions;
  const connectors::Connectors& connectors;
  const formats::Formats& formats;
  MemoryAccount& memory;
};

struct RunOptions {
  std::string name;  // the job's identity
  uint32_t parallelism = 1;
  int64_t epoch_interval_us = 200'000;
  uint32_t batch_rows_max = data::kBatchRowsMax;
  uint32_t channel_credit = 8;
  // The job is forgotten when it has ended: nobody will resume it (SELECT).
  bool forget = false;
  // As engine::JobOptions: whether the job dies at this point of an epoch.
  std::function<bool(commit::Epoch, engine::EpochPhase)> crash;
};

// Told on Runtime::door; progress once more, at the end, on the thread that waits.
struct RunEvents {
  std::function<void(const ResultRows::Chunk&)> on_rows;
  std::function<void(const Error&)> on_notice;
  std::function<void(const engine::JobProgress&)> on_progress;
  int64_t progress_interval_us = 200'000;
};

// JobRun: a plan that runs, until it has ended.
//
// Threading:  request_stop from anywhere; start and wait from one thread that is no executor's.
// Order:      start, wait.
// Failure:    wait: what ended the job.
class JobRun {
 public:
  static Result<std::unique_ptr<JobRun>> start(const plan::LogicalPlan& plan, RunOptions options,
                                               RunEvents events, Runtime& runtime);
  ~JobRun();
  JobRun(const JobRun&) = delete;
  JobRun& operator=(const JobRun&) = delete;

  // Commits what has been read, then ends.
  void request_stop();
  engine::JobProgress progress() const;
  // Whether wait returns at once.
  bool ended() const;
  // Returns when the job has ended and every row of it was told.
  Result<engine::JobSummary> wait();

 private:
  struct Shared;
  JobRun(std::shared_ptr<Shared> shared, std::unique_ptr<Forwarding> forwarding, Runtime& runtime,
         std::string forget);

  std::shared_ptr<Shared> shared_;
  const std::unique_ptr<Forwarding> forwarding_;
  Runtime& runtime_;
  const std::string forget_;  // the job's name, or empty
};

}  // namespace millrace::jobs
