#pragma once

#include "broker/groups/group_coordinator.h"
#include "broker/handler.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/sync_group.h"

namespace millrace::broker {

// What members of a group send. The coordinator decides; here its words meet those of each version.

class JoinGroupHandler final
    : public TypedHandler<kafka::JoinGroupRequest, kafka::JoinGroupResponse> {
 public:
  explicit JoinGroupHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

class SyncGroupHandler final
    : public TypedHandler<kafka::SyncGroupRequest, kafka::SyncGroupResponse> {
 public:
  explicit SyncGroupHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

class HeartbeatHandler final
    : public TypedHandler<kafka::HeartbeatRequest, kafka::HeartbeatResponse> {
 public:
  explicit HeartbeatHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

class LeaveGroupHandler final
    : public TypedHandler<kafka::LeaveGroupRequest, kafka::LeaveGroupResponse> {
 public:
  explicit LeaveGroupHandler(GroupCoordinator& groups) : groups_(groups) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  GroupCoordinator& groups_;
};

}  // namespace millrace::broker
