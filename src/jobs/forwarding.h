#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "connectors/connector.h"
#include "connectors/forward/forwarder.h"
#include "engine/dataflow.h"
#include "io/executor.h"

namespace millrace::jobs {

// Forwarding: the outboxes of a job's sinks, the internal topics "__sink.<job>.<n>", and the
// forwarders that deliver from them.
//
// Threading:  a client's thread, none of an executor; finish from anywhere.
// Ownership:  `outside` and `door` outlive it.
// Order:      add for every sink; start; finish; forget only where the job is complete.
class Forwarding {
 public:
  Forwarding(std::string job, connectors::Outside& outside, io::Executor& door)
      : job_(std::move(job)), outside_(outside), door_(door) {}

  // Makes the outbox unless it is there; the sinks that fill it. `request` is of all shards, its
  // options outlive the Forwarding.
  Result<engine::PerShard<engine::Sink>> add(const connectors::Connector& connector,
                                             connectors::SinkRequest request);
  // `failed` is told by executors of the forwarders.
  void start(const std::function<void(const Error&)>& failed);
  // `done` runs, on an executor of a forwarder or here if there is none, when everything committed
  // has been delivered, or with the first Error.
  void finish(io::Completion<Result<void>> done);
  // Nothing will be staged any more: outboxes and positions go.
  Result<void> forget();

 private:
  Result<commit::Topic> make_outbox(uint32_t partitions);

  const std::string job_;
  connectors::Outside& outside_;
  io::Executor& door_;
  std::vector<std::unique_ptr<connectors::Forwarder>> forwarders_;
};

}  // namespace millrace::jobs
