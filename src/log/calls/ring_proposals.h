#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "commit/proposals.h"
#include "commit/topics.h"
#include "log/ring/ring_writer.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// RingProposals: proposals as `meta` entries. Threading: synchronised inside.
class RingProposals final : public commit::Proposals {
 public:
  RingProposals(RingWriter& writer, Ledger& ledger) : writer_(writer), ledger_(ledger) {}

  void propose(std::vector<commit::Command> commands, io::Executor& executor,
               io::Completion<Result<commit::Lsn>> done) override;
  uint64_t version(std::string_view machine) const override;

  // The same; `done` runs on the writer, right after the commands were applied.
  void propose_here(std::vector<commit::Command> commands,
                    std::move_only_function<void(Result<commit::Lsn>)> done);

 private:
  RingWriter& writer_;
  Ledger& ledger_;
};

// RingTopics: the machine of topics behind the calls of the contract. Threading: synchronised
// inside.
class RingTopics final : public commit::Topics {
 public:
  // `on_defaults` runs on the caller's thread when other defaults hold.
  RingTopics(RingProposals& proposals, Ledger& ledger, std::function<void()> on_defaults)
      : proposals_(proposals), ledger_(ledger), on_defaults_(std::move(on_defaults)) {}

  void create(commit::TopicSpec spec, io::Executor& executor,
              io::Completion<Result<commit::TopicId>> done) override;
  void remove(commit::TopicId topic, io::Executor& executor,
              io::Completion<Result<void>> done) override;
  Result<commit::Topic> describe(std::string_view name) override;
  Result<commit::Topic> describe(commit::TopicId topic) override;
  std::vector<commit::Topic> list() override;
  commit::TopicChanges changes(uint64_t moment) override;
  void set_defaults(commit::TopicDefaults defaults) override;

 private:
  RingProposals& proposals_;
  Ledger& ledger_;
  const std::function<void()> on_defaults_;
};

}  // namespace millrace::log
