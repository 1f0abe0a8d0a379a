#pragma once

#include <utility>

#include "broker/handler.h"
#include "broker/settings/broker_settings.h"
#include "broker/topics/topic_directory.h"
#include "commit/reader.h"
#include "io/disk_space.h"
#include "kafka/messages/alter_replica_log_dirs.h"
#include "kafka/messages/describe_log_dirs.h"

namespace millrace::broker {

// AlterReplicaLogDirs: there is one folder (log.dirs), and all partitions are in it already.
class AlterReplicaLogDirsHandler final
    : public TypedHandler<kafka::AlterReplicaLogDirsRequest, kafka::AlterReplicaLogDirsResponse> {
 public:
  AlterReplicaLogDirsHandler(const TopicDirectory& topics, const BrokerSettings& settings)
      : topics_(topics), settings_(settings) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const TopicDirectory& topics_;
  const BrokerSettings& settings_;
};

// DescribeLogDirs: what partitions take in the one folder, and what its disk has and could take.
class DescribeLogDirsHandler final
    : public TypedHandler<kafka::DescribeLogDirsRequest, kafka::DescribeLogDirsResponse> {
 public:
  DescribeLogDirsHandler(const commit::Reader& reader, const TopicDirectory& topics,
                         const BrokerSettings& settings, io::DiskSpaceOf disk_space)
      : reader_(reader), topics_(topics), settings_(settings), disk_space_(std::move(disk_space)) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  void describe(const KnownTopic& topic, int32_t index, Response::Topic& to) const;

  const commit::Reader& reader_;
  const TopicDirectory& topics_;
  const BrokerSettings& settings_;
  const io::DiskSpaceOf disk_space_;  // empty: nobody can say
};

}  // namespace millrace::broker
