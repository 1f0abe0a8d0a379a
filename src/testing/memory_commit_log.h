#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "commit/commit_log.h"
#include "commit/state_machine.h"
#include "io/executor.h"

namespace millrace::testing {

struct MemoryLogOptions {
  uint32_t open_units_max = 8;
  // Every n-th stage is refused once with kFull (its wake runs at once); 0: none.
  uint32_t full_every = 0;
  // Answers with an error instead of committing, as the ring does after a failed sync.
  std::function<std::optional<Error>(const commit::UnitSpec&)> fail_commit;
  // Asked when a snapshot begins, and when it is to become durable.
  std::function<std::optional<Error>(bool finishing)> fail_snapshot;
};

// MemoryCommitLog: the contract of `commit` in memory, for tests above it. Survives the jobs that
// use it, so a job that "crashed" recovers from it. Checks what the contract requires of callers:
// epochs in order, deltas well formed, one end per unit.
//
// Threading:  synchronised inside.
// Ownership:  outlives its units, readers and watches.
class MemoryCommitLog final : public commit::CommitLog {
 public:
  explicit MemoryCommitLog(MemoryLogOptions options = {});
  ~MemoryCommitLog() override;

  commit::Jobs& jobs() override;
  commit::Appender& appender() override;
  commit::Reader& reader() override;
  commit::Topics& topics() override;
  commit::Proposals& proposals() override;
  commit::Capabilities capabilities() const override;

  // Before any use; the machine outlives the log.
  void register_machine(commit::StateMachine& machine);

  // For tests: a topic made at once, and all committed batches of a partition with their final
  // offsets.
  commit::PartitionId make_partition(const std::string& topic);
  std::vector<Buffer> batches(commit::PartitionId partition) const;
  // Changed at will between runs.
  MemoryLogOptions& options() { return options_; }
  // Units begun and neither committed nor aborted.
  uint32_t open_units() const;
  uint64_t commits() const;
  uint64_t snapshots_adopted() const;
  uint64_t state_bytes(const std::string& job) const;

 private:
  struct Store;
  class JobsPart;
  class AppenderPart;
  class ReaderPart;
  class TopicsPart;
  class ProposalsPart;
  class MemoryUnit;
  class MemoryStateReader;
  class MemorySnapshotWriter;
  class MemoryWatch;

  MemoryLogOptions options_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<JobsPart> jobs_;
  std::unique_ptr<AppenderPart> appender_;
  std::unique_ptr<ReaderPart> reader_;
  std::unique_ptr<TopicsPart> topics_;
  std::unique_ptr<ProposalsPart> proposals_;
};

// A record batch v2 around any bytes: a valid header that counts `records`, the payload behind it.
// For sinks of tests; payload_of takes it out again.
Buffer wrap_batch(std::string_view payload, uint32_t records = 1);
std::string payload_of(const Buffer& batch);

}  // namespace millrace::testing
