#pragma once

#include <memory>
#include <vector>

#include "broker/cluster.h"
#include "broker/fetch/fetch_sessions.h"
#include "broker/fetch/fetch_waits.h"
#include "broker/groups/group_coordinator.h"
#include "broker/handler.h"
#include "broker/machines.h"
#include "broker/producer_ids.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_maker.h"
#include "broker/transactions/transaction_coordinator.h"
#include "commit/commit_log.h"
#include "io/clock.h"
#include "io/disk_space.h"

namespace millrace::broker {

// What handlers are made of; each takes what it needs. All outlive the handlers.
struct HandlerParts {
  commit::CommitLog& log;
  const io::Clock& clock;
  const Cluster& cluster;
  const Machines& machines;
  const BrokerSettings& settings;
  const TopicDirectory& topics;
  TopicMaker& maker;
  FetchSessions& sessions;
  FetchWaits& waits;
  GroupCoordinator& groups;
  ProducerIds& producer_ids;
  TransactionCoordinator& transactions;
  io::DiskSpaceOf disk_space = {};  // may be empty
};

// One of each API that is served.
std::vector<std::unique_ptr<Handler>> all_handlers(const HandlerParts& parts);

}  // namespace millrace::broker
