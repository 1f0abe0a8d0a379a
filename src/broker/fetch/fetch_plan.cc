#include "broker/fetch/fetch_plan.h"

namespace millrace::broker {

std::vector<FetchedPartition> partitions_of(const kafka::FetchRequest& request) {
  std::vector<FetchedPartition> all;
  for (const auto& topic : request.topics) {
    for (const auto& partition : topic.partitions) {
      all.push_back({.name = {topic.name, topic.id, partition.index},
                     .offset = partition.fetch_offset,
                     .bytes_max = partition.partition_max_bytes,
                     .leader_epoch = partition.current_leader_epoch});
    }
  }
  return all;
}

void add_answer(kafka::FetchResponse& response, const PartitionName& name,
                kafka::FetchResponse::Partition answer) {
  if (response.topics.empty() || response.topics.back().name != name.topic ||
      response.topics.back().id != name.topic_id) {
    response.topics.push_back({.name = name.topic, .id = name.topic_id, .partitions = {}});
  }
  response.topics.back().partitions.push_back(std::move(answer));
}

}  // namespace millrace::broker
