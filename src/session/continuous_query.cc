#include "session/continuous_query.h"

#include "jobs/run_job.h"

namespace millrace::session {

ContinuousQuery::ContinuousQuery(std::unique_ptr<jobs::JobRun> run, Key key)
    : run_(std::move(run)), key_(std::move(key)) {}

ContinuousQuery::~ContinuousQuery() = default;

jobs::Progress ContinuousQuery::progress() const {
  return run_->progress();
}

bool ContinuousQuery::ended() const {
  return run_->ended();
}

void ContinuousQuery::request_stop() {
  run_->request_stop();
}

Result<jobs::Summary> ContinuousQuery::wait() {
  return run_->wait();
}

}  // namespace millrace::session
