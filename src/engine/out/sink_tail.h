#pragma once

#include <memory>

#include "engine/out/tail.h"
#include "engine/sink.h"
#include "engine/task/task_counters.h"
#include "engine/task/task_staging.h"

namespace millrace::engine {

// SinkTail: a sink as the last stage of a chain. Threading: confined to its task; staging and
// counters outlive it.
class SinkTail final : public Tail {
 public:
  SinkTail(std::unique_ptr<Sink> sink, TaskStaging& staging, TaskCounters& counters)
      : sink_(std::move(sink)), staging_(staging), counters_(counters) {}

  Result<void> open(OpenContext& context) override { return sink_->open(context); }
  Result<Step> on_event(Event event) override;
  Result<Step> resume() override { return sink_->resume(staging_); }
  // A barrier stages the rest of the epoch, so it needs room as well.
  bool room(bool) const override { return !staging_.full(); }
  // The task flushes its staging before each step and waits there.
  bool wait_for_room(bool) override { return staging_.full(); }
  Result<void> committed(commit::Epoch epoch) override { return sink_->committed(epoch); }

 private:
  const std::unique_ptr<Sink> sink_;
  TaskStaging& staging_;
  TaskCounters& counters_;
};

}  // namespace millrace::engine
