#pragma once

#include <memory>
#include <vector>

#include "broker/cluster.h"
#include "broker/handler.h"
#include "broker/quotas/quota_table.h"
#include "broker/settings/broker_settings.h"
#include "broker/settings/settings_table.h"
#include "broker/topics/topic_directory.h"
#include "broker/topics/topic_maker.h"
#include "commit/commit_log.h"
#include "io/disk_space.h"

namespace millrace::broker {

// Those that make, change and describe topics, settings, quotas and the cluster. All that they are
// given outlives them; the tables are registered with the log. `disk_space` may be empty.
std::vector<std::unique_ptr<Handler>> admin_handlers(
    commit::CommitLog& log, const TopicDirectory& topics, TopicMaker& maker,
    const SettingsTable& table, const BrokerSettings& settings, const QuotaTable& quotas,
    const Cluster& cluster, io::DiskSpaceOf disk_space);

}  // namespace millrace::broker
