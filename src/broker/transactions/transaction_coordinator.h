#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/groups/group_coordinator.h"
#include "broker/producer_ids.h"
#include "broker/topics/topic_directory.h"
#include "broker/transactions/transaction.h"
#include "commit/commit_log.h"
#include "io/clock.h"
#include "io/executor.h"

namespace millrace::broker {

struct TransactionOptions {
  int32_t timeout_ms_max = 900'000;  // transaction.max.timeout.ms
  int64_t check_ms = 10'000;         // transaction.abort.timed.out.transaction.cleanup.interval.ms
};

// What a call came to.
struct TransactionAnswer {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  ProducerIdentity producer;
};

struct TransactionView {
  std::string id;
  TransactionRecord record;
};

// TransactionCoordinator: all transactional ids of the broker, kept in `__transaction_state`. The
// end of a transaction is one entry of the log: markers in its partitions, the offsets topic's
// among them, and its record.
//
// Threading:  calls from any thread; confined to its executor, which completions run on.
// Ownership:  what it is made with outlives it.
// Order:      start, then calls, which take effect in their order; stop before the log goes.
// Failure:    in the answers: kCoordinatorLoadInProgress until what is stored has been read,
//             kCoordinatorNotAvailable where that, or a write, failed.
class TransactionCoordinator : public std::enable_shared_from_this<TransactionCoordinator> {
 public:
  struct Parts {
    commit::CommitLog& log;
    const TopicDirectory& topics;
    GroupCoordinator& groups;
    ProducerIds& producer_ids;
    io::Executor& executor;
    const io::Clock& clock;
  };
  using Done = io::Completion<TransactionAnswer>;

  static std::shared_ptr<TransactionCoordinator> start(Parts parts, TransactionOptions options);
  // Use start.
  TransactionCoordinator(Parts parts, TransactionOptions options)
      : parts_(parts), options_(options) {}
  // `done` when the log owes it no answer any more.
  void stop(io::Wake done);

  void begin_producer(std::string id, int32_t timeout_ms, std::optional<ProducerIdentity> known,
                      Done done);
  void add_partitions(std::string id, ProducerIdentity producer,
                      std::set<TransactionPartition> partitions, Done done);
  // The partition that holds the group's offsets.
  void add_offsets(std::string id, ProducerIdentity producer, std::string group, Done done);
  // `new_epoch`: each transaction has an epoch of its own.
  void end(std::string id, ProducerIdentity producer, bool commit, bool new_epoch, Done done);
  // Whether the producer may write to the partition now.
  void verify(std::string id, ProducerIdentity producer, TransactionPartition partition, Done done);

  // Of these ids, those that there are; of all, where there are none.
  void describe(std::vector<std::string> ids, io::Completion<std::vector<TransactionView>> done);

 private:
  struct Loading;
  template <class Call>
  void run(Call call);
  kafka::ProtocolError ready() const;
  int64_t now_ms() const { return parts_.clock.wall_us() / 1000; }

  void load();
  void read_on(std::shared_ptr<Loading> loading);
  Result<void> take(Loading& loading, const commit::PartitionData& data);

  // Makes the step durable, and answers.
  void carry_out(const std::string& id, TransactionStep step, Done done);
  void with_topic(io::Completion<Result<commit::PartitionId>> next);
  void write(const std::string& id, commit::PartitionId at, TransactionStep step, Done done);
  void written(const std::string& id, const TransactionStep& step,
               const std::vector<commit::PartitionId>& offsets, bool durable, Done done);
  void answered();
  void expire();

  const Parts parts_;
  const TransactionOptions options_;
  std::map<std::string, Transaction, std::less<>> transactions_;
  bool loaded_ = false;
  bool failed_ = false;
  bool stopped_ = false;
  size_t asked_ = 0;  // of the log, not yet answered
  io::Wake drained_;
};

}  // namespace millrace::broker
