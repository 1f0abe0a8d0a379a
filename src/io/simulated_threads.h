#pragma once

#include <map>
#include <thread>
#include <vector>

#include "io/executor.h"
#include "io/simulated_clock.h"
#include "io/simulated_random.h"
#include "io/trace.h"

namespace millrace::io {

class SimulatedExecutor;

struct SimulatedThreadsOptions {
  // Each task takes a random simulated time of at most this; 0: none, the clock is driven by hand.
  int64_t task_ns_max = 2'000;
  // A wait that lasts longer in simulated time is a hang.
  int64_t wait_ns_max = 7 * 24 * 3600 * kNsPerSecond;
};

// SimulatedThreads: all executors on the caller's thread. Which executor runs its next task is
// drawn from the seed; when no task is left, the clock jumps to the next timer.
//
// Threading:  everything, posting too, on the one OS thread that made it; asserted.
// Ownership:  clock, random and trace outlive it; it outlives its executors.
// Failure:    a wait that nothing can end is an assertion: "deadlock".
class SimulatedThreads final : public Threads {
 public:
  SimulatedThreads(SimulatedClock& clock, SimulatedRandom& random, Trace& trace,
                   SimulatedThreadsOptions options = {});
  ~SimulatedThreads() override;

  std::unique_ptr<Executor> start(ThreadOptions options) override;
  void wait(Notification& notification) override;
  int parallelism() const override { return 1; }

  // Runs what can run now, without moving the clock to a timer.
  void run_until_idle();
  // Runs all that happens in the next `duration_ns`, then stands at its end.
  void run_for(int64_t duration_ns);
  // One task of a random executor, or false if none can run now.
  bool run_one();

 private:
  friend class SimulatedExecutor;
  struct Timer {
    SimulatedExecutor* executor;
    Task task;
  };
  void queue_due();
  void assert_thread() const;

  SimulatedClock& clock_;
  SimulatedRandom& random_;
  Trace& trace_;
  const SimulatedThreadsOptions options_;
  const std::thread::id thread_ = std::this_thread::get_id();
  std::vector<SimulatedExecutor*> executors_;
  std::multimap<MonotonicTime, Timer> timers_;  // equal times in the order of posting
  SimulatedExecutor* running_ = nullptr;
  uint64_t next_id_ = 0;
};

}  // namespace millrace::io
