#include "engine/out/sink_tail.h"

namespace millrace::engine {

Result<Step> SinkTail::on_event(Event event) {
  switch (event.kind) {
    case EventKind::kBatch:
      TaskCounters::add(counters_.rows_out, event.batch.size());
      return sink_->on_batch(std::move(event.batch), staging_);
    case EventKind::kBarrier:
      return sink_->on_barrier(commit::Epoch(static_cast<uint64_t>(event.value)), staging_);
    case EventKind::kLate:
    case EventKind::kWatermark:
    case EventKind::kTick:
    case EventKind::kIdle:
    case EventKind::kEnd:
      return Step::kDone;
  }
  return Step::kDone;
}

}  // namespace millrace::engine
