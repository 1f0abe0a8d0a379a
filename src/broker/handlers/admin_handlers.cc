#include "broker/handlers/admin_handlers.h"

#include "broker/handlers/alter_configs.h"
#include "broker/handlers/client_quotas.h"
#include "broker/handlers/create_topics.h"
#include "broker/handlers/delete_records.h"
#include "broker/handlers/delete_topics.h"
#include "broker/handlers/describe_cluster.h"
#include "broker/handlers/describe_configs.h"
#include "broker/handlers/describe_topic_partitions.h"
#include "broker/handlers/log_dirs.h"
#include "broker/handlers/replicas.h"
#include "broker/handlers/update_features.h"

namespace millrace::broker {

std::vector<std::unique_ptr<Handler>> admin_handlers(
    commit::CommitLog& log, const TopicDirectory& topics, TopicMaker& maker,
    const SettingsTable& table, const BrokerSettings& settings, const QuotaTable& quotas,
    const Cluster& cluster, io::DiskSpaceOf disk_space) {
  std::vector<std::unique_ptr<Handler>> handlers;
  const auto add = [&](auto handler) { handlers.push_back(std::move(handler)); };
  commit::Proposals& proposals = log.proposals();
  const SettingsWriter writer(proposals, topics, table, settings, cluster);
  add(std::make_unique<CreateTopicsHandler>(maker, settings));
  add(std::make_unique<DeleteTopicsHandler>(proposals, topics, settings));
  add(std::make_unique<DeleteRecordsHandler>(log, topics));
  add(std::make_unique<CreatePartitionsHandler>(proposals, topics, cluster));
  add(std::make_unique<DescribeTopicPartitionsHandler>(topics, settings, cluster));
  add(std::make_unique<DescribeConfigsHandler>(topics, table, settings, cluster));
  add(std::make_unique<AlterConfigsHandler>(writer));
  add(std::make_unique<IncrementalAlterConfigsHandler>(writer));
  add(std::make_unique<ListConfigResourcesHandler>(topics, table, cluster));
  add(std::make_unique<DescribeClusterHandler>(cluster));
  add(std::make_unique<DescribeQuorumHandler>(proposals, cluster));
  add(std::make_unique<UpdateFeaturesHandler>(Features(table, proposals), proposals));
  add(std::make_unique<ElectLeadersHandler>(topics));
  add(std::make_unique<AlterPartitionReassignmentsHandler>(topics, cluster));
  add(std::make_unique<ListPartitionReassignmentsHandler>());
  add(std::make_unique<AlterReplicaLogDirsHandler>(topics, settings));
  add(std::make_unique<DescribeLogDirsHandler>(log.reader(), topics, settings,
                                               std::move(disk_space)));
  add(std::make_unique<DescribeClientQuotasHandler>(quotas));
  add(std::make_unique<AlterClientQuotasHandler>(proposals));
  return handlers;
}

}  // namespace millrace::broker
