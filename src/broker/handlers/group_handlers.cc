#include "broker/handlers/group_handlers.h"

#include "broker/handlers/group_admin.h"
#include "broker/handlers/group_offsets.h"
#include "broker/handlers/membership.h"

namespace millrace::broker {

std::vector<std::unique_ptr<Handler>> group_handlers(GroupCoordinator& groups,
                                                     const TopicDirectory& topics,
                                                     const Cluster& cluster) {
  std::vector<std::unique_ptr<Handler>> handlers;
  handlers.push_back(std::make_unique<FindCoordinatorHandler>(cluster));
  handlers.push_back(std::make_unique<JoinGroupHandler>(groups));
  handlers.push_back(std::make_unique<SyncGroupHandler>(groups));
  handlers.push_back(std::make_unique<HeartbeatHandler>(groups));
  handlers.push_back(std::make_unique<LeaveGroupHandler>(groups));
  handlers.push_back(std::make_unique<OffsetCommitHandler>(groups, topics));
  handlers.push_back(std::make_unique<OffsetFetchHandler>(groups, topics));
  handlers.push_back(std::make_unique<OffsetDeleteHandler>(groups, topics));
  handlers.push_back(std::make_unique<DescribeGroupsHandler>(groups));
  handlers.push_back(std::make_unique<ListGroupsHandler>(groups));
  handlers.push_back(std::make_unique<DeleteGroupsHandler>(groups));
  return handlers;
}

}  // namespace millrace::broker
