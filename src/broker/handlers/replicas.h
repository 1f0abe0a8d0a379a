#pragma once

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "kafka/messages/alter_partition_reassignments.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/list_partition_reassignments.h"

namespace millrace::broker {

// ElectLeaders: the one replica leads already.
class ElectLeadersHandler final
    : public TypedHandler<kafka::ElectLeadersRequest, kafka::ElectLeadersResponse> {
 public:
  explicit ElectLeadersHandler(const TopicDirectory& topics) : topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const TopicDirectory& topics_;
};

// AlterPartitionReassignments: partitions can stay where they are.
class AlterPartitionReassignmentsHandler final
    : public TypedHandler<kafka::AlterPartitionReassignmentsRequest,
                          kafka::AlterPartitionReassignmentsResponse> {
 public:
  AlterPartitionReassignmentsHandler(const TopicDirectory& topics, const Cluster& cluster)
      : topics_(topics), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const TopicDirectory& topics_;
  const Cluster& cluster_;
};

// ListPartitionReassignments: nothing moves.
class ListPartitionReassignmentsHandler final
    : public TypedHandler<kafka::ListPartitionReassignmentsRequest,
                          kafka::ListPartitionReassignmentsResponse> {
 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;
};

}  // namespace millrace::broker
