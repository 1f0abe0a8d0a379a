#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "commit/ids.h"
#include "commit/positions.h"
#include "engine/epochs/event_time_spans.h"
#include "engine/source.h"
#include "engine/step.h"
#include "io/executor.h"

namespace millrace::engine {

// The coordinator's word to a source task: end the epoch.
struct BarrierOrder {
  commit::Epoch epoch;
  Timestamp tick = kTimeMin;  // processing time, which passes with the barrier
  bool last = false;          // read nothing after it
};

// A task's word to the coordinator: all of the epoch has passed through it and is staged.
struct TaskAck {
  uint32_t task = 0;
  commit::Epoch epoch;
  commit::Positions positions;  // that changed in this epoch
  Timestamp tick = kTimeMin;    // of source tasks
  bool ended = false;           // a source task has read all of its splits to their end
  Timestamp next_timer = kTimeMax;
  EventTimeSpans event_times;  // of source tasks: of the epoch's rows
};

// A split to be opened by the coordinator (Source's contract), for a source task.
struct OpenRequest {
  uint32_t task = 0;
  size_t index = 0;  // of the task's splits
  Split split;
  Position from;
  io::Wake wake;
};

// TaskReports: how tasks reach their coordinator. Threading: from any worker; never blocks.
class TaskReports {
 public:
  virtual ~TaskReports() = default;
  virtual void acknowledge(TaskAck ack) = 0;
  virtual void fail(Error error) = 0;
  virtual void notice(Error error) = 0;
  // There is something for an epoch to commit. Once per task and epoch.
  virtual void input_changed() = 0;
  // A source task has sent its end downstream.
  virtual void input_ended(uint32_t task) = 0;
  virtual void open_split(OpenRequest request) = 0;
  // The task has been told that its job's last epoch is committed, and has passed it on.
  virtual void last_epoch_delivered(uint32_t task) = 0;
};

}  // namespace millrace::engine
