#include "engine/job.h"

#include "engine/epochs/assembly.h"
#include "engine/epochs/running_job.h"

namespace millrace::engine {

Job::Job(std::shared_ptr<Running> running) : running_(std::move(running)) {}

Job::~Job() {
  cancel();
}

Result<std::unique_ptr<Job>> Job::start(Dataflow dataflow, JobOptions options,
                                        JobEnvironment environment, JobEvents events) {
  MILLRACE_TRY(check_dataflow(dataflow));
  auto running = std::make_shared<Running>(std::move(dataflow), std::move(options),
                                           std::move(environment), std::move(events));
  running->start();
  return std::unique_ptr<Job>(new Job(std::move(running)));
}

void Job::request_stop() {
  running_->request_stop();
}

void Job::cancel() {
  running_->cancel();
}

JobProgress Job::progress() const {
  return running_->progress();
}

}  // namespace millrace::engine
