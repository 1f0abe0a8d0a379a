#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "broker/handler.h"
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
// so that the client notices.
class ProduceHandler final : public TypedHandler<kafka::ProduceRequest, kafka::ProduceResponse> {
 public:
  // Whether a producer may write to a partition within its transaction, now.
  using Verify = std::function<void(std::string transactional_id, ProducerIdentity producer,
                                    TransactionPartition partition,
                                    io::Completion<kafka::ProtocolError> done)>;

  ProduceHandler(commit::Appender& appender, const TopicDirectory& topics, Verify verify,
                 const io::Clock& clock)
      : appender_(appender), topics_(topics), verify_(std::move(verify)), clock_(clock) {}

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
  void take(const Call& call, const std::optional<std::string>& transactional_id,
            const KnownTopicPtr& topic, Partition partition, Place place);
  // By the coordinator first, in its order.
  void verify(const Call& call, std::string transactional_id, const KnownTopicPtr& topic,
              commit::RecordBatch batch, const record::BatchHeader& header, Place place);
  void append(commit::RecordBatch batch, Place place);

  commit::Appender& appender_;
  const TopicDirectory& topics_;
  const Verify verify_;
  const io::Clock& clock_;
};

}  // namespace millrace::broker
