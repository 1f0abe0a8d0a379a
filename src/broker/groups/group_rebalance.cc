#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "broker/groups/group.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// How often it is tried to complete a rebalance that nobody has joined, at the least.
constexpr int64_t kNobodyJoinedMs = 1'000;

}  // namespace

// What moves a group from one generation to the next: preparing, completing, time.

void Group::set_state(GroupState state, Moment moment) {
  state_ = state;
  state_ms_ = moment.wall_ms;
}

void Group::rebalance(Moment moment, GroupEffects& effects) {
  if (state_ == GroupState::kPreparingRebalance) {
    complete_if_all_joined(moment, effects);
  } else {
    prepare(moment, effects);
  }
}

void Group::prepare(Moment moment, GroupEffects& effects) {
  if (state_ == GroupState::kCompletingRebalance) {
    for (auto& [id, member] : members_) {
      member.assignment = Buffer();
      if (!member.sync) continue;
      SyncAnswer answer;
      answer.error = ProtocolError::kRebalanceInProgress;
      answer_sync(member, std::move(answer), effects);
      if (!member.joining()) renew(member, moment);
    }
  }
  for (auto& [id, member] : members_) member.owes_sync = false;
  assigning_ = false;
  assignments_.clear();
  sync_deadline_ = kNever;

  first_rebalance_ = state_ == GroupState::kEmpty && options_.initial_rebalance_delay_ms > 0;
  set_state(GroupState::kPreparingRebalance, moment);
  const int64_t rebalance_ms = members_.rebalance_timeout_ms_max();
  if (first_rebalance_) {
    const int64_t delay_ms = options_.initial_rebalance_delay_ms;
    newcomers_ = false;
    wait_left_ms_ = std::max<int64_t>(rebalance_ms - delay_ms, 0);
    join_deadline_ = moment.now + delay_ms * io::kNsPerMs;
  } else {
    join_deadline_ = moment.now + rebalance_ms * io::kNsPerMs;
  }
  wake_by(join_deadline_);
  complete_if_all_joined(moment, effects);
}

void Group::complete_if_all_joined(Moment moment, GroupEffects& effects) {
  const bool all = members_.joining() == members_.size() && pending_.empty();
  if (state_ == GroupState::kPreparingRebalance && all && !first_rebalance_) {
    complete(moment, effects);
  }
}

void Group::wait_longer_or_complete(Moment moment, GroupEffects& effects) {
  if (!first_rebalance_ || !newcomers_ || wait_left_ms_ == 0) return complete(moment, effects);
  const int64_t delay_ms = std::min<int64_t>(options_.initial_rebalance_delay_ms, wait_left_ms_);
  newcomers_ = false;
  wait_left_ms_ -= delay_ms;
  join_deadline_ = moment.now + delay_ms * io::kNsPerMs;
}

void Group::complete(Moment moment, GroupEffects& effects) {
  first_rebalance_ = false;
  join_deadline_ = kNever;
  // Static members may be restarting: they stay until their sessions end.
  std::vector<std::string> missing;
  for (const auto& [id, member] : members_) {
    if (!member.joining() && !member.instance_id) missing.push_back(id);
  }
  for (const std::string& id : missing) remove_member(id, effects);
  if (!members_.empty() && !members_.elect_joining_leader()) {
    const int64_t wait_ms = std::max<int64_t>(members_.rebalance_timeout_ms_max(), kNobodyJoinedMs);
    join_deadline_ = moment.now + wait_ms * io::kNsPerMs;
    return wake_by(join_deadline_);
  }
  begin_generation(moment, effects);
}

void Group::begin_generation(Moment moment, GroupEffects& effects) {
  generation_ = generation_ == std::numeric_limits<int32_t>::max() ? 1 : generation_ + 1;
  if (members_.empty()) {
    protocol_.clear();
    set_state(GroupState::kEmpty, moment);
    note_subscriptions();
    effects.writes.push_back({.group = stored(), .assigns = false, .join = std::nullopt});
    return;
  }
  protocol_ = members_.vote();
  set_state(GroupState::kCompletingRebalance, moment);
  note_subscriptions();
  for (auto& [id, member] : members_) {
    member.fresh = false;
    member.owes_sync = true;
    renew(member, moment);
    if (member.joining()) answer_join(member, joined(member), effects);
  }
  sync_deadline_ = moment.now + members_.rebalance_timeout_ms_max() * io::kNsPerMs;
  wake_by(sync_deadline_);
}

void Group::drop_those_who_owe_sync(Moment moment, GroupEffects& effects) {
  sync_deadline_ = kNever;
  std::vector<std::string> silent;
  for (const auto& [id, member] : members_) {
    if (member.owes_sync) silent.push_back(id);
  }
  for (const std::string& id : silent) remove_member(id, effects);
  if (!silent.empty()) prepare(moment, effects);
}

void Group::expire(Moment moment, GroupEffects& effects) {
  if (moment.now < wake_at_) return;
  const auto over =
      std::erase_if(pending_, [&](const auto& at) { return at.second <= moment.now; });
  std::vector<std::string> dead;
  for (const auto& [id, member] : members_) {
    if (member.deadline <= moment.now) dead.push_back(id);
  }
  for (const std::string& id : dead) remove_member(id, effects);
  if (!dead.empty()) {
    rebalance(moment, effects);
  } else if (over > 0) {
    complete_if_all_joined(moment, effects);
  }
  if (join_deadline_ <= moment.now) wait_longer_or_complete(moment, effects);
  if (sync_deadline_ <= moment.now) drop_those_who_owe_sync(moment, effects);
  find_wake();
}

void Group::find_wake() {
  wake_at_ = std::min(join_deadline_, sync_deadline_);
  for (const auto& [id, until] : pending_) wake_by(until);
  for (const auto& [id, member] : members_) wake_by(member.deadline);
}

void Group::note_subscriptions() {
  subscribed_.reset();
  if (!of_consumers()) return;
  std::vector<std::string> all;
  for (const auto& [id, member] : members_) {
    auto topics = subscribed_topics(member.metadata(protocol_));
    if (!topics) return;
    all.insert(all.end(), std::make_move_iterator(topics->begin()),
               std::make_move_iterator(topics->end()));
  }
  std::ranges::sort(all);
  all.erase(std::ranges::unique(all).begin(), all.end());
  subscribed_ = std::move(all);
}

StoredGroup Group::stored() const {
  StoredGroup stored;
  stored.protocol_type = protocol_type_;
  stored.generation = generation_;
  stored.state_ms = state_ms_;
  if (members_.empty()) return stored;
  stored.protocol = protocol_;
  stored.leader = members_.leader();
  for (const auto& [id, member] : members_) {
    StoredMember& to = stored.members.emplace_back();
    to.id = id;
    to.instance_id = member.instance_id;
    to.client_id = member.client_id;
    to.client_host = member.client_host;
    to.rebalance_timeout_ms = member.rebalance_timeout_ms;
    to.session_timeout_ms = member.session_timeout_ms;
    to.subscription = member.metadata(protocol_);
    to.assignment = member.assignment;
    if (!assigning_) continue;
    const auto found = assignments_.find(id);
    to.assignment = found == assignments_.end() ? Buffer() : found->second;
  }
  return stored;
}

void Group::restore(StoredGroup stored, Moment moment) {
  MILLRACE_ASSERT(members_.empty() && state_ == GroupState::kEmpty);
  protocol_type_ = std::move(stored.protocol_type);
  generation_ = stored.generation;
  state_ms_ = stored.state_ms;
  protocol_ = std::move(stored.protocol).value_or("");
  for (StoredMember& from : stored.members) {
    if (members_.find(from.id) != nullptr) continue;
    if (from.instance_id && !members_.id_of_instance(*from.instance_id).empty()) continue;
    Member member;
    member.id = std::move(from.id);
    member.instance_id = std::move(from.instance_id);
    member.client_id = std::move(from.client_id);
    member.client_host = std::move(from.client_host);
    member.rebalance_timeout_ms = from.rebalance_timeout_ms;
    member.session_timeout_ms = from.session_timeout_ms;
    member.protocols.push_back({protocol_, std::move(from.subscription)});
    member.assignment = std::move(from.assignment);
    member.fresh = false;
    renew(members_.add(std::move(member)), moment);
  }
  if (members_.empty()) {
    protocol_.clear();
  } else {
    state_ = GroupState::kStable;
    if (stored.leader && members_.find(*stored.leader) != nullptr) {
      members_.set_leader(*std::move(stored.leader));
    }
  }
  note_subscriptions();
}

}  // namespace millrace::broker
