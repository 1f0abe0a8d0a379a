#pragma once

#include "broker/cluster.h"
#include "broker/groups/group_coordinator.h"
#include "broker/handler.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/list_groups.h"

namespace millrace::broker {

// FindCoordinator: of groups and of transactions; one node has them all.
class FindCoordinatorHandler final
    : public TypedHandler<kafka::FindCoordinatorRequest, kafka::FindCoordinatorResponse> {
 public:
  explicit FindCoordinatorHandler(const Cluster& cluster) : cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const Cluster cluster_;
};

class DescribeGroupsHandler final
    : public TypedHandler<kafka::DescribeGroupsRequest, kafka::DescribeGroupsResponse> {
 public:
  explicit DescribeGroupsHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

class ListGroupsHandler final
    : public TypedHandler<kafka::ListGroupsRequest, kafka::ListGroupsResponse> {
 public:
  explicit ListGroupsHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

class DeleteGroupsHandler final
    : public TypedHandler<kafka::DeleteGroupsRequest, kafka::DeleteGroupsResponse> {
 public:
  explicit DeleteGroupsHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

}  // namespace millrace::broker
