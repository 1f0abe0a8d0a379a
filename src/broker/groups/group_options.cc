#include "broker/groups/group_options.h"

#include "broker/settings/broker_settings.h"

namespace millrace::broker {

GroupOptions group_options(const BrokerSettings& settings) {
  const auto whole = [&](std::string_view name) {
    return static_cast<int32_t>(settings.number(name));
  };
  const auto count = [&](std::string_view name) {
    return static_cast<uint32_t>(settings.number(name));
  };
  GroupOptions options;
  options.initial_rebalance_delay_ms = whole("group.initial.rebalance.delay.ms");
  options.session_timeout_ms_min = whole("group.min.session.timeout.ms");
  options.session_timeout_ms_max = whole("group.max.session.timeout.ms");
  options.members_max = count("group.max.size");
  options.offset_metadata_bytes_max = count("offset.metadata.max.bytes");
  options.offsets_retention_ms = settings.number("offsets.retention.minutes") * 60'000;
  options.offsets_check_ms = settings.number("offsets.retention.check.interval.ms");
  options.offsets_topic_partitions = count("offsets.topic.num.partitions");
  return options;
}

}  // namespace millrace::broker
