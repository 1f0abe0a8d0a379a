#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/handler.h"
#include "broker/produce/batch_check.h"
#include "broker/topics/topic_directory.h"
#include "broker/transactions/transaction.h"
#include "commit/appender.h"
#include "io/clock.h"
#include "kafka/messages/produce.h"
#include "kafka/protocol_error.h"
#include "record/batch_header.h"

namespace millrace::broker {

// Produce: one batch a partition into the log. With acks=all the answer comes when all are synced,
// with acks=1 when they have their offsets; acks=0 has none, and an error then ends the connection,
// so that the client notices. What is written in a transaction goes by its coordinator first; from
// version 12 on that makes its partitions part of the transaction.
class ProduceHandler final : public TypedHandler<kafka::ProduceRequest, kafka::ProduceResponse> {
 public:
  // Whether a producer may write in its transaction, now. `done` runs on the coordinator's
  // executor: what is appended there stands before the transaction's end.
  using Claim =
      std::function<void(TransactionClaim claim, io::Completion<kafka::ProtocolError> done)>;

  ProduceHandler(commit::Appender& appender, const TopicDirectory& topics, Claim claim,
                 const io::Clock& clock)
      : appender_(appender), topics_(topics), claim_(std::move(claim)), clock_(clock) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Gathering;
  using Partition = Request::Partition;
  // One partition's batch on its way: which answer is its own, and what that needs.
  struct Place {
    std::shared_ptr<Gathering> gathering;
    size_t topic = 0;
    size_t partition = 0;
    commit::PartitionId id;
    int64_t append_time = -1;
    io::Executor* executor = nullptr;
  };
  // A batch of a transaction.
  struct Claimed {
    ProducerIdentity producer;
    TransactionPartition partition;
    commit::RecordBatch batch;
    Place place;
  };
  // Appends, or puts what the coordinator must be asked for first to the others.
  void take(const Call& call, const Request& request, const KnownTopicPtr& topic,
            Partition partition, Place place, std::vector<Claimed>& claimed);
  void claim(int16_t version, const std::string& transactional_id, std::vector<Claimed> claimed);
  void claim_together(int16_t version, TransactionClaim claim, std::vector<Claimed> claimed);
  void append(commit::RecordBatch batch, Place place);

  commit::Appender& appender_;
  const TopicDirectory& topics_;
  const Claim claim_;
  const io::Clock& clock_;
  BatchCheck check_;
};

}  // namespace millrace::broker
