#include "broker/groups/group_coordinator.h"

#include <fmt/core.h>

#include <algorithm>
#include <variant>

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int64_t kLoadAgainMs = 5'000;
// Group ids and the like stand in records with a length of 16 bits.
constexpr size_t kNameBytesMax = 32'767;
constexpr size_t kProtocolBytes = sizeof(MemberProtocol);  // of one that says nothing

// Of a write for a group.
ProtocolError error_of_write(const Error& error) {
  return error.code() == ErrorCode::kRecordTooLarge ? ProtocolError::kUnknownServerError
                                                    : ProtocolError::kCoordinatorNotAvailable;
}

bool fits(const JoinAttempt& attempt, uint32_t metadata_bytes_max) {
  size_t bytes = 0;
  for (const MemberProtocol& protocol : attempt.protocols) {
    if (protocol.name.size() > kNameBytesMax) return false;
    bytes += kProtocolBytes + protocol.name.size() + protocol.metadata.bytes();
  }
  return bytes <= metadata_bytes_max && attempt.protocol_type.size() <= kNameBytesMax &&
         attempt.member.instance_id.value_or("").size() <= kNameBytesMax;
}

}  // namespace

std::shared_ptr<GroupCoordinator> GroupCoordinator::start(Parts parts, GroupOptions options) {
  auto coordinator = std::make_shared<GroupCoordinator>(std::move(parts), options);
  coordinator->run([self = coordinator.get()] { self->load(); });
  return coordinator;
}

GroupCoordinator::GroupCoordinator(Parts parts, GroupOptions options)
    : parts_(std::move(parts)),
      options_(options),
      store_(parts_.log, parts_.executor, parts_.clock,
             {.partitions = options.offsets_topic_partitions}) {}

void GroupCoordinator::stop(io::Wake done) {
  run([this, done = std::move(done)]() mutable {
    stopped_ = true;
    for (auto& [ticket, reply] : std::exchange(joins_, {})) {
      reply({.error = ProtocolError::kCoordinatorNotAvailable});
    }
    for (auto& [ticket, reply] : std::exchange(syncs_, {})) {
      reply({.error = ProtocolError::kCoordinatorNotAvailable});
    }
    store_.drain(std::move(done));
  });
}

ProtocolError GroupCoordinator::ready() const {
  if (stopped_ || failed_) return ProtocolError::kCoordinatorNotAvailable;
  return loaded_ ? ProtocolError::kNone : ProtocolError::kCoordinatorLoadInProgress;
}

Moment GroupCoordinator::moment() const {
  return {.now = parts_.executor.now(), .wall_ms = parts_.clock.wall_us() / 1000};
}

GroupCoordinator::Entry* GroupCoordinator::find(std::string_view id) {
  const auto found = groups_.find(id);
  return found == groups_.end() ? nullptr : found->second.get();
}

GroupCoordinator::Entry* GroupCoordinator::find_or_make(const std::string& id) {
  if (Entry* entry = find(id); entry != nullptr) return entry;
  if (loaded_ && groups_.size() >= options_.groups_max) return nullptr;
  return groups_.emplace(id, std::make_unique<Entry>(id, options_)).first->second.get();
}

void GroupCoordinator::drop_if_unused(const std::string& id) {
  const auto found = groups_.find(id);
  if (found == groups_.end()) return;
  const Entry& entry = *found->second;
  if (!entry.group.unused() || !entry.offsets.empty() || entry.writes > 0) return;
  deadlines_.erase({entry.armed, id});
  groups_.erase(found);
}

std::string GroupCoordinator::unique_text() {
  const uint64_t a = parts_.random.next();
  const uint64_t b = parts_.random.next();
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFFF,
                     b >> 48, b & 0xFFFF'FFFF'FFFF);
}

// ---- Members ----------------------------------------------------------------------------------

void GroupCoordinator::join(std::string group, JoinAttempt attempt,
                            io::Completion<JoinAnswer> done) {
  run([this, group = std::move(group), attempt = std::move(attempt),
       done = std::move(done)]() mutable {
    const auto refuse = [&](ProtocolError error) {
      JoinAnswer answer;
      answer.error = error;
      answer.member_id = attempt.member.id;
      done(std::move(answer));
    };
    if (const ProtocolError error = ready(); error != ProtocolError::kNone) return refuse(error);
    if (group.empty() || group.size() > kNameBytesMax)
      return refuse(ProtocolError::kInvalidGroupId);
    if (attempt.session_timeout_ms < options_.session_timeout_ms_min ||
        attempt.session_timeout_ms > options_.session_timeout_ms_max) {
      return refuse(ProtocolError::kInvalidSessionTimeout);
    }
    if (!fits(attempt, options_.member_metadata_bytes_max)) {
      return refuse(ProtocolError::kInvalidRequest);
    }
    // Who has an id had it from a group that is there.
    Entry* const entry = attempt.member.id.empty() ? find_or_make(group) : find(group);
    if (entry == nullptr) {
      return refuse(attempt.member.id.empty() ? ProtocolError::kCoordinatorNotAvailable
                                              : ProtocolError::kUnknownMemberId);
    }
    attempt.unique = unique_text();
    last_ticket_ = last_ticket_.next();
    joins_.emplace(last_ticket_, std::move(done));
    GroupEffects effects;
    entry->group.join(last_ticket_, std::move(attempt), moment(), effects);
    apply(*entry, std::move(effects));
    drop_if_unused(group);
  });
}

void GroupCoordinator::sync(std::string group, SyncAttempt attempt,
                            io::Completion<SyncAnswer> done) {
  run([this, group = std::move(group), attempt = std::move(attempt),
       done = std::move(done)]() mutable {
    const auto refuse = [&](ProtocolError error) {
      SyncAnswer answer;
      answer.error = error;
      done(std::move(answer));
    };
    if (const ProtocolError error = ready(); error != ProtocolError::kNone) return refuse(error);
    if (group.empty()) return refuse(ProtocolError::kInvalidGroupId);
    Entry* const entry = find(group);
    if (entry == nullptr) return refuse(ProtocolError::kUnknownMemberId);
    last_ticket_ = last_ticket_.next();
    syncs_.emplace(last_ticket_, std::move(done));
    GroupEffects effects;
    entry->group.sync(last_ticket_, attempt, moment(), effects);
    apply(*entry, std::move(effects));
  });
}

void GroupCoordinator::heartbeat(std::string group, MemberName member, int32_t generation,
                                 io::Completion<ProtocolError> done) {
  run([this, group = std::move(group), member = std::move(member), generation,
       done = std::move(done)]() mutable {
    if (const ProtocolError error = ready(); error != ProtocolError::kNone) return done(error);
    if (group.empty()) return done(ProtocolError::kInvalidGroupId);
    Entry* const entry = find(group);
    if (entry == nullptr) return done(ProtocolError::kUnknownMemberId);
    const ProtocolError error = entry->group.heartbeat(member, generation, moment());
    arm(*entry);
    done(error);
  });
}

void GroupCoordinator::leave(std::string group, std::vector<MemberName> members,
                             io::Completion<GroupErrors> done) {
  run([this, group = std::move(group), members = std::move(members),
       done = std::move(done)]() mutable {
    GroupErrors errors;
    errors.error = ready();
    if (group.empty()) errors.error = ProtocolError::kInvalidGroupId;
    if (errors.error != ProtocolError::kNone) return done(std::move(errors));
    Entry* const entry = find(group);
    if (entry == nullptr) {
      errors.each.assign(members.size(), ProtocolError::kUnknownMemberId);
      return done(std::move(errors));
    }
    GroupEffects effects;
    errors.each = entry->group.leave(members, moment(), effects);
    apply(*entry, std::move(effects));
    drop_if_unused(group);
    done(std::move(errors));
  });
}

// ---- What came of it --------------------------------------------------------------------------

void GroupCoordinator::answer(Ticket ticket, JoinAnswer answer) {
  if (auto waiting = joins_.extract(ticket)) waiting.mapped()(std::move(answer));
}

void GroupCoordinator::answer(Ticket ticket, SyncAnswer answer) {
  if (auto waiting = syncs_.extract(ticket)) waiting.mapped()(std::move(answer));
}

void GroupCoordinator::apply(Entry& entry, GroupEffects effects) {
  for (auto& [ticket, join] : effects.joins) answer(ticket, std::move(join));
  for (auto& [ticket, sync] : effects.syncs) answer(ticket, std::move(sync));
  arm(entry);
  entry.writes += static_cast<uint32_t>(effects.writes.size());
  for (GroupWrite& write : effects.writes) this->write(entry, std::move(write));
}

void GroupCoordinator::write(Entry& entry, GroupWrite write) {
  const std::string id = entry.group.id();
  if (stopped_) return written(id, std::move(write), ProtocolError::kCoordinatorNotAvailable);
  std::vector<GroupRecord> records;
  records.push_back({encode_key(GroupKey{id}), encode_value(write.group)});
  store_.append(
      id, std::move(records), std::nullopt,
      [self = shared_from_this(), id, write = std::move(write)](Result<StoredAt> stored) mutable {
        self->written(id, std::move(write),
                      stored ? ProtocolError::kNone : error_of_write(stored.error()));
      });
}

void GroupCoordinator::written(const std::string& id, GroupWrite write, ProtocolError error) {
  if (write.join) {
    auto& [ticket, join] = *write.join;
    if (error != ProtocolError::kNone) join = {.error = error, .member_id = join.member_id};
    answer(ticket, std::move(join));
  }
  Entry* const entry = find(id);
  if (entry == nullptr) return;
  --entry->writes;
  if (!write.assigns) return;
  GroupEffects effects;
  entry->group.assigned(write.group.generation, error, moment(), effects);
  apply(*entry, std::move(effects));
}

// ---- Time -------------------------------------------------------------------------------------

void GroupCoordinator::arm(Entry& entry) {
  const io::MonotonicTime when = entry.group.wake_at();
  if (when >= entry.armed) return;
  deadlines_.erase({entry.armed, entry.group.id()});
  entry.armed = when;
  deadlines_.emplace(when, entry.group.id());
  arm_timer();
}

void GroupCoordinator::arm_timer() {
  if (deadlines_.empty() || deadlines_.begin()->first >= timer_at_) return;
  timer_at_ = deadlines_.begin()->first;
  parts_.executor.post_at(timer_at_, [self = weak_from_this(), at = timer_at_] {
    if (const auto alive = self.lock()) alive->wake(at);
  });
}

void GroupCoordinator::wake(io::MonotonicTime at) {
  if (timer_at_ == at) timer_at_ = kNever;
  if (stopped_) return;
  const Moment moment = this->moment();
  while (!deadlines_.empty() && deadlines_.begin()->first <= moment.now) {
    const std::string id = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    Entry& entry = *find(id);
    entry.armed = kNever;
    GroupEffects effects;
    entry.group.expire(moment, effects);
    apply(entry, std::move(effects));
    drop_if_unused(id);
  }
  arm_timer();
}

// ---- Loading ----------------------------------------------------------------------------------

void GroupCoordinator::load() {
  if (stopped_) return;
  failed_ = false;
  groups_.clear();
  found_.clear();
  open_.clear();
  const auto self = shared_from_this();
  store_.load({.record = [self](const FoundRecord& record) { return self->take(record); },
               .marker = [self](const FoundMarker& marker) { self->take(marker); }},
              [self](Result<void> result) { self->load_ended(std::move(result)); });
}

Result<void> GroupCoordinator::take(const FoundRecord& record) {
  const RecordKey key = MILLRACE_TRY(decode_key(record.key));
  if (const auto* of_group = std::get_if<GroupKey>(&key)) {
    if (!record.value) {
      found_.erase(of_group->group);
    } else {
      found_[of_group->group] = MILLRACE_TRY(decode_group_value(*record.value));
    }
  }
  const auto* of_offset = std::get_if<OffsetKey>(&key);
  if (of_offset == nullptr) return {};
  GroupOffsets::Partition partition(of_offset->topic, of_offset->partition);
  if (!record.value) {
    if (Entry* entry = find(of_offset->group); entry != nullptr) entry->offsets.remove(partition);
    return {};
  }
  CommittedOffset offset{MILLRACE_TRY(decode_offset_value(*record.value)), record.offset};
  if (record.producer) {
    pend(of_offset->group, *record.producer, record.partition, std::move(partition),
         std::move(offset));
  } else {
    find_or_make(of_offset->group)->offsets.commit(std::move(partition), std::move(offset));
  }
  return {};
}

void GroupCoordinator::take(const FoundMarker& marker) {
  end_open({marker.producer, marker.partition}, marker.committed);
}

void GroupCoordinator::load_ended(Result<void> result) {
  if (stopped_) return;
  if (!result) {
    failed_ = true;
    if (parts_.on_problem) parts_.on_problem(result.error());
    parts_.executor.post_at(moment().now + kLoadAgainMs * io::kNsPerMs, [self = weak_from_this()] {
      if (const auto alive = self.lock()) alive->load();
    });
    return;
  }
  const Moment moment = this->moment();
  for (auto& [id, stored] : std::exchange(found_, {})) {
    Entry& entry = *find_or_make(id);
    entry.group.restore(std::move(stored), moment);
    arm(entry);
  }
  std::erase_if(groups_, [](const auto& at) {
    return at.second->group.unused() && at.second->offsets.empty();
  });
  loaded_ = true;
  collect_at(options_.offsets_check_ms);
}

}  // namespace millrace::broker
