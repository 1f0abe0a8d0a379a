#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/memory_account.h"
#include "base/result.h"
#include "commit/commit_log.h"
#include "engine/dataflow.h"
#include "engine/job_report.h"
#include "engine/rejection.h"
#include "io/clock.h"
#include "io/executor.h"

namespace millrace::engine {

// Where rejected rows go: staged in the epoch's unit, as one record batch v2 per call of `encode`.
struct ErrorsTarget {
  commit::PartitionId partition;
  // Called on workers, at the same time on several.
  std::function<Result<Buffer>(std::span<const Rejection>)> encode;
};

// Moments of an epoch at which a world may crash the job.
enum class EpochPhase : uint8_t {
  kBarrier,    // the barrier is about to enter the sources
  kStaged,     // all tasks have staged; the commit has not been submitted
  kCommitted,  // the commit is durable; no sink has been told
};

struct JobOptions {
  std::string name;  // the identity of what it has committed
  int64_t epoch_interval_us = 200'000;
  uint32_t epochs_in_flight_max = 3;
  uint32_t batch_rows_max = data::kBatchRowsMax;
  uint32_t channel_credit = 8;  // batches per channel
  // A task's turn: so long and so many batches, then the next.
  int64_t slice_us = 500;
  uint32_t slice_batches_max = 256;
  int64_t tick_interval_us = 100'000;
  // Deltas beyond this, and beyond the size of the state, call for a snapshot.
  uint64_t snapshot_delta_bytes = uint64_t{1} << 30;
  std::optional<ErrorsTarget> errors;  // absent: rejections are counted and dropped
  MemoryAccount* memory = nullptr;     // outlives the job
  // Answers whether the job dies here as if the process had; for worlds. On the coordinator.
  std::function<bool(commit::Epoch, EpochPhase)> crash;
};

// What a job runs on. All of it outlives the job.
struct JobEnvironment {
  commit::CommitLog& log;
  const io::Clock& clock;
  std::vector<io::Executor*> workers;  // shard i runs on workers[i mod their number]
  io::Executor& coordinator;           // epochs and callbacks; may be one of the workers
};

// A committed epoch, as on_committed tells it.
struct CommittedEpoch {
  commit::Epoch epoch;
  commit::Lsn lsn;
  commit::Tick tick;
  bool last = false;
};

// Told on the coordinator's executor, one after another; on_finished last, after which nothing of
// the job uses what it was given.
struct JobEvents {
  std::function<void(const CommittedEpoch&)> on_committed;
  // Something that the user should know although the job goes on.
  std::function<void(const Error&)> on_notice;
  io::Completion<Result<JobSummary>> on_finished;
};

// Job: a running dataflow: its tasks, its epochs, its recovery.
//
// Threading:  every call from any thread.
// Ownership:  destroying a job that has not finished cancels it; on_finished still runs
//             (kCancelled), and until then the environment must live.
// Order:      start; request_stop or cancel at will.
// Failure:    the job ends with the first Error; nothing of uncommitted epochs remains. Starting a
//             job of the same name again resumes after the last committed epoch. kFenced: a newer
//             start of this name has taken over. kInputChanged: what was read in part is no longer
//             the same.
class Job {
 public:
  // Errors in the dataflow are returned; what fails later is told by on_finished.
  static Result<std::unique_ptr<Job>> start(Dataflow dataflow, JobOptions options,
                                            JobEnvironment environment, JobEvents events);
  ~Job();
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // Commits what has been read and ends (kStopped).
  void request_stop();
  // Ends without a further commit (kCancelled).
  void cancel();
  JobProgress progress() const;

 private:
  class Running;
  explicit Job(std::shared_ptr<Running> running);
  std::shared_ptr<Running> running_;
};

// Whether a job of which this was recovered has read all of its inputs to their end and committed
// that.
bool is_complete(const commit::RecoveredJob& job);

}  // namespace millrace::engine
