#include "broker/groups/group.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// Of a client's or instance's name in the id of a member.
constexpr size_t kNameInIdBytesMax = 255;

JoinAnswer refused(ProtocolError error, std::string member_id) {
  JoinAnswer answer;
  answer.error = error;
  answer.member_id = std::move(member_id);
  return answer;
}

SyncAnswer not_synced(ProtocolError error) {
  SyncAnswer answer;
  answer.error = error;
  return answer;
}

std::string new_member_id(const JoinAttempt& attempt) {
  const std::string& name =
      attempt.member.instance_id ? *attempt.member.instance_id : attempt.client_id;
  return name.substr(0, kNameInIdBytesMax) + "-" + attempt.unique;
}

std::vector<MemberProtocol> copied(const std::vector<MemberProtocol>& protocols) {
  std::vector<MemberProtocol> copies;
  for (const MemberProtocol& protocol : protocols) {
    copies.push_back({protocol.name, Buffer::copy_of(protocol.metadata.view())});
  }
  return copies;
}

}  // namespace

std::string_view name_of(GroupState state) {
  switch (state) {
    case GroupState::kEmpty:
      return "Empty";
    case GroupState::kPreparingRebalance:
      return "PreparingRebalance";
    case GroupState::kCompletingRebalance:
      return "CompletingRebalance";
    case GroupState::kStable:
      return "Stable";
  }
  return "";
}

ProtocolError Group::check_member(const MemberName& name) const {
  if (name.instance_id) {
    const std::string current = members_.id_of_instance(*name.instance_id);
    if (current.empty()) return ProtocolError::kUnknownMemberId;
    return current == name.id ? ProtocolError::kNone : ProtocolError::kFencedInstanceId;
  }
  return members_.find(name.id) == nullptr ? ProtocolError::kUnknownMemberId : ProtocolError::kNone;
}

void Group::renew(Member& member, Moment moment) {
  member.deadline = moment.now + member.session_timeout_ms * io::kNsPerMs;
  wake_by(member.deadline);
}

void Group::answer_join(Member& member, JoinAnswer answer, GroupEffects& effects) {
  const auto ticket = members_.set_join(member, std::nullopt);
  if (ticket) effects.joins.emplace_back(*ticket, std::move(answer));
}

void Group::answer_sync(Member& member, SyncAnswer answer, GroupEffects& effects) {
  const auto ticket = std::exchange(member.sync, std::nullopt);
  if (ticket) effects.syncs.emplace_back(*ticket, std::move(answer));
}

JoinAnswer Group::joined(const Member& member) const {
  JoinAnswer answer;
  answer.generation = generation_;
  answer.protocol_type = protocol_type_;
  answer.protocol = protocol_;
  answer.leader_id = members_.leader();
  answer.member_id = member.id;
  if (member.id != members_.leader()) return answer;
  for (const auto& [id, other] : members_) {
    answer.members.push_back({id, other.instance_id, other.metadata(protocol_)});
  }
  return answer;
}

SyncAnswer Group::synced(const Member& member) const {
  SyncAnswer answer;
  answer.protocol_type = protocol_type_;
  answer.protocol = protocol_;
  answer.assignment = member.assignment;
  return answer;
}

// ---- JoinGroup --------------------------------------------------------------------------------

bool Group::has_room(const MemberName& name) const {
  const Member* member = members_.find(
      name.id.empty() && name.instance_id ? members_.id_of_instance(*name.instance_id) : name.id);
  switch (state_) {
    case GroupState::kEmpty:
      return true;
    case GroupState::kPreparingRebalance:
      return (member != nullptr && member->joining()) || members_.joining() < options_.members_max;
    case GroupState::kCompletingRebalance:
    case GroupState::kStable:
      return member != nullptr || members_.size() < options_.members_max;
  }
  return false;
}

void Group::join(Ticket ticket, JoinAttempt attempt, Moment moment, GroupEffects& effects) {
  const MemberName& name = attempt.member;
  const auto refuse = [&](ProtocolError error) {
    effects.joins.emplace_back(ticket, refused(error, name.id));
  };
  if (!has_room(name)) {
    if (members_.find(name.id) != nullptr) {
      remove_member(name.id, effects);
      complete_if_all_joined(moment, effects);
    }
    return refuse(ProtocolError::kGroupMaxSizeReached);
  }
  const std::string own_id =
      name.id.empty() && name.instance_id ? members_.id_of_instance(*name.instance_id) : name.id;
  const bool fits = members_.empty() || (attempt.protocol_type == protocol_type_ &&
                                         members_.supports_any(attempt.protocols, own_id));
  if (attempt.protocol_type.empty() || attempt.protocols.empty() || !fits) {
    return refuse(ProtocolError::kInconsistentGroupProtocol);
  }
  attempt.protocols = copied(attempt.protocols);
  if (name.id.empty()) {
    join_new(ticket, std::move(attempt), moment, effects);
  } else {
    join_again(ticket, std::move(attempt), moment, effects);
  }
}

void Group::join_new(Ticket ticket, JoinAttempt attempt, Moment moment, GroupEffects& effects) {
  std::string id = new_member_id(attempt);
  if (attempt.member.instance_id) {
    std::string old_id = members_.id_of_instance(*attempt.member.instance_id);
    if (old_id.empty()) {
      return add_member(ticket, std::move(attempt), std::move(id), moment, effects);
    }
    return replace_static(ticket, std::move(attempt), std::move(old_id), moment, effects);
  }
  if (!attempt.returns_with_id) {
    return add_member(ticket, std::move(attempt), std::move(id), moment, effects);
  }
  if (pending_.size() >= options_.pending_members_max) {
    effects.joins.emplace_back(ticket, refused(ProtocolError::kGroupMaxSizeReached, ""));
    return;
  }
  const auto until = moment.now + attempt.session_timeout_ms * io::kNsPerMs;
  pending_[id] = until;
  wake_by(until);
  effects.joins.emplace_back(ticket, refused(ProtocolError::kMemberIdRequired, std::move(id)));
}

void Group::join_again(Ticket ticket, JoinAttempt attempt, Moment moment, GroupEffects& effects) {
  const auto pending = pending_.find(attempt.member.id);
  if (pending != pending_.end() && !attempt.member.instance_id) {
    std::string id = pending->first;
    pending_.erase(pending);
    return add_member(ticket, std::move(attempt), std::move(id), moment, effects);
  }
  if (const ProtocolError error = check_member(attempt.member); error != ProtocolError::kNone) {
    effects.joins.emplace_back(ticket, refused(error, attempt.member.id));
    return;
  }
  Member& member = *members_.find(attempt.member.id);
  const bool same = member.protocols == attempt.protocols;
  // Who lost the answer, or has nothing new to say, is told again what holds; so a rejoin alone
  // moves nobody's partitions.
  const bool told_again =
      same && (state_ == GroupState::kCompletingRebalance ||
               (state_ == GroupState::kStable && member.id != members_.leader()));
  if (told_again) {
    if (!member.sync) renew(member, moment);
    effects.joins.emplace_back(ticket, joined(member));
    return;
  }
  update_member(member, ticket, std::move(attempt), moment, effects);
  rebalance(moment, effects);
}

void Group::add_member(Ticket ticket, JoinAttempt attempt, std::string id, Moment moment,
                       GroupEffects& effects) {
  if (members_.empty()) protocol_type_ = attempt.protocol_type;
  Member made;
  made.id = std::move(id);
  made.instance_id = attempt.member.instance_id;
  made.protocols = attempt.protocols;
  Member& member = members_.add(std::move(made));
  update_member(member, ticket, std::move(attempt), moment, effects);
  if (first_rebalance_) newcomers_ = true;
  rebalance(moment, effects);
}

// Takes what the member says, and lets its request wait.
void Group::update_member(Member& member, Ticket ticket, JoinAttempt attempt, Moment moment,
                          GroupEffects& effects) {
  answer_join(member, refused(ProtocolError::kRebalanceInProgress, member.id), effects);
  members_.set_protocols(member, std::move(attempt.protocols));
  member.client_id = std::move(attempt.client_id);
  member.client_host = std::move(attempt.client_host);
  member.session_timeout_ms = attempt.session_timeout_ms;
  member.rebalance_timeout_ms = attempt.rebalance_timeout_ms;
  members_.set_join(member, ticket);
  member.deadline = member.fresh ? moment.now + options_.first_join_ms_max * io::kNsPerMs : kNever;
  wake_by(member.deadline);
}

// A static member came back without its id: it takes over the place of its former self.
void Group::replace_static(Ticket ticket, JoinAttempt attempt, std::string old_id, Moment moment,
                           GroupEffects& effects) {
  const std::string old_leader = members_.leader();
  const bool skips = attempt.skips_assignment;
  Member& old = *members_.find(old_id);
  answer_join(old, refused(ProtocolError::kFencedInstanceId, old_id), effects);
  answer_sync(old, not_synced(ProtocolError::kFencedInstanceId), effects);
  Member& member = members_.rename(old_id, new_member_id(attempt));
  update_member(member, ticket, std::move(attempt), moment, effects);
  if (state_ != GroupState::kStable || members_.vote() != protocol_) {
    return rebalance(moment, effects);
  }
  members_.set_join(member, std::nullopt);
  renew(member, moment);
  note_subscriptions();
  JoinAnswer answer = joined(member);
  if (skips) {
    answer.skip_assignment = member.id == members_.leader();
  } else {
    // Who does not know about skipping would assign anew if it took itself for the leader.
    answer.leader_id = old_leader;
    answer.members.clear();
  }
  effects.writes.push_back(
      {.group = stored(), .assigns = false, .join = std::pair(ticket, std::move(answer))});
}

void Group::remove_member(const std::string& id, GroupEffects& effects) {
  Member& member = *members_.find(id);
  answer_join(member, refused(ProtocolError::kUnknownMemberId, id), effects);
  answer_sync(member, not_synced(ProtocolError::kUnknownMemberId), effects);
  members_.remove(id);
}

// ---- SyncGroup, Heartbeat, LeaveGroup, commits ------------------------------------------------

void Group::sync(Ticket ticket, const SyncAttempt& attempt, Moment moment, GroupEffects& effects) {
  const auto refuse = [&](ProtocolError error) {
    effects.syncs.emplace_back(ticket, not_synced(error));
  };
  if (const auto error = check_member(attempt.member); error != ProtocolError::kNone) {
    return refuse(error);
  }
  if (attempt.generation != generation_) return refuse(ProtocolError::kIllegalGeneration);
  if ((attempt.protocol_type && *attempt.protocol_type != protocol_type_) ||
      (attempt.protocol && *attempt.protocol != protocol_)) {
    return refuse(ProtocolError::kInconsistentGroupProtocol);
  }
  if (state_ == GroupState::kPreparingRebalance) {
    return refuse(ProtocolError::kRebalanceInProgress);
  }
  Member& member = *members_.find(attempt.member.id);
  member.owes_sync = false;
  if (state_ == GroupState::kStable) {
    renew(member, moment);
    effects.syncs.emplace_back(ticket, synced(member));
    return;
  }
  answer_sync(member, not_synced(ProtocolError::kRebalanceInProgress), effects);
  member.sync = ticket;
  member.deadline = kNever;
  if (member.id != members_.leader() || assigning_) return;
  assigning_ = true;
  assignments_.clear();
  for (const auto& [id, assignment] : attempt.assignments) {
    if (members_.find(id) != nullptr) assignments_[id] = Buffer::copy_of(assignment.view());
  }
  effects.writes.push_back({.group = stored(), .assigns = true, .join = std::nullopt});
}

void Group::assigned(int32_t generation, ProtocolError error, Moment moment,
                     GroupEffects& effects) {
  if (state_ != GroupState::kCompletingRebalance || generation != generation_ || !assigning_) {
    return;
  }
  if (error != ProtocolError::kNone) {
    for (auto& [id, member] : members_) answer_sync(member, not_synced(error), effects);
    for (auto& [id, member] : members_) renew(member, moment);
    return prepare(moment, effects);
  }
  assigning_ = false;
  for (auto& [id, member] : members_) {
    const auto found = assignments_.find(id);
    member.assignment = found == assignments_.end() ? Buffer() : std::move(found->second);
    answer_sync(member, synced(member), effects);
    renew(member, moment);
  }
  assignments_.clear();
  set_state(GroupState::kStable, moment);
}

ProtocolError Group::heartbeat(const MemberName& name, int32_t generation, Moment moment) {
  if (const auto error = check_member(name); error != ProtocolError::kNone) return error;
  if (generation != generation_) return ProtocolError::kIllegalGeneration;
  Member& member = *members_.find(name.id);
  // One that waits for an answer cannot expire.
  if (!member.joining() && !member.sync) renew(member, moment);
  return state_ == GroupState::kPreparingRebalance ? ProtocolError::kRebalanceInProgress
                                                   : ProtocolError::kNone;
}

std::vector<ProtocolError> Group::leave(const std::vector<MemberName>& names, Moment moment,
                                        GroupEffects& effects) {
  std::vector<ProtocolError> answers;
  bool left = false;
  for (const MemberName& name : names) {
    if (pending_.erase(name.id) > 0) {
      answers.push_back(ProtocolError::kNone);
      continue;
    }
    // An administrator knows the instance only.
    const bool by_instance = name.id.empty() && name.instance_id;
    const std::string id = by_instance ? members_.id_of_instance(*name.instance_id) : name.id;
    const ProtocolError error = check_member({id, name.instance_id});
    answers.push_back(error);
    if (error != ProtocolError::kNone) continue;
    remove_member(id, effects);
    left = true;
  }
  if (left) {
    rebalance(moment, effects);
  } else {
    complete_if_all_joined(moment, effects);
  }
  return answers;
}

ProtocolError Group::check_commit(const MemberName& name, int32_t generation, bool transactional,
                                  Moment moment) {
  if (generation < 0 && state_ == GroupState::kEmpty) return ProtocolError::kNone;
  const bool of_member = generation >= 0 || !name.id.empty() || name.instance_id;
  if (!of_member) {
    // Producers of old clients name no member.
    if (transactional) return ProtocolError::kNone;
    return ProtocolError::kUnknownMemberId;
  }
  if (const auto error = check_member(name); error != ProtocolError::kNone) return error;
  if (generation != generation_) return ProtocolError::kIllegalGeneration;
  if (state_ == GroupState::kCompletingRebalance) {
    return transactional ? ProtocolError::kNone : ProtocolError::kRebalanceInProgress;
  }
  Member& member = *members_.find(name.id);
  if (!member.joining()) renew(member, moment);
  return ProtocolError::kNone;
}

}  // namespace millrace::broker
