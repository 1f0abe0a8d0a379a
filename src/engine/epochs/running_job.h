#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "engine/epochs/assembly.h"
#include "engine/job.h"

namespace millrace::engine {

// Job::Running: the coordinator of a job: opens it, makes its tasks, sends barriers, commits, and
// takes it down again.
//
// Barriers of several epochs may be under way. The unit of the epoch behind a barrier is opened
// before the barrier enters the sources, where the log allows so many; where it does not, tasks
// wait for it when they have something to stage.
//
// Threading:  request_stop, cancel and progress from any thread; all else on the coordinator's
//             executor.
// Ownership:  shared by the Job and by whatever is posted; tasks know it weakly.
class Job::Running : public std::enable_shared_from_this<Running> {
 public:
  Running(Dataflow dataflow, JobOptions options, JobEnvironment environment, JobEvents events);
  ~Running();

  void start();
  void request_stop();
  void cancel();
  JobProgress progress() const;

 private:
  class Reports;
  enum class Phase : uint8_t { kOpening, kRunning, kEnding, kFinished };
  struct TaskEntry {
    std::unique_ptr<Task> task;
    std::shared_ptr<TaskWaker> waker;
    bool source = false;
    bool sink = false;
  };
  struct EpochUnderWay {
    std::unique_ptr<commit::Unit> unit;  // from the commit's submission on
    uint32_t acks = 0;
    commit::Positions positions;
    std::vector<EventTimeSpans> event_times;  // of each source task
    Timestamp tick = kTimeMin;
    Timestamp next_timer = kTimeMax;
    bool last = false;
  };

  // Runs `step` on the coordinator with this alive.
  void post(std::move_only_function<void(Running&)> step);

  void on_opened(Result<commit::OpenedJob> opened);
  Result<void> recover(const commit::OpenedJob& opened);
  Result<void> make_tasks(const commit::RecoveredJob& recovered, bool same_layout);
  Result<void> open_task(TaskEntry& entry, bool restore);
  void restore_next(std::shared_ptr<TaskWaker> waker, std::shared_ptr<commit::StateReader> reader);

  Result<void> begin_unit(commit::Epoch epoch);
  Result<void> begin_units();
  void want_epoch(bool at_once);
  void arm();
  void try_barrier();
  void send_barrier();
  bool crashes(commit::Epoch epoch, EpochPhase phase);
  void on_ack(TaskAck ack);
  void submit(commit::Epoch epoch);
  void on_committed(commit::Epoch epoch, Result<commit::Committed> committed);
  void tell_latency(const EpochUnderWay& committed);
  void wait_for_timer(Timestamp timer);
  void on_delivered();
  void open_split(OpenRequest request);

  void fail(Error error);
  void end(JobEnd how);
  void take_down();
  void finish_if_down();

  const JobOptions options_;
  const JobEnvironment environment_;
  JobEvents events_;
  Dataflow dataflow_;

  // What has happened.
  Phase phase_ = Phase::kOpening;
  std::atomic<bool> finished_{false};  // the environment is no longer ours
  std::optional<Error> error_;
  JobEnd how_ = JobEnd::kComplete;
  uint32_t tasks_left_ = 0;  // not yet taken down
  uint32_t calls_open_ = 0;  // asynchronous calls of the log that hold something of ours
  uint32_t sources_ = 0;
  uint32_t sources_ended_ = 0;
  uint32_t sinks_undelivered_ = 0;
  bool stop_requested_ = false;

  // Epochs.
  commit::OpenedJob opened_;
  commit::Epoch resumed_after_;  // what an earlier run committed last
  commit::Epoch next_epoch_;     // whose barrier is sent next
  commit::Epoch unit_epoch_;     // the newest with a unit
  uint32_t units_open_ = 0;
  std::map<commit::Epoch, EpochUnderWay> under_way_;
  commit::Positions first_positions_;  // what the first commit says besides those of splits
  Timestamp tick_ = kTimeMin;
  bool wanted_ = false;  // something waits for an epoch
  bool urgent_ = false;  // and not for its time
  bool armed_ = false;   // a timer will look
  bool last_sent_ = false;
  io::MonotonicTime last_barrier_;
  Timestamp timer_at_ = kTimeMax;  // the processing time that is waited for
  std::atomic<uint64_t> committed_epoch_{0};
  mutable std::mutex latency_mutex_;
  LogHistogram latency_us_;

  UnitBoard board_;
  std::vector<TaskCounters> counters_;
  std::vector<bool> source_has_time_;
  std::optional<TaskShared> shared_;
  std::vector<TaskEntry> tasks_;
};

}  // namespace millrace::engine
