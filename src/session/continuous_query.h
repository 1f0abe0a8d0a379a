#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "jobs/job_report.h"

namespace millrace::jobs {
class JobRun;
}  // namespace millrace::jobs

namespace millrace::session {

// ContinuousQuery: a SUBSCRIBE or an INSERT that runs on in the background under a name.
//
// Threading:  request_stop, progress and ended from anywhere; the rest from the session's thread.
// Ownership:  what the session works with, and the client, outlive it. Destroying it cancels the
//             job: what was committed stays, and the same name goes on behind it.
// Failure:    wait: what ended the job.
class ContinuousQuery {
 public:
  // A SUBSCRIBE's rows are told apart by these columns; absent: nothing but the whole row does.
  using Key = std::optional<std::vector<uint32_t>>;

  ContinuousQuery(std::unique_ptr<jobs::JobRun> run, Key key);
  ~ContinuousQuery();
  ContinuousQuery(const ContinuousQuery&) = delete;
  ContinuousQuery& operator=(const ContinuousQuery&) = delete;

  const Key& key() const { return key_; }
  jobs::Progress progress() const;
  bool ended() const;
  // Commits what has been read, then ends.
  void request_stop();
  Result<jobs::Summary> wait();

 private:
  const std::unique_ptr<jobs::JobRun> run_;
  const Key key_;
};

}  // namespace millrace::session
