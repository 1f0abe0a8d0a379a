#include <algorithm>

#include "broker/groups/group_coordinator.h"

namespace millrace::broker {

using kafka::ProtocolError;

// Offsets: committed, in transactions, read, forgotten.

namespace {

constexpr size_t kNameBytesMax = 32'767;
// So many groups lose something in one go.
constexpr size_t kCollectedMax = 1'000;
constexpr int64_t kCollectAgainMs = 1'000;

ProtocolError error_of_commit(const Error& error, bool transactional) {
  if (error.code() == ErrorCode::kRecordTooLarge) return ProtocolError::kInvalidCommitOffsetSize;
  const auto code = static_cast<ProtocolError>(error_info(error.code()).kafka_error);
  const bool of_producer =
      code == ProtocolError::kProducerFenced || code == ProtocolError::kInvalidProducerEpoch ||
      code == ProtocolError::kInvalidTxnState || code == ProtocolError::kInvalidProducerIdMapping ||
      code == ProtocolError::kConcurrentTransactions;
  return transactional && of_producer ? code : ProtocolError::kCoordinatorNotAvailable;
}

}  // namespace

void GroupCoordinator::commit_offsets(CommitAttempt attempt, io::Completion<ProtocolError> done) {
  run([this, attempt = std::move(attempt), done = std::move(done)]() mutable {
    if (const ProtocolError error = ready(); error != ProtocolError::kNone) return done(error);
    const std::string& id = attempt.group;
    const bool transactional = attempt.producer.has_value();
    if (id.size() > kNameBytesMax || (id.empty() && transactional)) {
      return done(ProtocolError::kInvalidGroupId);
    }
    Entry* entry = find(id);
    if (entry != nullptr) {
      const ProtocolError error =
          entry->group.check_commit(attempt.member, attempt.generation, transactional, moment());
      arm(*entry);
      if (error != ProtocolError::kNone) return done(error);
    } else if (attempt.generation >= 0) {
      return done(attempt.if_unknown);
    }
    if (attempt.offsets.empty()) return done(ProtocolError::kNone);
    if (entry == nullptr) entry = find_or_make(id);
    if (entry == nullptr) return done(ProtocolError::kCoordinatorNotAvailable);
    const int64_t now_ms = parts_.clock.wall_us() / 1000;
    std::vector<GroupRecord> records;
    for (OffsetToCommit& offset : attempt.offsets) {
      const auto& [topic, partition] = offset.partition;
      if (offset.value.commit_ms < 0) offset.value.commit_ms = now_ms;
      if (attempt.retention_ms >= 0) offset.value.expire_ms = now_ms + attempt.retention_ms;
      records.push_back({encode_key(OffsetKey{id, topic, partition}), encode_value(offset.value)});
    }
    ++entry->writes;
    const auto producer = attempt.producer;
    store_.append(id, std::move(records), producer,
                  [self = shared_from_this(), attempt = std::move(attempt),
                   done = std::move(done)](Result<StoredAt> stored) mutable {
                    --self->find(attempt.group)->writes;
                    if (stored) {
                      self->committed(attempt, *stored);
                      return done(ProtocolError::kNone);
                    }
                    self->drop_if_unused(attempt.group);
                    done(error_of_commit(stored.error(), attempt.producer.has_value()));
                  });
  });
}

void GroupCoordinator::committed(const CommitAttempt& attempt, const StoredAt& at) {
  Entry& entry = *find(attempt.group);
  int64_t record_offset = at.offset;
  for (const OffsetToCommit& offset : attempt.offsets) {
    CommittedOffset committed{offset.value, record_offset++};
    if (attempt.producer) {
      pend(attempt.group, attempt.producer->id, at.partition.index, offset.partition,
           std::move(committed));
    } else {
      entry.offsets.commit(offset.partition, std::move(committed));
    }
  }
}

// ---- Transactions -----------------------------------------------------------------------------

void GroupCoordinator::pend(const std::string& group, int64_t producer, uint32_t partition,
                            GroupOffsets::Partition of, CommittedOffset offset) {
  find_or_make(group)->offsets.pend(producer, std::move(of), std::move(offset));
  open_[{producer, partition}].insert(group);
}

void GroupCoordinator::end_open(Open open, bool committed) {
  const auto ended = open_.extract(open);
  if (!ended) return;
  for (const std::string& id : ended.mapped()) {
    Entry* const entry = find(id);
    if (entry == nullptr) continue;
    entry->offsets.end_transaction(open.first, committed);
    drop_if_unused(id);
  }
}

void GroupCoordinator::locate(std::string group, io::Completion<Result<commit::PartitionId>> done) {
  run([this, group = std::move(group), done = std::move(done)]() mutable {
    if (ready() != ProtocolError::kNone) {
      return done(Error(ErrorCode::kUnavailable, "the groups are not loaded"));
    }
    store_.locate(group, [self = shared_from_this(), done = std::move(done)](
                             Result<commit::PartitionId> at) mutable { done(std::move(at)); });
  });
}

void GroupCoordinator::end_transaction(int64_t producer, commit::PartitionId partition,
                                       bool committed, io::Wake done) {
  run([this, producer, partition, committed, done = std::move(done)]() mutable {
    // While the topic is read the marker is met there.
    end_open({producer, partition.index}, committed);
    done();
  });
}

// ---- Reading ----------------------------------------------------------------------------------

bool GroupCoordinator::current(const GroupOffsets::Partition& partition,
                               const OffsetValue& value) const {
  const KnownTopicPtr topic = parts_.topics.find(partition.first);
  return topic != nullptr && (value.topic_id.empty() || value.topic_id == topic->id);
}

FetchedOffsets GroupCoordinator::fetched(const FetchAttempt& attempt) {
  FetchedOffsets fetched;
  fetched.error = ready();
  if (fetched.error != ProtocolError::kNone) return fetched;
  const Entry* const entry = find(attempt.group);
  std::vector<GroupOffsets::Partition> partitions;
  if (attempt.partitions) {
    partitions = *attempt.partitions;
  } else if (entry != nullptr) {
    partitions = entry->offsets.all();
  }
  for (GroupOffsets::Partition& partition : partitions) {
    const CommittedOffset* offset = entry == nullptr ? nullptr : entry->offsets.find(partition);
    const bool unstable =
        attempt.only_stable && entry != nullptr && entry->offsets.pending(partition);
    const bool known = offset != nullptr && current(partition, offset->value);
    if (!attempt.partitions && !known && !unstable) continue;
    FetchedOffset& to = fetched.offsets.emplace_back();
    to.partition = std::move(partition);
    if (unstable) {
      to.error = ProtocolError::kUnstableOffsetCommit;
    } else if (known) {
      to.value = offset->value;
    }
  }
  return fetched;
}

void GroupCoordinator::fetch_offsets(std::vector<FetchAttempt> attempts,
                                     io::Completion<std::vector<FetchedOffsets>> done) {
  run([this, attempts = std::move(attempts), done = std::move(done)]() mutable {
    std::vector<FetchedOffsets> all;
    for (const FetchAttempt& attempt : attempts) all.push_back(fetched(attempt));
    done(std::move(all));
  });
}

// ---- Forgetting -------------------------------------------------------------------------------

void GroupCoordinator::forget(Entry& entry, std::vector<GroupOffsets::Partition> partitions,
                              bool group, io::Completion<ProtocolError> done) {
  const std::string& id = entry.group.id();
  std::vector<GroupRecord> records;
  for (const auto& [topic, partition] : partitions) {
    records.push_back({encode_key(OffsetKey{id, topic, partition}), std::nullopt});
  }
  if (group) records.push_back({encode_key(GroupKey{id}), std::nullopt});
  if (records.empty()) return done(ProtocolError::kNone);
  ++entry.writes;
  store_.append(id, std::move(records), std::nullopt,
                [self = shared_from_this(), id, group, partitions = std::move(partitions),
                 done = std::move(done)](Result<StoredAt> stored) mutable {
                  --self->find(id)->writes;
                  if (!stored) return done(error_of_commit(stored.error(), false));
                  self->forgotten(id, partitions);
                  if (group) self->drop_if_over(id);
                  done(ProtocolError::kNone);
                });
}

void GroupCoordinator::forgotten(const std::string& id,
                                 const std::vector<GroupOffsets::Partition>& partitions) {
  GroupOffsets& offsets = find(id)->offsets;
  for (const GroupOffsets::Partition& partition : partitions) offsets.remove(partition);
}

void GroupCoordinator::remove_offsets(std::string group,
                                      std::vector<GroupOffsets::Partition> partitions,
                                      io::Completion<GroupErrors> done) {
  run([this, group = std::move(group), partitions = std::move(partitions),
       done = std::move(done)]() mutable {
    GroupErrors errors;
    errors.error = ready();
    Entry* const entry = find(group);
    if (errors.error == ProtocolError::kNone && entry == nullptr) {
      errors.error = ProtocolError::kGroupIdNotFound;
    }
    if (errors.error != ProtocolError::kNone) return done(std::move(errors));
    const Group& members = entry->group;
    const bool empty = members.state() == GroupState::kEmpty;
    if (!empty && !members.of_consumers()) {
      errors.error = ProtocolError::kNonEmptyGroup;
      return done(std::move(errors));
    }
    std::vector<GroupOffsets::Partition> gone;
    for (GroupOffsets::Partition& partition : partitions) {
      const bool subscribed =
          !empty && (!members.subscribed() ||
                     std::ranges::binary_search(*members.subscribed(), partition.first));
      errors.each.push_back(subscribed ? ProtocolError::kGroupSubscribedToTopic
                                       : ProtocolError::kNone);
      const bool there =
          entry->offsets.find(partition) != nullptr || entry->offsets.pending(partition);
      if (!subscribed && there) gone.push_back(std::move(partition));
    }
    forget(*entry, std::move(gone), false,
           [errors = std::move(errors), done = std::move(done)](ProtocolError error) mutable {
             errors.error = error;
             done(std::move(errors));
           });
  });
}

// What retention takes, and what belongs to topics that are no more. Transactions keep theirs.
std::vector<GroupOffsets::Partition> GroupCoordinator::expired(const Entry& entry) const {
  const Group& group = entry.group;
  const int64_t now_ms = parts_.clock.wall_us() / 1000;
  const bool empty = group.state() == GroupState::kEmpty;
  const bool aware = group.of_consumers() && group.state() == GroupState::kStable &&
                     group.subscribed().has_value();
  std::vector<GroupOffsets::Partition> over;
  for (const auto& [partition, offset] : entry.offsets.committed()) {
    if (entry.offsets.pending(partition)) continue;
    if (!current(partition, offset.value)) {
      over.push_back(partition);
      continue;
    }
    const bool unread = aware && !std::ranges::binary_search(*group.subscribed(), partition.first);
    if (!empty && !unread) continue;
    const bool since_empty = empty && !group.protocol_type().empty() && group.state_ms() >= 0;
    const int64_t since_ms = since_empty ? group.state_ms() : offset.value.commit_ms;
    const int64_t until_ms = offset.value.expire_ms >= 0 ? offset.value.expire_ms
                                                         : since_ms + options_.offsets_retention_ms;
    if (now_ms >= until_ms) over.push_back(partition);
  }
  return over;
}

void GroupCoordinator::collect_at(int64_t delay_ms) {
  parts_.executor.post_at(moment().now + delay_ms * io::kNsPerMs, [self = weak_from_this()] {
    if (const auto alive = self.lock()) alive->collect();
  });
}

void GroupCoordinator::collect() {
  if (stopped_) return;
  std::vector<std::string> ids;
  for (const auto& [id, entry] : groups_) {
    if (entry->writes == 0) ids.push_back(id);
  }
  size_t collected = 0;
  for (const std::string& id : ids) {
    Entry& entry = *find(id);
    auto over = expired(entry);
    const bool last = over.size() == entry.offsets.committed().size();
    const bool gone = entry.group.idle() && last && !entry.offsets.any_pending();
    if (over.empty() && !gone) continue;
    forget(entry, std::move(over), gone, [](ProtocolError) {});
    if (++collected == kCollectedMax) return collect_at(kCollectAgainMs);
  }
  collect_at(options_.offsets_check_ms);
}

}  // namespace millrace::broker
