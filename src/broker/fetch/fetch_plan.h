#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "kafka/messages/fetch.h"

namespace millrace::broker {

// A partition as a client names it.
struct PartitionName {
  std::string topic;  // empty where topics are named by id
  kafka::Uuid topic_id;
  int32_t index = 0;
  friend auto operator<=>(const PartitionName&, const PartitionName&) = default;
};

// One partition that a fetch asks for.
struct FetchedPartition {
  PartitionName name;
  int64_t offset = 0;
  int32_t bytes_max = 0;
  int32_t leader_epoch = -1;  // -1: not checked
};

// The partitions of a request, in its order.
std::vector<FetchedPartition> partitions_of(const kafka::FetchRequest& request);

// Puts an answer behind the others of its topic, which stand together.
void add_answer(kafka::FetchResponse& response, const PartitionName& name,
                kafka::FetchResponse::Partition answer);

}  // namespace millrace::broker
