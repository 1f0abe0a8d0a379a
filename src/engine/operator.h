#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/memory_account.h"
#include "base/result.h"
#include "commit/ids.h"
#include "data/batch.h"
#include "engine/rejection.h"
#include "engine/step.h"
#include "io/executor.h"
#include "traits/operator_traits.h"

namespace millrace::state {
class StateStore;
}

namespace millrace::engine {

// The n-th input of an operator.
using Port = uint8_t;

// Output: where an operator puts rows. Owned by the task; valid during the call it is passed to.
class Output {
 public:
  virtual ~Output() = default;
  // Never blocks. REQUIRES: at most one batch is pushed after full() became true. Empty batches are
  // dropped; at most kBatchRowsMax rows.
  virtual void push(data::Batch batch) = 0;
  // No credit downstream, or the time slice is over: keep a cursor and return kAgain.
  virtual bool full() const = 0;
  // Rows beside the stream (late ones), with the schema of the port they came by; counted, and
  // dropped where no edge takes them (Edge::late).
  virtual void push_late(data::Batch batch) = 0;
  // A row that failed.
  virtual void reject(Rejection rejection) = 0;
};

// An operator's n-th table has the id StateId(OpenContext::state_id + n), n below this.
inline constexpr uint64_t kTablesPerOperatorMax = 16;

// What an operator or sink is given when it opens. References outlive it.
struct OpenContext {
  uint32_t shard = 0;
  uint32_t shards = 1;
  // Keyed state of this task; null for operators that are not stateful.
  state::StateStore* state = nullptr;
  // The first of the operator's kTablesPerOperatorMax state ids (Pipeline::state_ids).
  uint64_t state_id = 0;
  MemoryAccount* memory = nullptr;
  // Makes what resumes this task after kWait; the Wake may outlive the task. Valid during open and
  // after.
  std::function<io::Wake()> make_wake;
};

// Operator: one step of a pipeline: rows in, rows out.
//
// Threading:  confined to its task; no call overlaps another.
// Ownership:  the task owns it. OpenContext's references outlive it.
// Order:      open; then any order of on_batch, on_time and on_barrier. After a call that returned
//             kAgain or kWait nothing but resume follows until resume returned kDone: until then
//             the operator owns the batch and a cursor. State is restored before open returns to
//             the task. Times never go back per (port, domain); the task takes minima over channels
//             first.
// Failure:    an Error fails the job, which restarts from its last epoch. A bad row is no Error:
//             reject it.
class Operator {
 public:
  virtual ~Operator() = default;
  virtual const traits::OperatorTraits& traits() const = 0;
  virtual Result<void> open(OpenContext& context) = 0;
  // Rows, signs and selection as they come; a sole owner of a column may reuse it.
  virtual Result<Step> on_batch(Port port, data::Batch batch, Output& output) = 0;
  // The port's watermark or tick has reached `time`; emit what that closes. kTimeMax: the port
  // ended. The task forwards the time downstream when this is done.
  virtual Result<Step> on_time(Port port, TimeDomain domain, Timestamp time, Output& output);
  // All inputs are behind epoch's barrier: emit what was held back. When it is done the task stages
  // the dirty state of the operator's tables.
  virtual Result<Step> on_barrier(commit::Epoch epoch, Output& output);
  // REQUIRES: the last call returned kAgain or kWait.
  virtual Result<Step> resume(Output& output);
  // The earliest processing time at which on_time would do something, kTimeMax: none. Asked after
  // each barrier: ticks come at least then, although no rows do.
  virtual Timestamp next_timer() const { return kTimeMax; }
};

}  // namespace millrace::engine
