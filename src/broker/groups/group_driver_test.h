#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/endian.h"
#include "broker/groups/group_coordinator.h"
#include "kafka/wire/writer.h"
#include "log/log_driver.h"

namespace millrace::broker {

// What an asynchronous call came to, as soon as it did.
template <class T>
using Later = std::shared_ptr<std::optional<T>>;

// "range", with a subscription to these topics, as consumers write it.
inline MemberProtocol consumer_protocol(const std::vector<std::string>& topics,
                                        std::string name = "range") {
  kafka::Writer writer(false);
  writer.number<int16_t>(1);
  writer.array(topics, [&](const std::string& topic) { writer.string(topic); });
  writer.nullable_bytes(std::nullopt);
  std::string text;
  for (const Buffer& part : writer.finish(false)) text += part.view();
  return {std::move(name), Buffer::copy_of(text)};
}

// As a consumer of topic "t" in JoinGroup v9.
inline JoinAttempt attempt_of(std::string member_id) {
  JoinAttempt attempt;
  attempt.member.id = std::move(member_id);
  attempt.client_id = "client";
  attempt.client_host = "10.0.0.7";
  attempt.protocol_type = "consumer";
  attempt.protocols.push_back(consumer_protocol({"t"}));
  attempt.session_timeout_ms = 10'000;
  attempt.rebalance_timeout_ms = 60'000;
  attempt.returns_with_id = true;
  attempt.skips_assignment = true;
  return attempt;
}

inline SyncAttempt sync_of(const JoinAnswer& joined,
                           std::vector<std::pair<std::string, std::string>> assignments = {}) {
  SyncAttempt attempt;
  attempt.member.id = joined.member_id;
  attempt.generation = joined.generation;
  attempt.protocol_type = joined.protocol_type;
  attempt.protocol = joined.protocol;
  for (auto& [member, bytes] : assignments) {
    attempt.assignments.emplace_back(member, Buffer::copy_of(bytes));
  }
  return attempt;
}

inline OffsetToCommit offset_of(std::string topic, int32_t partition, int64_t offset,
                                std::string metadata = "") {
  return {.partition = {std::move(topic), partition},
          .value = {.offset = offset, .leader_epoch = 7, .metadata = std::move(metadata)}};
}

// Members that come within three seconds are in the first generation together.
inline GroupOptions with_delay() {
  GroupOptions options;
  options.initial_rebalance_delay_ms = 3'000;
  return options;
}

// A coordinator over a simulated log, with its calls made blocking or watched; for tests only.
class GroupDriver {
 public:
  explicit GroupDriver(uint64_t seed = 1, GroupOptions options = with_delay())
      : world_({.seed = seed}), options_(options) {
    options_.groups_max = 1'000;
    start();
  }
  ~GroupDriver() { end(); }

  void start() {
    log_ = std::make_unique<log::LogDriver>(world_.world());
    ASSERT_TRUE(log_->is_open()) << log_->open_error()->to_string();
    executor_ = world_.threads().start({.name = "groups", .nice = 0});
    log_->make_partition("t", 0, 8);
    log_->make_partition("u", 0, 2);
    topics_ = std::make_unique<TopicDirectory>(log_->log(), kafka::Uuid());
    groups_ = GroupCoordinator::start({.log = log_->log(),
                                       .topics = *topics_,
                                       .executor = *executor_,
                                       .clock = world_.clock(),
                                       .random = world_.random(),
                                       .on_problem = [this](const Error& e) { problem_ = e; }},
                                      options_);
  }
  // As a process that is killed: what waits is dropped.
  void end() {
    groups_.reset();
    log_.reset();
    executor_.reset();
    topics_.reset();
  }
  void restart() {
    end();
    start();
    until_loaded();
  }
  void crash(io::CrashMode mode) {
    if (!world_.files().crashed()) world_.files().crash(mode);
    end();
    world_.files().recover();
    start();
    until_loaded();
  }
  void until_loaded() {
    for (int i = 0; i < 1'000 && !groups_->loaded(); ++i) run_ms(1);
    ASSERT_TRUE(groups_->loaded());
  }

  io::SimulatedWorld& world() { return world_; }
  log::LogDriver& log() { return *log_; }
  GroupCoordinator& groups() { return *groups_; }
  TopicDirectory& topics() { return *topics_; }
  const std::optional<Error>& problem() const { return problem_; }
  void run_ms(int64_t ms) { world_.threads().run_for(ms * io::kNsPerMs); }

  template <class T>
  static io::Completion<T> into(const Later<T>& later) {
    return [later](T value) { later->emplace(std::move(value)); };
  }
  template <class T>
  static Later<T> later() {
    return std::make_shared<std::optional<T>>();
  }
  // What the call came to; time goes on until then.
  template <class T>
  T wait(const Later<T>& later) {
    for (int i = 0; i < 1'000'000 && !later->has_value(); ++i) run_ms(1);
    EXPECT_TRUE(later->has_value()) << "nobody answers";
    return later->has_value() ? **later : T();
  }

  Later<JoinAnswer> start_join(JoinAttempt attempt, const std::string& group = "g") {
    auto answer = later<JoinAnswer>();
    groups_->join(group, std::move(attempt), into(answer));
    return answer;
  }
  JoinAnswer join(JoinAttempt attempt, const std::string& group = "g") {
    return wait(start_join(std::move(attempt), group));
  }
  // Asks for an id and joins with it.
  Later<JoinAnswer> start_join_anew(JoinAttempt attempt = attempt_of(""),
                                    const std::string& group = "g") {
    const JoinAnswer told = join(attempt, group);
    EXPECT_EQ(told.error, kafka::ProtocolError::kMemberIdRequired);
    attempt.member.id = told.member_id;
    return start_join(std::move(attempt), group);
  }
  JoinAnswer join_anew(JoinAttempt attempt = attempt_of(""), const std::string& group = "g") {
    return wait(start_join_anew(std::move(attempt), group));
  }
  Later<SyncAnswer> start_sync(SyncAttempt attempt, const std::string& group = "g") {
    auto answer = later<SyncAnswer>();
    groups_->sync(group, std::move(attempt), into(answer));
    return answer;
  }
  SyncAnswer sync(SyncAttempt attempt, const std::string& group = "g") {
    return wait(start_sync(std::move(attempt), group));
  }
  kafka::ProtocolError heartbeat(const JoinAnswer& joined, const std::string& group = "g") {
    return heartbeat({joined.member_id, std::nullopt}, joined.generation, group);
  }
  kafka::ProtocolError heartbeat(MemberName member, int32_t generation,
                                 const std::string& group = "g") {
    auto answer = later<kafka::ProtocolError>();
    groups_->heartbeat(group, std::move(member), generation, into(answer));
    return wait(answer);
  }
  GroupErrors leave(std::vector<MemberName> members, const std::string& group = "g") {
    auto answer = later<GroupErrors>();
    groups_->leave(group, std::move(members), into(answer));
    return wait(answer);
  }
  kafka::ProtocolError commit(CommitAttempt attempt) {
    auto answer = later<kafka::ProtocolError>();
    groups_->commit_offsets(std::move(attempt), into(answer));
    return wait(answer);
  }
  kafka::ProtocolError commit(const std::string& group, std::vector<OffsetToCommit> offsets) {
    CommitAttempt attempt;
    attempt.group = group;
    attempt.offsets = std::move(offsets);
    return commit(std::move(attempt));
  }
  FetchedOffsets fetch(FetchAttempt attempt) {
    auto answer = later<std::vector<FetchedOffsets>>();
    groups_->fetch_offsets({std::move(attempt)}, into(answer));
    return wait(answer).at(0);
  }
  // "t-0@5 " of all that are committed.
  std::string offsets(const std::string& group) {
    std::string text;
    for (const FetchedOffset& found : fetch({.group = group}).offsets) {
      text += found.partition.first + "-" + std::to_string(found.partition.second) + "@" +
              std::to_string(found.value.offset) + " ";
    }
    return text;
  }
  GroupView view(const std::string& group = "g") {
    auto answer = later<std::vector<GroupView>>();
    groups_->describe({group}, into(answer));
    return wait(answer).at(0);
  }
  std::string state(const std::string& group = "g") { return view(group).state; }
  kafka::ProtocolError remove(const std::string& group) {
    auto answer = later<std::vector<kafka::ProtocolError>>();
    groups_->remove({group}, into(answer));
    return wait(answer).at(0);
  }
  GroupErrors remove_offsets(const std::string& group,
                             std::vector<GroupOffsets::Partition> partitions) {
    auto answer = later<GroupErrors>();
    groups_->remove_offsets(group, std::move(partitions), into(answer));
    return wait(answer);
  }

  // Puts the marker that ends a transaction where the group's records stand.
  commit::PartitionId write_marker(const std::string& group, ProducerName producer,
                                   bool committed) {
    auto where = later<Result<commit::PartitionId>>();
    groups_->locate(group, [where](Result<commit::PartitionId> at) { *where = std::move(at); });
    while (!where->has_value()) run_ms(1);
    const commit::PartitionId at = ***where;
    record::BatchBuilder builder({.producer_id = producer.id,
                                  .producer_epoch = producer.epoch,
                                  .transactional = true,
                                  .control = true});
    char key[4];
    store_be<int16_t>(key, 0);
    store_be<int16_t>(key + 2, committed ? 1 : 0);
    char value[6] = {};
    EXPECT_TRUE(builder
                    .append({.timestamp_ms = 1,
                             .key = std::string_view(key, sizeof(key)),
                             .value = std::string_view(value, sizeof(value))})
                    .has_value());
    EXPECT_TRUE(log_->append(at, *commit::RecordBatch::of(builder.build())).has_value());
    return at;
  }
  void end_transaction(const std::string& group, ProducerName producer, bool committed) {
    const commit::PartitionId at = write_marker(group, producer, committed);
    auto done = later<bool>();
    groups_->end_transaction(producer.id, at, committed, [done] { *done = true; });
    wait(done);
  }
  // How many records of the offsets topic have no value, and how many there are.
  std::pair<int, int> tombstones();

 private:
  io::SimulatedWorld world_;
  GroupOptions options_;
  std::unique_ptr<log::LogDriver> log_;
  std::unique_ptr<io::Executor> executor_;
  std::unique_ptr<TopicDirectory> topics_;
  std::shared_ptr<GroupCoordinator> groups_;
  std::optional<Error> problem_;
};

inline std::pair<int, int> GroupDriver::tombstones() {
  const auto topic = topics_->find(kGroupTopic);
  std::pair<int, int> counts;
  if (topic == nullptr) return counts;
  for (uint32_t index = 0; index < topic->topic.partitions; ++index) {
    const auto data = log_->read({{.partition = {topic->topic.id, index}}});
    for (const Buffer& piece : data->front().batches) {
      for (size_t at = 0; at < piece.bytes();) {
        const auto batch = *record::BatchView::read(piece.slice(at, piece.bytes() - at));
        at += batch.bytes();
        record::Decompressor decompressor;
        auto records = batch.records(decompressor);
        record::Record found;
        while (*records->next(found)) {
          ++counts.second;
          counts.first += found.value ? 0 : 1;
        }
      }
    }
  }
  return counts;
}

}  // namespace millrace::broker
