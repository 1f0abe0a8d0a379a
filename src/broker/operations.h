#pragma once

#include <cstdint>

namespace millrace::broker {

// What a client may do with a topic, and with the cluster, as bits: everything, without rules of
// access.
inline constexpr int32_t kAllTopicOperations = 0x0DF8;
inline constexpr int32_t kAllClusterOperations = 0x1FA0;

}  // namespace millrace::broker
