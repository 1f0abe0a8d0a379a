#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/groups/group_calls.h"
#include "broker/groups/group_members.h"
#include "broker/groups/group_options.h"

namespace millrace::broker {

enum class GroupState : uint8_t {
  kEmpty,
  kPreparingRebalance,   // members rejoin
  kCompletingRebalance,  // the generation has begun, its leader shares out the partitions
  kStable,
};
// "PreparingRebalance", as clients know it.
std::string_view name_of(GroupState state);

// Group: the members of one classic consumer group and how they agree on generations and
// assignments (docs: the protocol of JoinGroup, SyncGroup, Heartbeat, LeaveGroup).
//
//            join, of the first          all rejoined, or time is up        assignment is durable
//   Empty ──────────► PreparingRebalance ──────────► CompletingRebalance ──────────► Stable
//     ▲                    │       ▲                       │                            │
//     └── nobody is left ──┘       └── join, leave, death, changed metadata ────────────┘
//
// It does no I/O and reads no clock: calls are told the time, and say in their effects what to
// answer to whom and what must become durable.
//
// Threading:  confined to one task.
// Order:      when what a write with `assigns` holds is durable, or failed to be: assigned(). When
//             wake_at() has come: expire().
// Failure:    as the protocol's codes, in the answers.
class Group {
 public:
  // REQUIRES: `options` outlive it.
  Group(std::string id, const GroupOptions& options) : id_(std::move(id)), options_(options) {}

  // Answered in the effects of this call or of a later one.
  void join(Ticket ticket, JoinAttempt attempt, Moment moment, GroupEffects& effects);
  void sync(Ticket ticket, const SyncAttempt& attempt, Moment moment, GroupEffects& effects);
  kafka::ProtocolError heartbeat(const MemberName& member, int32_t generation, Moment moment);
  // One answer for each.
  std::vector<kafka::ProtocolError> leave(const std::vector<MemberName>& members, Moment moment,
                                          GroupEffects& effects);
  // Whether a member may commit offsets; renews its session. `generation` -1 and no member: who
  // commits does not belong to the group.
  kafka::ProtocolError check_commit(const MemberName& member, int32_t generation,
                                    bool transactional, Moment moment);

  // The assignment of this generation became durable, or did not.
  void assigned(int32_t generation, kafka::ProtocolError error, Moment moment,
                GroupEffects& effects);
  // Lets go of what is over by now.
  void expire(Moment moment, GroupEffects& effects);
  // expire has nothing to do before.
  io::MonotonicTime wake_at() const { return wake_at_; }

  // Those who were told an id must ask for another.
  void forget_pending() { pending_.clear(); }

  // As it was stored; the sessions of its members begin anew.
  void restore(StoredGroup stored, Moment moment);

  const std::string& id() const { return id_; }
  GroupState state() const { return state_; }
  int32_t generation() const { return generation_; }
  const std::string& protocol_type() const { return protocol_type_; }
  const std::string& protocol() const { return protocol_; }
  const GroupMembers& members() const { return members_; }
  int64_t state_ms() const { return state_ms_; }  // since when it is in its state; -1: not known
  // Nobody is in it, and nobody is about to be.
  bool idle() const { return state_ == GroupState::kEmpty && pending_.empty(); }
  // Nor was anything ever stored.
  bool unused() const { return idle() && generation_ == 0; }
  bool of_consumers() const { return protocol_type_ == "consumer"; }
  // nullopt: not known, as for a group of another type.
  const std::optional<std::vector<std::string>>& subscribed() const { return subscribed_; }

 private:
  kafka::ProtocolError check_member(const MemberName& name) const;
  bool has_room(const MemberName& name) const;

  void join_new(Ticket ticket, JoinAttempt attempt, Moment moment, GroupEffects& effects);
  void join_again(Ticket ticket, JoinAttempt attempt, Moment moment, GroupEffects& effects);
  void add_member(Ticket ticket, JoinAttempt attempt, std::string id, Moment moment,
                  GroupEffects& effects);
  void replace_static(Ticket ticket, JoinAttempt attempt, std::string old_id, Moment moment,
                      GroupEffects& effects);
  void update_member(Member& member, Ticket ticket, JoinAttempt attempt, Moment moment,
                     GroupEffects& effects);
  void remove_member(const std::string& id, GroupEffects& effects);
  // Of the current generation.
  JoinAnswer joined(const Member& member) const;
  SyncAnswer synced(const Member& member) const;
  void answer_join(Member& member, JoinAnswer answer, GroupEffects& effects);
  void answer_sync(Member& member, SyncAnswer answer, GroupEffects& effects);

  void rebalance(Moment moment, GroupEffects& effects);
  void prepare(Moment moment, GroupEffects& effects);
  void complete_if_all_joined(Moment moment, GroupEffects& effects);
  void complete(Moment moment, GroupEffects& effects);
  void begin_generation(Moment moment, GroupEffects& effects);
  void wait_longer_or_complete(Moment moment, GroupEffects& effects);
  void drop_those_who_owe_sync(Moment moment, GroupEffects& effects);

  void set_state(GroupState state, Moment moment);
  void note_subscriptions();
  void renew(Member& member, Moment moment);
  void wake_by(io::MonotonicTime when) { wake_at_ = std::min(wake_at_, when); }
  StoredGroup stored() const;
  void find_wake();

  const std::string id_;
  const GroupOptions& options_;
  GroupState state_ = GroupState::kEmpty;
  int64_t state_ms_ = -1;
  int32_t generation_ = 0;
  std::string protocol_type_;
  std::string protocol_;
  GroupMembers members_;
  std::map<std::string, io::MonotonicTime, std::less<>> pending_;  // id → until when it may join
  std::optional<std::vector<std::string>> subscribed_;

  io::MonotonicTime join_deadline_ = kNever;  // of the rebalance
  io::MonotonicTime sync_deadline_ = kNever;  // of the generation
  bool first_rebalance_ = false;              // of an empty group: others are waited for
  bool newcomers_ = false;                    // came while it waited
  int64_t wait_left_ms_ = 0;
  bool assigning_ = false;  // the assignment is on its way to the log
  std::map<std::string, Buffer, std::less<>> assignments_;
  io::MonotonicTime wake_at_ = kNever;
};

}  // namespace millrace::broker
