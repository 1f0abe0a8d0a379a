#pragma once

#include <cstdint>

#include "io/clock.h"
#include "io/executor.h"
#include "log/calls/ring_proposals.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// What retention works with; all of it outlives the Retention.
struct RetentionContext {
  io::Clock& clock;
  Ledger& ledger;
  RingProposals& proposals;
  io::Executor& writer;
  io::Executor& executor;  // settling's
  int64_t interval_ns = 0;
};

// Retention: lets old records go where a topic's settings say so, by raising the start of its
// partitions in the log. The files go with a later checkpoint.
//
// Threading:  written, stop: the log's writer; the rest alternates between it and the settling
//             executor, one round at a time.
// Failure:    what was refused is tried again in the next round.
class Retention {
 public:
  explicit Retention(RetentionContext context) : context_(context) {}

  // Something was written: the first round comes an interval later, if any topic wants it.
  void written();
  // Nothing is posted to other executors any more.
  void stop() { stopped_ = true; }

 private:
  void look();

  const RetentionContext context_;
  bool stopped_ = false;
  bool armed_ = false;
};

}  // namespace millrace::log
