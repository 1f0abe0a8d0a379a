#pragma once

#include <memory>
#include <vector>

#include "broker/handler.h"
#include "broker/transactions/transaction_coordinator.h"
#include "kafka/messages/add_offsets_to_txn.h"
#include "kafka/messages/add_partitions_to_txn.h"
#include "kafka/messages/end_txn.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/txn_offset_commit.h"

namespace millrace::broker {

// InitProducerId: an id that no producer had before, or the next epoch of a transactional one.
class InitProducerIdHandler final
    : public TypedHandler<kafka::InitProducerIdRequest, kafka::InitProducerIdResponse> {
 public:
  InitProducerIdHandler(TransactionCoordinator& transactions, ProducerIds& ids)
      : transactions_(transactions), ids_(ids) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  TransactionCoordinator& transactions_;
  ProducerIds& ids_;
};

// AddPartitionsToTxn: all partitions of a transaction, or none. From version 4 on it is for
// brokers, names several transactions, and may only ask whether they have the partitions.
class AddPartitionsToTxnHandler final
    : public TypedHandler<kafka::AddPartitionsToTxnRequest, kafka::AddPartitionsToTxnResponse> {
 public:
  AddPartitionsToTxnHandler(TransactionCoordinator& transactions, const TopicDirectory& topics)
      : transactions_(transactions), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  void handle_many(Request request, io::Executor& executor, Reply<Response> reply);

  TransactionCoordinator& transactions_;
  const TopicDirectory& topics_;
};

class AddOffsetsToTxnHandler final
    : public TypedHandler<kafka::AddOffsetsToTxnRequest, kafka::AddOffsetsToTxnResponse> {
 public:
  explicit AddOffsetsToTxnHandler(TransactionCoordinator& transactions)
      : transactions_(transactions) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  TransactionCoordinator& transactions_;
};

class EndTxnHandler final : public TypedHandler<kafka::EndTxnRequest, kafka::EndTxnResponse> {
 public:
  explicit EndTxnHandler(TransactionCoordinator& transactions) : transactions_(transactions) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  TransactionCoordinator& transactions_;
};

// TxnOffsetCommit: from version 5 on the group becomes part of the transaction.
class TxnOffsetCommitHandler final
    : public TypedHandler<kafka::TxnOffsetCommitRequest, kafka::TxnOffsetCommitResponse> {
 public:
  TxnOffsetCommitHandler(TransactionCoordinator& transactions, GroupCoordinator& groups,
                         const TopicDirectory& topics)
      : transactions_(transactions), groups_(groups), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  TransactionCoordinator& transactions_;
  GroupCoordinator& groups_;
  const TopicDirectory& topics_;
};

}  // namespace millrace::broker
