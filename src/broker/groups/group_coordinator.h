#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/groups/group.h"
#include "broker/groups/group_offsets.h"
#include "broker/groups/group_store.h"
#include "broker/topics/topic_directory.h"

namespace millrace::broker {

// What clients ask of groups besides membership. Plain values.

struct OffsetToCommit {
  GroupOffsets::Partition partition;
  OffsetValue value;
};

struct CommitAttempt {
  std::string group;
  MemberName member;
  int32_t generation = -1;               // -1: who commits is no member
  std::optional<ProducerName> producer;  // of the transaction that this is part of
  kafka::ProtocolError if_unknown = kafka::ProtocolError::kIllegalGeneration;  // the group
  int64_t retention_ms = -1;            // of these offsets; -1: as the broker's options say
  std::vector<OffsetToCommit> offsets;  // a commit_ms of -1 becomes now
};

struct FetchAttempt {
  std::string group;
  std::optional<std::vector<GroupOffsets::Partition>> partitions;  // nullopt: all
  bool only_stable = false;  // what open transactions may change is kUnstableOffsetCommit
};

struct FetchedOffset {
  GroupOffsets::Partition partition;
  OffsetValue value;  // offset -1: nothing is committed
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
};

struct FetchedOffsets {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::vector<FetchedOffset> offsets;
};

// One answer for all, and one for each.
struct GroupErrors {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::vector<kafka::ProtocolError> each;
};

struct GroupView {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::string id;
  std::string state;
  std::string protocol_type;
  std::string protocol;
  struct MemberView {
    std::string id;
    std::optional<std::string> instance_id;
    std::string client_id;
    std::string client_host;
    Buffer metadata;
    Buffer assignment;
  };
  std::vector<MemberView> members;
};

struct GroupListing {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::vector<GroupView> groups;  // without their members, in order of ids
};

// What those who watch the broker see of a group.
struct GroupStatus {
  std::string id;
  std::string_view state;
  size_t members = 0;
  std::vector<std::pair<GroupOffsets::Partition, int64_t>> offsets;  // committed
};

// GroupCoordinator: all groups of the broker, kept in the offsets topic, driven by the clock.
//
// Threading:  calls from any thread; confined to its executor, which completions run on.
// Ownership:  what it is made with outlives it. Requests that wait keep nothing alive: they are
//             dropped when it goes.
// Order:      start, then calls; stop before the log or the executor goes: when it is done the log
//             owes nothing and is not touched again; calls are answered kCoordinatorNotAvailable.
// Failure:    in the answers: kCoordinatorLoadInProgress until what is stored has been read,
//             kCoordinatorNotAvailable where that failed (it is tried again) or a write did.
class GroupCoordinator : public std::enable_shared_from_this<GroupCoordinator> {
 public:
  struct Parts {
    commit::CommitLog& log;
    const TopicDirectory& topics;
    io::Executor& executor;
    const io::Clock& clock;
    io::Random& random;
    // What could not be read when it started; may be empty.
    std::function<void(const Error&)> on_problem;
  };
  static std::shared_ptr<GroupCoordinator> start(Parts parts, GroupOptions options);
  // Use start.
  GroupCoordinator(Parts parts, GroupOptions options);

  const GroupOptions& options() const { return options_; }
  bool loaded() const { return loaded_; }
  void stop(io::Wake done);

  // ---- Members.
  void join(std::string group, JoinAttempt attempt, io::Completion<JoinAnswer> done);
  void sync(std::string group, SyncAttempt attempt, io::Completion<SyncAnswer> done);
  void heartbeat(std::string group, MemberName member, int32_t generation,
                 io::Completion<kafka::ProtocolError> done);
  void leave(std::string group, std::vector<MemberName> members, io::Completion<GroupErrors> done);

  // ---- Offsets. A commit is answered when it is durable.
  void commit_offsets(CommitAttempt attempt, io::Completion<kafka::ProtocolError> done);
  void fetch_offsets(std::vector<FetchAttempt> attempts,
                     io::Completion<std::vector<FetchedOffsets>> done);
  void remove_offsets(std::string group, std::vector<GroupOffsets::Partition> partitions,
                      io::Completion<GroupErrors> done);

  // ---- Transactions. A commit with a producer is held back until its transaction ends:
  // 1. locate says which partition becomes part of the transaction (AddOffsetsToTxn);
  // 2. commit_offsets, as often as wanted (TxnOffsetCommit);
  // 3. the end of the transaction puts a marker there; when it is durable, end_transaction. After a
  //    restart the markers that are found in the partition do the same.
  void locate(std::string group, io::Completion<Result<commit::PartitionId>> done);
  void end_transaction(int64_t producer, commit::PartitionId partition, bool committed,
                       io::Wake done);

  // ---- For administrators.
  void describe(std::vector<std::string> groups, io::Completion<std::vector<GroupView>> done);
  void list(io::Completion<GroupListing> done);
  // In order of ids; none until what is stored has been read.
  void status(io::Completion<std::vector<GroupStatus>> done);
  void remove(std::vector<std::string> groups,
              io::Completion<std::vector<kafka::ProtocolError>> done);

 private:
  struct Entry {
    Entry(std::string id, const GroupOptions& options) : group(std::move(id), options) {}
    Group group;
    GroupOffsets offsets;
    uint32_t writes = 0;               // on their way to the log
    io::MonotonicTime armed = kNever;  // its place among the deadlines
  };
  using Open = std::pair<int64_t, uint32_t>;  // a transaction's producer, a partition

  template <class Call>
  void run(Call call) {
    parts_.executor.post([self = weak_from_this(), call = std::move(call)]() mutable {
      if (const auto alive = self.lock()) call();
    });
  }
  kafka::ProtocolError ready() const;
  Moment moment() const;
  Entry* find(std::string_view id);
  // nullptr: there are too many groups.
  Entry* find_or_make(const std::string& id);
  void drop_if_unused(const std::string& id);
  // Whose records are gone.
  void drop_if_over(const std::string& id);
  std::string unique_text();

  // What came of a call to a group.
  void apply(Entry& entry, GroupEffects effects);
  void write(Entry& entry, GroupWrite write);
  void written(const std::string& id, GroupWrite write, kafka::ProtocolError error);
  void answer(Ticket ticket, JoinAnswer answer);
  void answer(Ticket ticket, SyncAnswer answer);

  void arm(Entry& entry);
  void arm_timer();
  void wake(io::MonotonicTime at);

  void load();
  Result<void> take(const FoundRecord& record);
  void take(const FoundMarker& marker);
  void load_ended(Result<void> result);

  void committed(const CommitAttempt& attempt, const StoredAt& at);
  void pend(const std::string& group, int64_t producer, uint32_t partition,
            GroupOffsets::Partition of, CommittedOffset offset);
  void end_open(Open open, bool committed);
  FetchedOffsets fetched(const FetchAttempt& attempt);
  bool current(const GroupOffsets::Partition& partition, const OffsetValue& value) const;
  // Makes these offsets, and the group itself, be gone; `done` when that is durable.
  void forget(Entry& entry, std::vector<GroupOffsets::Partition> partitions, bool group,
              io::Completion<kafka::ProtocolError> done);
  void forgotten(const std::string& id, const std::vector<GroupOffsets::Partition>& partitions);
  std::vector<GroupOffsets::Partition> expired(const Entry& entry) const;
  void collect_at(int64_t delay_ms);
  void collect();
  GroupView view(std::string_view id);

  const Parts parts_;
  const GroupOptions options_;
  GroupStore store_;
  std::atomic<bool> loaded_{false};
  bool failed_ = false;  // to load
  bool stopped_ = false;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> groups_;
  std::map<std::string, StoredGroup> found_;    // while loading
  std::map<Open, std::set<std::string>> open_;  // which groups transactions hold offsets of
  std::map<Ticket, io::Completion<JoinAnswer>> joins_;
  std::map<Ticket, io::Completion<SyncAnswer>> syncs_;
  Ticket last_ticket_;
  std::set<std::pair<io::MonotonicTime, std::string>> deadlines_;
  io::MonotonicTime timer_at_ = kNever;
};

}  // namespace millrace::broker
