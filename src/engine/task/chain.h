#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "engine/operator.h"
#include "engine/out/tail.h"
#include "engine/task/event.h"
#include "engine/task/slice.h"

namespace millrace::engine {

// What falls out of a chain sideways.
class ChainSide {
 public:
  virtual ~ChainSide() = default;
  virtual void late(const data::Batch& batch) = 0;
  virtual void reject(Rejection rejection) = 0;
};

// Chain: the operators of one task and its tail. An operator's push calls the next one directly as
// long as everything downstream is idle; otherwise the event waits in front of it. An unfinished
// stage gets nothing but resume, and the most downstream unfinished stage goes first.
//
// Threading:  confined to its task.
// Ownership:  owns operators and tail; slice and side outlive it.
// Order:      open; push (only when idle() for new work, followed by the signals that belong to
//             it), run until it returns kDone. start_turn once per turn of the task.
// Failure:    the first Error of a stage; the chain is then dead.
class Chain {
 public:
  Chain(std::vector<std::unique_ptr<Operator>> operators, std::unique_ptr<Tail> tail, Slice& slice,
        ChainSide& side);
  ~Chain();

  // `contexts`: one per operator and one for the tail.
  Result<void> open(std::span<OpenContext> contexts);

  void push(Event event);
  bool idle() const { return unfinished_ == 0 && !error_; }
  // kDone: nothing is unfinished. kAgain: the slice is over. kWait: a wake-up will come.
  Result<Step> run();
  // Stages that wait for data are asked again once per turn.
  void start_turn() { waiting_ = 0; }

  Tail& tail() { return *tail_; }
  size_t operators() const { return stages_.size() - 1; }
  const Operator& at(size_t index) const;
  // The least of the operators' next timers.
  Timestamp next_timer() const;

 private:
  struct Stage;

  // The stage behind `stage` is to have the event: now, or when it can.
  void deliver(size_t to, Event event);
  bool can_start(size_t index, bool batch) const;
  bool blocked(size_t index) const { return (unfinished_ >> index) > 1; }
  void start(size_t index, Event event);
  Result<Step> dispatch(Stage& stage, Event& event);
  void settle(size_t index, Result<Step> step);
  void forward(size_t index);
  bool full_behind(size_t index) const;
  // One try at the most downstream unfinished stage. kAgain: something was done.
  Step advance(size_t index);
  void update_mask(size_t index);

  std::vector<std::unique_ptr<Stage>> stages_;  // one per operator, then the tail's
  std::unique_ptr<Tail> tail_;
  Slice& slice_;
  ChainSide& side_;
  uint64_t unfinished_ = 0;  // bit i: stage i is suspended or has events in front of it
  uint64_t waiting_ = 0;     // bit i: stage i returned kWait in this turn
  std::optional<Error> error_;
};

}  // namespace millrace::engine
