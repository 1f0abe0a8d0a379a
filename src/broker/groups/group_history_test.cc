// Random histories of members that join, sync, heartbeat, commit, die, restart, lose answers, while
// the broker crashes; each run told by one seed.

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "broker/groups/group_driver_test.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;

constexpr int kPartitions = 8;

// What must hold of all that members were told.
class Checker {
 public:
  void joined(const JoinAnswer& answer) {
    EXPECT_GE(answer.generation, newest_) << "a generation went back";
  }
  void assigned(int32_t generation, const std::string& member, const std::set<int>& partitions) {
    EXPECT_GE(generation, newest_) << "an old generation was assigned";
    newest_ = std::max(newest_, generation);
    auto& by_member = assigned_[generation];
    if (const auto [at, added] = by_member.emplace(member, partitions); !added) {
      EXPECT_EQ(at->second, partitions) << member << " was told two things";
      return;
    }
    for (const auto& [other, theirs] : by_member) {
      if (other == member) continue;
      for (const int partition : partitions) {
        EXPECT_FALSE(theirs.contains(partition))
            << partition << " belongs to " << member << " and " << other << " in " << generation;
      }
    }
  }
  void committed(int32_t generation, int partition, int64_t offset) {
    EXPECT_GE(generation, newest_) << "a zombie's commit";
    offsets_[partition] = offset;
    maybe_.erase(partition);
  }
  // It was not said whether it holds.
  void not_answered(int partition, int64_t offset) { maybe_[partition].insert(offset); }
  void found(const std::map<int, int64_t>& offsets) {
    for (int partition = 0; partition < kPartitions; ++partition) {
      const auto at = offsets.find(partition);
      const int64_t offset = at == offsets.end() ? -1 : at->second;
      const int64_t known = offsets_.contains(partition) ? offsets_[partition] : -1;
      EXPECT_TRUE(offset == known || maybe_[partition].contains(offset))
          << "partition " << partition << " is at " << offset << ", was committed at " << known;
      if (offset >= 0) offsets_[partition] = offset;
    }
    maybe_.clear();
  }

 private:
  int32_t newest_ = 0;
  std::map<int32_t, std::map<std::string, std::set<int>>> assigned_;
  std::map<int, int64_t> offsets_;
  std::map<int, std::set<int64_t>> maybe_;
};

// A consumer as clients are: one request at a time, heartbeats, and it knows what each error asks.
class Consumer {
 public:
  Consumer(std::string name, bool is_static, uint64_t seed)
      : name_(std::move(name)), static_(is_static), random_(seed) {}

  bool stable() const { return phase_ == Phase::kStable && !answer_pending(); }
  int32_t generation() const { return joined_.generation; }
  MemberName who() const {
    return {joined_.member_id, static_ ? std::optional(name_) : std::nullopt};
  }
  const std::set<int>& owned() const { return owned_; }

  // Its process is gone; a static one remembers its instance only.
  void die() {
    drop_requests();
    joined_ = {};
    owned_.clear();
    phase_ = Phase::kOut;
  }
  // The connection is cut: whatever was asked is asked again.
  void drop_requests() {
    join_.reset();
    sync_.reset();
    heartbeat_.reset();
    if (phase_ == Phase::kJoining) phase_ = Phase::kOut;
    if (phase_ == Phase::kSyncing) phase_ = Phase::kRejoin;
  }

  void step(GroupDriver& driver, Checker& checker, int64_t now_ms) {
    switch (phase_) {
      case Phase::kOut:
      case Phase::kRejoin:
        return start_join(driver, checker);
      case Phase::kJoining:
        if (join_->has_value()) take_join(driver, checker, **join_);
        return;
      case Phase::kSyncing:
        if (sync_->has_value()) take_sync(**sync_);
        return;
      case Phase::kStable:
        return beat(driver, now_ms);
    }
  }

 private:
  enum class Phase { kOut, kRejoin, kJoining, kSyncing, kStable };

  bool answer_pending() const { return heartbeat_ != nullptr; }
  void start_join(GroupDriver& driver, Checker& checker) {
    JoinAttempt attempt = attempt_of(joined_.member_id);
    attempt.member = who();
    attempt.client_id = name_;
    attempt.rebalance_timeout_ms = 20'000;
    if (random_() % 8 == 0) attempt.protocols[0] = consumer_protocol({"t", name_});
    attempt.skips_assignment = random_() % 2 == 0;
    join_ = GroupDriver::later<JoinAnswer>();
    driver.groups().join("g", std::move(attempt), [&checker, to = join_](JoinAnswer answer) {
      if (answer.error == ProtocolError::kNone) checker.joined(answer);
      to->emplace(std::move(answer));
    });
    phase_ = Phase::kJoining;
  }
  void take_join(GroupDriver& driver, Checker& checker, const JoinAnswer& answer) {
    if (answer.error == ProtocolError::kMemberIdRequired) {
      joined_.member_id = answer.member_id;
      return start_join(driver, checker);
    }
    if (answer.error != ProtocolError::kNone) return take_error(answer.error);
    joined_ = answer;
    SyncAttempt attempt;
    attempt.member = who();
    attempt.generation = joined_.generation;
    attempt.protocol = joined_.protocol;
    if (!answer.members.empty() && !answer.skip_assignment) share_out(answer, attempt);
    sync_ = GroupDriver::later<SyncAnswer>();
    // A static member is the same under each of its ids.
    driver.groups().sync("g", std::move(attempt),
                         [&checker, to = sync_, generation = joined_.generation,
                          who = static_ ? name_ : joined_.member_id](SyncAnswer answer) {
                           if (answer.error == ProtocolError::kNone) {
                             checker.assigned(generation, who, partitions_in(answer));
                           }
                           to->emplace(std::move(answer));
                         });
    phase_ = Phase::kSyncing;
  }
  static void share_out(const JoinAnswer& answer, SyncAttempt& attempt) {
    std::vector<std::string> texts(answer.members.size());
    for (int partition = 0; partition < kPartitions; ++partition) {
      texts[static_cast<size_t>(partition) % texts.size()] += static_cast<char>('0' + partition);
    }
    for (size_t i = 0; i < texts.size(); ++i) {
      attempt.assignments.emplace_back(answer.members[i].id, Buffer::copy_of(texts[i]));
    }
  }
  static std::set<int> partitions_in(const SyncAnswer& answer) {
    std::set<int> partitions;
    for (const char digit : answer.assignment.view()) partitions.insert(digit - '0');
    return partitions;
  }
  void take_sync(const SyncAnswer& answer) {
    if (answer.error != ProtocolError::kNone) return take_error(answer.error);
    owned_ = partitions_in(answer);
    phase_ = Phase::kStable;
  }
  void beat(GroupDriver& driver, int64_t now_ms) {
    if (heartbeat_ != nullptr) {
      if (!heartbeat_->has_value()) return;
      const ProtocolError error = **heartbeat_;
      heartbeat_.reset();
      if (error != ProtocolError::kNone) take_error(error);
      return;
    }
    if (now_ms < next_beat_ms_) return;
    next_beat_ms_ = now_ms + 1'000;
    heartbeat_ = GroupDriver::later<ProtocolError>();
    driver.groups().heartbeat("g", who(), joined_.generation, GroupDriver::into(heartbeat_));
  }
  void take_error(ProtocolError error) {
    switch (error) {
      case ProtocolError::kRebalanceInProgress:
      case ProtocolError::kIllegalGeneration:
        phase_ = Phase::kRejoin;
        return;
      case ProtocolError::kCoordinatorLoadInProgress:
      case ProtocolError::kCoordinatorNotAvailable:
        if (phase_ != Phase::kStable) phase_ = Phase::kRejoin;
        return;
      case ProtocolError::kUnknownMemberId:
      case ProtocolError::kFencedInstanceId:
        joined_.member_id.clear();
        owned_.clear();
        phase_ = Phase::kOut;
        return;
      default:
        FAIL() << name_ << " was told " << name_of(error);
    }
  }

  const std::string name_;
  const bool static_;
  std::mt19937_64 random_;
  Phase phase_ = Phase::kOut;
  JoinAnswer joined_;
  std::set<int> owned_;
  Later<JoinAnswer> join_;
  Later<SyncAnswer> sync_;
  Later<ProtocolError> heartbeat_;
  int64_t next_beat_ms_ = 0;
};

constexpr io::CrashMode kModes[] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                    io::CrashMode::kTear};

class History {
 public:
  explicit History(uint64_t seed) : random_(seed), driver_(seed, options(seed)) {
    driver_.until_loaded();
    const size_t count = 2 + random_() % 6;
    for (size_t i = 0; i < count; ++i) {
      consumers_.emplace_back(fmt::format("m{}", i), random_() % 3 == 0, random_());
    }
    silent_until_ms_.assign(count, 0);
  }

  void run(int events) {
    for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) {
      disturb();
      live(static_cast<int64_t>(random_() % 6'000));
    }
    calm();
  }

 private:
  static GroupOptions options(uint64_t seed) {
    GroupOptions options;
    options.initial_rebalance_delay_ms = seed % 2 == 0 ? 0 : 3'000;
    options.offsets_topic_partitions = 1 + seed % 3;
    return options;
  }
  size_t any() { return random_() % consumers_.size(); }

  void disturb() {
    const size_t who = any();
    switch (random_() % 8) {
      case 0:  // dead for a while, perhaps longer than its session
        consumers_[who].die();
        silent_until_ms_[who] = now_ms_ + static_cast<int64_t>(random_() % 25'000);
        return;
      case 1:  // silent, but thinks that it is alive
        silent_until_ms_[who] = now_ms_ + static_cast<int64_t>(random_() % 25'000);
        return;
      case 2:
        return consumers_[who].drop_requests();
      case 3:
        return crash();
      case 4:
      case 5:
        return commit(consumers_[who], consumers_[who].generation());
      case 6:  // what was sent long ago comes late
        return commit(consumers_[who], consumers_[who].generation() - 1);
      default:  // some time soon, in the midst of something
        driver_.world().files().inject({.nth = 1 + random_() % 200,
                                        .effect = io::FaultEffect::kCrash,
                                        .crash = kModes[random_() % 3]});
        return;
    }
  }
  void crash() {
    driver_.world().files().clear_faults();
    driver_.crash(kModes[random_() % 3]);
    for (Consumer& consumer : consumers_) consumer.drop_requests();
    check_offsets();
  }
  void commit(const Consumer& consumer, int32_t generation) {
    if (!consumer.stable() || consumer.owned().empty()) return;
    const int partition = *consumer.owned().begin();
    const int64_t offset = ++last_offset_;
    CommitAttempt attempt;
    attempt.group = "g";
    attempt.member = consumer.who();
    attempt.generation = generation;
    attempt.offsets.push_back(offset_of("t", partition, offset));
    const ProtocolError error = driver_.commit(std::move(attempt));
    if (error == ProtocolError::kNone) checker_.committed(generation, partition, offset);
    if (error == ProtocolError::kCoordinatorNotAvailable) checker_.not_answered(partition, offset);
  }
  void check_offsets() {
    std::map<int, int64_t> found;
    for (const FetchedOffset& offset : driver_.fetch({.group = "g"}).offsets) {
      found[offset.partition.second] = offset.value.offset;
    }
    checker_.found(found);
  }
  void live(int64_t ms) {
    for (int64_t end = now_ms_ + ms; now_ms_ < end; now_ms_ += 100) {
      driver_.run_ms(100);
      if (driver_.world().files().crashed()) crash();
      for (size_t i = 0; i < consumers_.size(); ++i) {
        if (now_ms_ >= silent_until_ms_[i]) consumers_[i].step(driver_, checker_, now_ms_);
      }
    }
  }
  // When nothing disturbs them any more all come together.
  void calm() {
    driver_.world().files().clear_faults();
    live(120'000);
    std::set<int> all;
    const int32_t generation = consumers_[0].generation();
    for (const Consumer& consumer : consumers_) {
      EXPECT_EQ(consumer.generation(), generation);
      all.insert(consumer.owned().begin(), consumer.owned().end());
    }
    EXPECT_EQ(all.size(), kPartitions);
    EXPECT_EQ(driver_.state(), "Stable");
    EXPECT_EQ(driver_.view().members.size(), consumers_.size());
    live(120'000);
    EXPECT_EQ(consumers_[0].generation(), generation) << "a rebalance without a reason";
    check_offsets();
  }

  std::mt19937_64 random_;
  GroupDriver driver_;
  Checker checker_;
  std::vector<Consumer> consumers_;
  std::vector<int64_t> silent_until_ms_;
  int64_t now_ms_ = 0;
  int64_t last_offset_ = 0;
};

TEST(GroupHistory, NoPartitionTwiceNoGenerationTwiceNobodyWaitsForEver) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    History(seed).run(60);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace millrace::broker
