#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "engine/job.h"
#include "engine/task/chain.h"
#include "engine/task/slice.h"
#include "engine/task/task_counters.h"
#include "engine/task/task_reports.h"
#include "engine/task/task_staging.h"
#include "engine/task/task_waker.h"

namespace millrace::engine {

// What a head has of its task. References outlive the head.
struct HeadContext {
  uint32_t task = 0;
  const JobOptions& options;
  const io::Clock& clock;
  Slice& slice;
  TaskStaging& staging;
  TaskCounters& counters;
  std::shared_ptr<TaskWaker> waker;
  std::shared_ptr<TaskReports> reports;
};

// Where a head begins with time.
struct TimeStart {
  Timestamp tick = kTimeMin;
  // Watermarks that it had sent by the last commit, so that no row comes in before them although
  // not every input has said yet how far it is. Empty: none. Of a source: one; of channels: the
  // ports', then the merged one.
  std::vector<Timestamp> floors;
  std::string position_name;  // under which the floors are committed
};

// Head: what feeds a task's chain: a source or channels.
//
// Threading:  confined to its task.
// Order:      feed only while the chain is idle; after it has pushed a barrier, nothing until the
//             task has taken it and acknowledged.
class Head {
 public:
  virtual ~Head() = default;
  // One step. kDone: something was done. kWait: a wake-up will come.
  virtual Result<Step> feed(Chain& chain) = 0;
  // The barrier that has been pushed.
  std::optional<commit::Epoch> take_barrier() { return std::exchange(barrier_, std::nullopt); }
  // Fills positions, tick and `ended` as of the barrier.
  virtual void describe(TaskAck& ack) = 0;

 protected:
  std::optional<commit::Epoch> barrier_;
};

}  // namespace millrace::engine
