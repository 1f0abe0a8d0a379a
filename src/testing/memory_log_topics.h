#pragma once

#include "testing/memory_store.h"

namespace millrace::testing {

// Appends, reads, topics and proposals of a MemoryCommitLog. Threading: synchronised by the store.
class MemoryCommitLog::AppenderPart final : public commit::Appender {
 public:
  explicit AppenderPart(Store& store) : store_(store) {}
  void append(commit::PartitionId partition, commit::RecordBatch batch, commit::Acks acks,
              io::Executor& executor, io::Completion<Result<commit::Appended>> done) override;
  void append_all(std::vector<commit::PartitionBatch> batches, io::Executor& executor,
                  io::Completion<Result<std::vector<commit::Appended>>> done) override;

 private:
  Result<std::vector<commit::Appended>> append_now(const std::vector<commit::PartitionBatch>& all);
  Store& store_;
};

class MemoryCommitLog::ReaderPart final : public commit::Reader {
 public:
  explicit ReaderPart(Store& store) : store_(store) {}
  void read(commit::ReadRequest request, io::Executor& executor,
            io::Completion<Result<std::vector<commit::PartitionData>>> done) override;
  void offsets(std::vector<commit::OffsetQuery> queries, io::Executor& executor,
               io::Completion<Result<std::vector<Result<int64_t>>>> done) override;
  std::unique_ptr<commit::Watch> watch(commit::PartitionId partition, int64_t offset,
                                       commit::Isolation isolation, io::Executor& executor,
                                       io::Wake wake) override;
  Result<std::vector<commit::PartitionProducer>> producers(
      commit::PartitionId partition) const override;
  Result<commit::LeaderEpochs> leader_epochs(commit::PartitionId partition) const override;
  Result<commit::PartitionSize> size(commit::PartitionId partition) const override;
  int32_t leader_epoch() const override { return 0; }

 private:
  commit::PartitionData read_partition(const commit::PartitionRead& read);
  Result<int64_t> offset(const commit::OffsetQuery& query);
  Store& store_;
};

class MemoryCommitLog::TopicsPart final : public commit::Topics {
 public:
  explicit TopicsPart(Store& store) : store_(store) {}
  void create(commit::TopicSpec spec, io::Executor& executor,
              io::Completion<Result<commit::TopicId>> done) override;
  void remove(commit::TopicId topic, io::Executor& executor,
              io::Completion<Result<void>> done) override;
  Result<commit::Topic> describe(std::string_view name) override;
  Result<commit::Topic> describe(commit::TopicId topic) override;
  std::vector<commit::Topic> list() override;
  commit::TopicChanges changes(uint64_t moment) override;
  // It lets nothing go.
  void set_defaults(commit::TopicDefaults) override {}

 private:
  friend class ProposalsPart;
  static Result<commit::TopicId> create_now(Store& store, commit::TopicSpec spec);
  static Result<void> remove_now(Store& store, commit::TopicId topic);
  Store& store_;
};

class MemoryCommitLog::ProposalsPart final : public commit::Proposals {
 public:
  explicit ProposalsPart(Store& store) : store_(store) {}
  void propose(std::vector<commit::Command> commands, io::Executor& executor,
               io::Completion<Result<commit::Lsn>> done) override;
  uint64_t version(std::string_view machine) const override;

 private:
  Result<commit::Lsn> propose_now(const std::vector<commit::Command>& commands);
  Result<void> check(const std::vector<commit::Command>& commands) const;
  Result<void> apply_topic_command(const commit::Command& command);
  Store& store_;
};

}  // namespace millrace::testing
