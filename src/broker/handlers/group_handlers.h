#pragma once

#include <memory>
#include <vector>

#include "broker/cluster.h"
#include "broker/groups/group_coordinator.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"

namespace millrace::broker {

// The handlers of all APIs of groups. `groups` and `topics` outlive them.
std::vector<std::unique_ptr<Handler>> group_handlers(GroupCoordinator& groups,
                                                     const TopicDirectory& topics,
                                                     const Cluster& cluster);

}  // namespace millrace::broker
