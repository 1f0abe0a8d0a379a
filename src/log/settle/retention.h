#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "commit/proposals.h"
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

// Retention: lets old records go where a topic's settings, or the defaults, say so, by raising the
// start of its partitions in the log. The files go with a later checkpoint.
//
// Threading:  written, stop: the log's writer; the rest alternates between it and the settling
//             executor.
// Order:      a round comes an interval after something was written, and when the next record will
//             be too old; where neither is the case, nothing wakes up.
// Failure:    what was refused is tried again in the next round.
class Retention {
 public:
  explicit Retention(RetentionContext context) : context_(context) {}

  // Something was written, or other limits hold.
  void written();
  // Nothing is posted to other executors any more.
  void stop() { stopped_ = true; }

 private:
  struct Found {
    std::vector<commit::Command> commands;
    std::optional<int64_t> next_ms;  // until a record is too old
  };

  // A round at `when`, unless there is one before.
  void arm(io::MonotonicTime when);
  void look(io::MonotonicTime due);
  void look_at(const commit::Topic& topic, int64_t now_ms, Found& found) const;
  void apply(Found found, io::MonotonicTime due);

  const RetentionContext context_;
  bool stopped_ = false;
  std::set<io::MonotonicTime> rounds_;  // that are to come
};

}  // namespace millrace::log
