#pragma once

#include <cstdint>
#include <map>

#include "cli/kafka_client/cluster.h"
#include "io/world.h"

namespace millrace::cli {

// Bytes of the topic's partitions on their leaders. librdkafka has no call for this request, so it
// is sent by us, to servers that want neither TLS nor a password. A partition is missing where its
// server does not answer it in time.
std::map<TopicPartition, int64_t> partition_sizes(io::World world, const ClientOptions& client,
                                                  const Cluster& cluster, const KnownTopic& topic);

}  // namespace millrace::cli
