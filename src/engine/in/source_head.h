#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <vector>

#include "engine/epochs/split_positions.h"
#include "engine/in/head.h"
#include "engine/in/source_rows.h"
#include "engine/in/split_time.h"

namespace millrace::engine {

// SourceHead: reads a task's splits and turns what they decode into a stream with time: chooses the
// split to read, prepares rows (SourceRows), cuts batches (SplitTime), keeps positions, watermarks,
// idleness and the rate, and lets barriers in.
//
// Of a bounded source the split whose watermark is furthest behind is read, so that they rise
// together and little has to be remembered; without event time that is the first. Of an endless one
// every split in turn.
//
// Threading:  confined to its task.
class SourceHead final : public Head {
 public:
  SourceHead(SourceShard shard, std::vector<SplitStart> splits, TimeStart start,
             HeadContext context);

  Result<Step> feed(Chain& chain) override;
  void describe(TaskAck& ack) override;

  void order_barrier(BarrierOrder order) { orders_.push_back(order); }
  void split_opened(size_t index, std::unique_ptr<SplitReader> reader);

 private:
  // Set by a reader's wake, on any thread.
  struct Signal {
    std::atomic<bool> ready{false};
    std::shared_ptr<TaskWaker> waker;
  };
  struct SplitState {
    SplitStart start;  // position, watermark, idle, ended run along
    std::shared_ptr<const SplitNumber> number;
    std::unique_ptr<SplitReader> reader;
    std::shared_ptr<Signal> signal;
    bool opening = false;
    bool waiting = false;    // its last poll returned kWait
    bool caught_up = false;  // and it stood at the end
    bool changed = false;    // since the last barrier
    bool notice_far_future = true;
    io::MonotonicTime waiting_since;
  };
  // What a reader has emitted and nobody has looked at.
  struct Decoded {
    enum class Kind : uint8_t { kRows, kRejection, kEnd };
    Kind kind = Kind::kEnd;
    data::Batch batch;
    Rejection rejection;
    Position behind;
    int64_t first_row = 0;
  };
  class Emission;

  void start(Chain& chain);
  Result<void> take_decoded(Chain& chain);
  Result<void> begin_batch(Chain& chain, Decoded decoded);
  void push_part(Chain& chain);
  void finish_batch();
  void push_barrier(Chain& chain);
  void push_end(Chain& chain);
  Result<Step> poll();
  void wait_for_splits();
  SplitState* choose_split();
  void request_splits();
  bool ready(const SplitState& split) const;
  bool all_ended() const;
  // Rows that the rate allows now; 0: a wake-up has been asked for.
  uint32_t rows_allowed();

  // Watermark and idleness of the task go out where they have changed; `exact`: also below
  // granularity.
  void publish_time(Chain& chain, bool exact);
  // The least watermark of the active splits other than `except`; kTimeMax: there are none.
  Timestamp least_watermark(const SplitState* except, bool& any_active) const;
  // The greatest watermark of the splits that have not ended.
  Timestamp furthest_watermark() const;
  void push_tick(Chain& chain, Timestamp tick);
  void push_watermark(Chain& chain, Timestamp watermark);
  void check_idle();
  void report_changed();
  void wake_at(io::MonotonicTime when);

  SourceShard shard_;
  HeadContext context_;
  SourceRows rows_;
  SplitTime time_;
  std::vector<SplitState> splits_;
  std::deque<BarrierOrder> orders_;
  std::deque<Decoded> decoded_;
  SplitState* decoded_split_ = nullptr;  // whose decoded_ and current batch are
  size_t next_split_ = 0;                // of the turn

  // The batch that is being pushed, part by part.
  bool in_batch_ = false;
  Position behind_;
  uint32_t timed_from_ = 0;    // of rows_.timed(): before it everything is cut
  uint32_t passed_from_ = 0;   // of rows_.passed(): before it everything is pushed
  uint32_t passed_until_ = 0;  // up to the cut
  uint32_t passed_size_ = 0;

  EventTimeSpans event_times_;  // since the last barrier
  const TimeStart time_start_;
  Timestamp committed_floor_ = kTimeMin;
  Timestamp tick_;
  bool started_ = false;
  bool stopped_ = false;  // behind the last barrier
  bool changed_ = false;  // since the last barrier, and reported
  bool idle_sent_ = false;
  bool end_sent_ = false;
  io::MonotonicTime rate_since_;
  uint64_t rate_rows_ = 0;
  io::MonotonicTime wake_at_;  // the timer that is set
};

}  // namespace millrace::engine
