#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "commit/commit_log.h"
#include "connectors/connector.h"
#include "connectors/forward/backlog.h"
#include "connectors/forward/target.h"
#include "io/executor.h"
#include "record/compression.h"

namespace millrace::connectors {

// Forwarder: delivers to a target what a job's sinks have committed to the outbox, in order, from
// the position that the target itself stores (commit.md, Sinks outside).
//
// Threading:  start, finish and the destructor from a thread that is no executor's; the work is
//             done on an executor of its own.
// Ownership:  `outside` outlives it; destroying it ends the work between two writes.
// Order:      start, finish, forget.
// Failure:    told once to `failed`, on the forwarder's executor; finish then answers it too.
class Forwarder {
 public:
  Forwarder(std::unique_ptr<Target> target, commit::Topic outbox, data::SchemaPtr schema,
            std::shared_ptr<Backlog> backlog, Outside& outside);
  ~Forwarder();
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  void start(std::function<void(const Error&)> failed);
  // `done` runs, on the forwarder's executor, when everything that was committed before this call
  // has been published.
  void finish(io::Completion<Result<void>> done);
  // The job is complete and its outbox removed: traces of it at the target go.
  // REQUIRES: finish has answered.
  Result<void> forget() { return target_->forget(); }

  const commit::Topic& outbox() const { return outbox_; }

 private:
  void open();
  void read();
  void on_read(Result<std::vector<commit::PartitionData>> result);
  Result<bool> deliver(const std::vector<commit::PartitionData>& answer);
  Result<void> deliver_batch(uint32_t partition, const Buffer& batch);
  void wait();
  void arm();
  void check();
  Result<void> publish();
  void fail(Error error);

  const std::unique_ptr<Target> target_;
  const commit::Topic outbox_;
  const data::SchemaPtr schema_;
  const std::shared_ptr<Backlog> backlog_;
  Outside& outside_;

  // All of the executor's.
  std::function<void(const Error&)> failed_;
  io::Completion<Result<void>> finished_;
  std::optional<Error> error_;
  std::vector<int64_t> offsets_;  // per partition, of the next record
  bool unpublished_ = false;
  bool reading_ = false;
  bool read_again_ = false;
  bool stopping_ = false;
  bool over_ = false;   // finish has answered
  uint64_t waits_ = 0;  // a wake of an older wait means nothing
  std::optional<io::MonotonicTime> timer_;
  std::vector<std::unique_ptr<commit::Watch>> watches_;
  record::Decompressor decompressor_;

  io::Notification stopped_;
  std::unique_ptr<io::Executor> executor_;  // the last: dies first
};

}  // namespace millrace::connectors
