#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/cluster.h"

namespace millrace::cli {

struct GroupListing {
  std::string name;
  std::string state;  // "Stable", "Empty", …
};

struct GroupMember {
  std::string id;
  std::string client_id;
  std::string host;
  std::string instance_id;  // of a static member; else empty
  std::vector<TopicPartition> assigned;
};

struct Group {
  std::string name;
  std::string state;
  std::string assignor;     // empty: it has no members
  std::string coordinator;  // "host:port"
  std::vector<GroupMember> members;
};

// Administration of consumer groups.
//
// Failure: kGroupNotFound, with the nearest name; kGroupActive; kAccessDenied, kTimedOut,
// kUnreachable, kRequestRefused.
Result<std::vector<GroupListing>> list_groups(KafkaHandle& client);  // by name
Result<Group> describe_group(KafkaHandle& client, const std::string& name);
// By topic and partition.
Result<std::vector<PartitionOffset>> committed_offsets(KafkaHandle& client,
                                                       const std::string& group);
Result<void> commit_offsets(KafkaHandle& client, const std::string& group,
                            std::span<const PartitionOffset> offsets);
Result<void> delete_group(KafkaHandle& client, const std::string& name);

}  // namespace millrace::cli
