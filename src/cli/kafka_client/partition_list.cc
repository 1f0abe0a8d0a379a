#include "cli/kafka_client/partition_list.h"

#include <librdkafka/rdkafka.h>

namespace millrace::cli {

void PartitionListDeleter::operator()(rd_kafka_topic_partition_list_s* list) const {
  rd_kafka_topic_partition_list_destroy(list);
}

PartitionList make_partition_list(std::span<const TopicPartition> partitions, int64_t offset) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& [topic, partition] : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  }
  return list;
}

PartitionList make_partition_list(std::span<const PartitionOffset> offsets) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const PartitionOffset& entry : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), entry.partition.topic.c_str(),
                                      entry.partition.partition)
        ->offset = entry.offset;
  }
  return list;
}

}  // namespace millrace::cli
