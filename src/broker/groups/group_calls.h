#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/strong_id.h"
#include "broker/groups/group_records.h"
#include "io/clock.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

// What members ask of a group, and what they are answered. Plain values.

// A request that waits for its answer.
using Ticket = StrongId<struct TicketTag, uint64_t>;

// When a call comes, by both clocks.
struct Moment {
  io::MonotonicTime now;
  int64_t wall_ms = 0;
};

struct MemberName {
  std::string id;
  std::optional<std::string> instance_id;  // of a static member
};

// A way to share out partitions that a member can follow, with what the member says for it.
struct MemberProtocol {
  std::string name;
  Buffer metadata;
  friend bool operator==(const MemberProtocol& a, const MemberProtocol& b) {
    return a.name == b.name && a.metadata.view() == b.metadata.view();
  }
};

struct JoinAttempt {
  MemberName member;  // id empty: it has none yet
  // Behind the id that a new member gets; nobody else has it.
  std::string unique;
  std::string client_id;
  std::string client_host;
  std::string protocol_type;
  std::vector<MemberProtocol> protocols;  // the best first
  int32_t session_timeout_ms = 0;
  int32_t rebalance_timeout_ms = 0;
  bool returns_with_id = false;   // a new dynamic member is only told its id, and comes back
  bool skips_assignment = false;  // understands JoinAnswer::skip_assignment
};

struct JoinedMember {
  std::string id;
  std::optional<std::string> instance_id;
  Buffer metadata;
};

struct JoinAnswer {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  int32_t generation = -1;
  std::string protocol_type;
  std::string protocol;
  std::string leader_id;
  bool skip_assignment = false;
  std::string member_id;
  std::vector<JoinedMember> members;  // for the leader only
};

struct SyncAttempt {
  MemberName member;
  int32_t generation = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol;
  std::vector<std::pair<std::string, Buffer>> assignments;  // by member id, from the leader
};

struct SyncAnswer {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::string protocol_type;
  std::string protocol;
  Buffer assignment;
};

// The group as it must become durable.
struct GroupWrite {
  StoredGroup group;
  // Then Group::assigned must be called.
  bool assigns = false;
  // The answer that waits for it.
  std::optional<std::pair<Ticket, JoinAnswer>> join;
};

// What a call to a Group came to, besides what it returns; in order.
struct GroupEffects {
  std::vector<std::pair<Ticket, JoinAnswer>> joins;
  std::vector<std::pair<Ticket, SyncAnswer>> syncs;
  std::vector<GroupWrite> writes;
};

}  // namespace millrace::broker
