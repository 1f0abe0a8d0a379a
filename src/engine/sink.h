#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "commit/ids.h"
#include "data/batch.h"
#include "engine/operator.h"
#include "engine/step.h"

namespace millrace::commit {
class Unit;
}

namespace millrace::engine {

// Staging: the part of the epoch's unit that a sink may use. Valid during the call it is passed to.
class Staging {
 public:
  virtual ~Staging() = default;
  virtual commit::Epoch epoch() const = 0;
  // Stages one record batch v2 for a partition. Never blocks. REQUIRES: at most one call after
  // full() became true; then the sink keeps a cursor and returns kAgain.
  virtual Result<void> stage(commit::PartitionId partition, Buffer batch) = 0;
  virtual bool full() const = 0;
  virtual void reject(Rejection rejection) = 0;
};

// Sink: the end of a pipeline. What it stages becomes visible with the epoch's commit; what goes to
// the outside (a terminal, a file) waits for committed(epoch).
//
// Threading:  confined to its task.
// Order:      open; on_batch*, on_barrier, then committed of the same epoch, later, in order.
//             kAgain and kWait as for Operator, but committed may come between a suspended step and
//             its resume (a sink that holds rows for the outside may be waiting for just that). The
//             last epoch's committed is the last call; an aborted job ends without.
// Failure:    an Error fails the job.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<void> open(OpenContext& context) = 0;
  virtual Result<Step> on_batch(data::Batch batch, Staging& staging) = 0;
  // Stage the rest of the epoch.
  virtual Result<Step> on_barrier(commit::Epoch epoch, Staging& staging) = 0;
  virtual Result<Step> resume(Staging& staging) = 0;
  // The epoch is a fact: deliver what was held for the outside.
  virtual Result<void> committed(commit::Epoch epoch) = 0;
};

}  // namespace millrace::engine
