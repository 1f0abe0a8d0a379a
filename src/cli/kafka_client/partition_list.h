#pragma once

#include <memory>
#include <span>

#include "cli/kafka_client/cluster.h"

namespace millrace::cli {

struct PartitionListDeleter {
  void operator()(rd_kafka_topic_partition_list_s* list) const;
};
// librdkafka's list of partitions with offsets.
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_s, PartitionListDeleter>;

PartitionList make_partition_list(std::span<const TopicPartition> partitions, int64_t offset);
PartitionList make_partition_list(std::span<const PartitionOffset> offsets);

}  // namespace millrace::cli
