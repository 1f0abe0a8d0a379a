#pragma once

#include <cstdint>

#include "kafka/protocol_error.h"
#include "kafka/wire/uuid.h"

namespace millrace::broker {

// Cluster: what clients are told of the broker, which is all of its cluster. Immutable.
struct Cluster {
  kafka::Uuid id;
  int32_t node_id = 1;
  int32_t leader_epoch = 0;  // of every partition: raised at each start

  // A client's idea of the leader epoch against ours; -1: it has none.
  kafka::ProtocolError check_epoch(int32_t client_epoch) const {
    if (client_epoch == -1 || client_epoch == leader_epoch) return kafka::ProtocolError::kNone;
    return client_epoch < leader_epoch ? kafka::ProtocolError::kFencedLeaderEpoch
                                       : kafka::ProtocolError::kUnknownLeaderEpoch;
  }
};

}  // namespace millrace::broker
