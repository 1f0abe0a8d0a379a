#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/groups/group_calls.h"

namespace millrace::broker {

inline constexpr io::MonotonicTime kNever{std::numeric_limits<int64_t>::max()};

struct Member {
  std::string id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string client_host;
  int32_t rebalance_timeout_ms = 0;
  int32_t session_timeout_ms = 0;
  std::vector<MemberProtocol> protocols;
  Buffer assignment;
  std::optional<Ticket> sync;           // a SyncGroup that waits
  bool fresh = true;                    // was in no generation yet
  bool owes_sync = false;               // has not sent the SyncGroup of this generation
  io::MonotonicTime deadline = kNever;  // then it is dead

  bool joining() const { return join_.has_value(); }
  // What it says for the protocol; empty: it does not know it.
  Buffer metadata(std::string_view protocol) const;
  bool knows(std::string_view protocol) const;

 private:
  friend class GroupMembers;
  std::optional<Ticket> join_;  // a JoinGroup that waits
};

// GroupMembers: who is in a group, who leads it, and which protocols all of them know.
//
// Threading:  confined to one task.
class GroupMembers {
 public:
  using ById = std::map<std::string, Member, std::less<>>;
  ById::iterator begin() { return by_id_.begin(); }
  ById::iterator end() { return by_id_.end(); }
  ById::const_iterator begin() const { return by_id_.begin(); }
  ById::const_iterator end() const { return by_id_.end(); }
  bool empty() const { return by_id_.empty(); }
  size_t size() const { return by_id_.size(); }
  size_t joining() const { return joining_; }

  Member* find(std::string_view id);
  const Member* find(std::string_view id) const;
  // The id that the static member has now; empty: there is none.
  std::string id_of_instance(std::string_view instance_id) const;

  // The first one leads. REQUIRES: neither its id nor its instance is there.
  Member& add(Member member);
  void remove(std::string_view id);
  // Gives a static member another id. REQUIRES: `from` is there, `to` is not.
  Member& rename(std::string_view from, const std::string& to);
  void set_protocols(Member& member, std::vector<MemberProtocol> protocols);

  // The JoinGroup that waited is given back.
  std::optional<Ticket> set_join(Member& member, std::optional<Ticket> ticket);

  const std::string& leader() const { return leader_; }
  void set_leader(std::string id) { leader_ = std::move(id); }
  // Somebody who joins leads: the leader if it does, else the first. False: nobody joins.
  bool elect_joining_leader();

  // Whether one of `protocols` is known to all but `except` (a member's id).
  bool supports_any(const std::vector<MemberProtocol>& protocols, std::string_view except) const;
  // The one that most members like best of those that all know. REQUIRES: not empty.
  std::string vote() const;
  int32_t rebalance_timeout_ms_max() const;

 private:
  void count(const std::vector<MemberProtocol>& protocols, int change);

  ById by_id_;
  std::map<std::string, std::string, std::less<>> ids_of_instances_;
  std::map<std::string, size_t, std::less<>> known_by_;  // protocol → members that know it
  std::string leader_;
  size_t joining_ = 0;
};

}  // namespace millrace::broker
