#pragma once

#include "broker/groups/group_coordinator.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_delete.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/txn_offset_commit.h"

namespace millrace::broker {

// What a TxnOffsetCommit says of offsets and members is checked, and stored until the transaction
// ends. Whether the producer may, and that the group's partition is part of its transaction, is
// the transaction coordinator's to see to first.
void commit_in_transaction(GroupCoordinator& groups, const TopicDirectory& topics,
                           const kafka::TxnOffsetCommitRequest& request,
                           io::Completion<kafka::TxnOffsetCommitResponse> done);

class OffsetCommitHandler final
    : public TypedHandler<kafka::OffsetCommitRequest, kafka::OffsetCommitResponse> {
 public:
  OffsetCommitHandler(GroupCoordinator& groups, const TopicDirectory& topics)
      : groups_(groups), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
  const TopicDirectory& topics_;
};

class OffsetFetchHandler final
    : public TypedHandler<kafka::OffsetFetchRequest, kafka::OffsetFetchResponse> {
 public:
  OffsetFetchHandler(GroupCoordinator& groups, const TopicDirectory& topics)
      : groups_(groups), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
  const TopicDirectory& topics_;
};

class OffsetDeleteHandler final
    : public TypedHandler<kafka::OffsetDeleteRequest, kafka::OffsetDeleteResponse> {
 public:
  OffsetDeleteHandler(GroupCoordinator& groups, const TopicDirectory& topics)
      : groups_(groups), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
  const TopicDirectory& topics_;
};

}  // namespace millrace::broker
