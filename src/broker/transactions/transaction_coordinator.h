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
#include "broker/transactions/transaction_options.h"
#include "commit/commit_log.h"
#include "io/clock.h"
#include "io/executor.h"

namespace millrace::broker {

// What a call came to.
struct TransactionAnswer {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  ProducerIdentity producer;
};

// What a claim of a group's offsets came to. While `held` lives the transaction does not end.
struct OffsetsClaim {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::shared_ptr<void> held;
};

struct TransactionView {
  std::string id;
  TransactionRecord record;
};

struct TransactionListing {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::vector<TransactionView> transactions;
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
  // Whether the producer may write to all of these now. `done` runs on the executor, in the order
  // of the calls; what it appends at once stands before the transaction's end, and behind the
  // record that has these partitions. It waits until what is stored has been read: a refusal would
  // say that a batch is not there, which may be.
  void claim(TransactionClaim claim, Done done);
  // The same for the offsets of a group; `joins`: it becomes part of the transaction.
  void claim_offsets(std::string id, ProducerIdentity producer, std::string group, bool joins,
                     io::Completion<OffsetsClaim> done);

  // Of these ids, those that there are; of all, where there are none.
  void describe(std::vector<std::string> ids, io::Completion<TransactionListing> done);

 private:
  struct Loading;
  struct Waiting {
    TransactionClaim claim;
    Done done;
  };
  template <class Call>
  void run(Call call);
  kafka::ProtocolError ready() const;
  int64_t now_ms() const { return parts_.clock.wall_us() / 1000; }

  void load();
  void loaded(bool good);
  void read_on(std::shared_ptr<Loading> loading);
  Result<void> take(Loading& loading, const commit::PartitionData& data);

  // Makes the step durable, and answers.
  void carry_out(const std::string& id, TransactionStep step, Done done);
  // A step that adds partitions: answers when whatever is written now stands behind its record.
  void add(const std::string& id, TransactionStep step, Done done);
  void with_topic(io::Completion<Result<commit::PartitionId>> next);
  void write(const std::string& id, commit::PartitionId at, TransactionStep step, Done done);
  void written(const std::string& id, const TransactionStep& step,
               const std::vector<commit::PartitionId>& offsets, bool durable, Done done);
  void answered();
  void take_claim(TransactionClaim claim, Done done);
  void take_waiting();
  std::shared_ptr<void> hold(const std::string& id);
  void expire();
  void forget_unused();
  void forgotten(const std::vector<std::string>& ids, bool durable);

  const Parts parts_;
  const TransactionOptions options_;
  std::map<std::string, Transaction, std::less<>> transactions_;
  std::vector<Waiting> waiting_;  // for what is stored
  bool loaded_ = false;
  bool failed_ = false;
  bool stopped_ = false;
  size_t asked_ = 0;  // of the log, not yet answered
  io::Wake drained_;
};

}  // namespace millrace::broker
