#pragma once

#include <cstdint>

namespace millrace::broker {

class BrokerSettings;

// GroupOptions: how groups behave and how large they may be. A plain value; the names in brackets
// are those that Kafka gives the settings.
struct GroupOptions {
  // How long the first join of an empty group waits for others; 0: not at all
  // (group.initial.rebalance.delay.ms).
  int32_t initial_rebalance_delay_ms = 0;
  int32_t session_timeout_ms_min = 6'000;      // group.min.session.timeout.ms
  int32_t session_timeout_ms_max = 1'800'000;  // group.max.session.timeout.ms
  // A member that never was in a generation may wait this long for its first.
  int32_t first_join_ms_max = 300'000;
  uint32_t members_max = 10'000;          // of a group (group.max.size)
  uint32_t pending_members_max = 10'000;  // of a group: told their id, not yet joined
  uint32_t groups_max = 100'000;
  uint32_t member_metadata_bytes_max = 1 << 20;                  // of all protocols of a member
  uint32_t offset_metadata_bytes_max = 4'096;                    // offset.metadata.max.bytes
  int64_t offsets_retention_ms = int64_t{7} * 24 * 3600 * 1000;  // offsets.retention.minutes
  int64_t offsets_check_ms = 600'000;     // offsets.retention.check.interval.ms
  uint32_t offsets_topic_partitions = 1;  // when it is made (offsets.topic.num.partitions)
};

// As the settings say at this moment; what they do not name keeps its default.
GroupOptions group_options(const BrokerSettings& settings);

}  // namespace millrace::broker
