#include "broker/groups/group_members.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/assert.h"

namespace millrace::broker {

Buffer Member::metadata(std::string_view protocol) const {
  const auto found = std::ranges::find(protocols, protocol, &MemberProtocol::name);
  return found == protocols.end() ? Buffer() : found->metadata;
}

bool Member::knows(std::string_view protocol) const {
  return std::ranges::find(protocols, protocol, &MemberProtocol::name) != protocols.end();
}

Member* GroupMembers::find(std::string_view id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

const Member* GroupMembers::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

std::string GroupMembers::id_of_instance(std::string_view instance_id) const {
  const auto found = ids_of_instances_.find(instance_id);
  return found == ids_of_instances_.end() ? std::string() : found->second;
}

// A name that stands twice in one member's list counts once.
void GroupMembers::count(const std::vector<MemberProtocol>& protocols, int change) {
  std::set<std::string_view> names;
  for (const MemberProtocol& protocol : protocols) {
    if (!names.insert(protocol.name).second) continue;
    size_t& members = known_by_[protocol.name];
    members += static_cast<size_t>(change);
    if (members == 0) known_by_.erase(known_by_.find(protocol.name));
  }
}

Member& GroupMembers::add(Member member) {
  if (by_id_.empty()) leader_ = member.id;
  if (member.instance_id) ids_of_instances_[*member.instance_id] = member.id;
  count(member.protocols, 1);
  joining_ += member.joining() ? 1 : 0;
  std::string id = member.id;
  const auto [at, added] = by_id_.emplace(std::move(id), std::move(member));
  MILLRACE_ASSERT(added);
  return at->second;
}

void GroupMembers::remove(std::string_view id) {
  const auto found = by_id_.find(id);
  MILLRACE_ASSERT(found != by_id_.end());
  Member& member = found->second;
  set_join(member, std::nullopt);
  count(member.protocols, -1);
  if (member.instance_id) ids_of_instances_.erase(*member.instance_id);
  const bool led = leader_ == id;
  by_id_.erase(found);
  if (led) leader_ = by_id_.empty() ? std::string() : by_id_.begin()->first;
}

Member& GroupMembers::rename(std::string_view from, const std::string& to) {
  auto node = by_id_.extract(by_id_.find(from));
  if (leader_ == from) leader_ = to;
  node.key() = to;
  node.mapped().id = to;
  if (node.mapped().instance_id) ids_of_instances_[*node.mapped().instance_id] = to;
  const auto inserted = by_id_.insert(std::move(node));
  MILLRACE_ASSERT(inserted.inserted);
  return inserted.position->second;
}

void GroupMembers::set_protocols(Member& member, std::vector<MemberProtocol> protocols) {
  count(member.protocols, -1);
  member.protocols = std::move(protocols);
  count(member.protocols, 1);
}

std::optional<Ticket> GroupMembers::set_join(Member& member, std::optional<Ticket> ticket) {
  joining_ += ticket.has_value() ? 1U : 0U;
  joining_ -= member.joining() ? 1U : 0U;
  return std::exchange(member.join_, ticket);
}

bool GroupMembers::elect_joining_leader() {
  const Member* leader = find(leader_);
  if (leader != nullptr && leader->joining()) return true;
  const auto first =
      std::ranges::find_if(by_id_, [](const auto& at) { return at.second.joining(); });
  if (first == by_id_.end()) return false;
  leader_ = first->first;
  return true;
}

bool GroupMembers::supports_any(const std::vector<MemberProtocol>& protocols,
                                std::string_view except) const {
  const Member* left_out = find(except);
  const size_t others = by_id_.size() - (left_out == nullptr ? 0 : 1);
  return std::ranges::any_of(protocols, [&](const MemberProtocol& protocol) {
    const auto found = known_by_.find(protocol.name);
    size_t known = found == known_by_.end() ? 0 : found->second;
    if (left_out != nullptr && left_out->knows(protocol.name)) --known;
    return known == others;
  });
}

std::string GroupMembers::vote() const {
  MILLRACE_ASSERT(!by_id_.empty());
  const auto known_to_all = [&](const MemberProtocol& protocol) {
    return known_by_.find(protocol.name)->second == by_id_.size();
  };
  std::map<std::string_view, size_t> votes;
  for (const auto& [id, member] : by_id_) {
    const auto choice = std::ranges::find_if(member.protocols, known_to_all);
    if (choice != member.protocols.end()) ++votes[choice->name];
  }
  // Among equals the one that the leader likes better.
  const Member* leader = find(leader_);
  std::string_view best;
  size_t most = 0;
  for (const MemberProtocol& protocol : leader->protocols) {
    const auto found = votes.find(protocol.name);
    if (found == votes.end() || found->second <= most) continue;
    best = protocol.name;
    most = found->second;
  }
  return std::string(best);
}

int32_t GroupMembers::rebalance_timeout_ms_max() const {
  int32_t most = 0;
  for (const auto& [id, member] : by_id_) most = std::max(most, member.rebalance_timeout_ms);
  return most;
}

}  // namespace millrace::broker
