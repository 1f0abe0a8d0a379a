#include "testing/job_runner.h"

#include "base/assert.h"

namespace millrace::testing {

JobRunner::JobRunner(io::World world, commit::CommitLog& log, size_t workers)
    : world_(world), log_(log) {
  for (size_t index = 0; index < workers; ++index) {
    workers_.push_back(world_.threads.start({.name = "worker" + std::to_string(index)}));
  }
  coordinator_ = world_.threads.start({.name = "coordinator"});
}

JobRunner::~JobRunner() {
  if (finished_ == nullptr) return;
  job_.reset();
  world_.threads.wait(finished_->notification);
}

Result<void> JobRunner::start(engine::Dataflow dataflow, engine::JobOptions options) {
  job_.reset();
  committed_.clear();
  notices_.clear();
  finished_ = std::make_shared<Finished>();
  engine::JobEnvironment environment{log_, world_.clock, {}, *coordinator_};
  for (const auto& worker : workers_) environment.workers.push_back(worker.get());
  engine::JobEvents events;
  events.on_committed = [this](const engine::CommittedEpoch& epoch) {
    committed_.push_back(epoch);
  };
  events.on_notice = [this](const Error& notice) { notices_.push_back(notice); };
  events.on_finished = [finished = finished_](Result<engine::JobSummary> result) {
    finished->result.emplace(std::move(result));
    finished->notification.set();
  };
  auto started = engine::Job::start(std::move(dataflow), std::move(options), std::move(environment),
                                    std::move(events));
  if (!started) {
    finished_.reset();
    return std::move(started).error();
  }
  job_ = std::move(*started);
  return {};
}

Result<engine::JobSummary> JobRunner::wait() {
  MILLRACE_ASSERT(finished_ != nullptr);
  world_.threads.wait(finished_->notification);
  return *finished_->result;
}

Result<engine::JobSummary> JobRunner::run(engine::Dataflow dataflow, engine::JobOptions options) {
  MILLRACE_TRY(start(std::move(dataflow), std::move(options)));
  return wait();
}

}  // namespace millrace::testing
