// Random histories of everything that clients do through the Kafka door at once: producers
// (idempotent, and transactional of both forms), members of a group, an administrator; while the
// machine loses power, syncs fail or take long, the disk is full, connections are cut or fall
// silent. Each run is told by one seed, which is the test's name. Those of "Long" are part of a
// full run of the tests.

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

#include "broker/door_actors_test.h"
#include "kafka/messages/api_list.h"

namespace millrace::broker {
namespace {

constexpr io::CrashMode kModes[] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                    io::CrashMode::kTear};
constexpr uint64_t kDiskBytes = uint64_t{1} << 40;

class DoorHistory {
 public:
  explicit DoorHistory(uint64_t seed)
      : random_(seed), world_(seed, {{"group.initial.rebalance.delay.ms", "100"}}) {
    make_topic();
    const DoorForm forms[] = {DoorForm::kIdempotent, DoorForm::kFirst, DoorForm::kSecond,
                              DoorForm::kSecond};
    for (int index = 0; index < 4; ++index) {
      producers_.push_back(
          std::make_unique<DoorProducer>(world_, index, forms[index], seed * 100 + index));
      actors_.push_back(producers_.back().get());
    }
    for (int index = 0; index < 2; ++index) {
      consumers_.push_back(std::make_unique<DoorConsumer>(world_, "reader-" + std::to_string(index),
                                                          told_, seed * 100 + 50 + index));
      actors_.push_back(consumers_.back().get());
    }
    admin_ = std::make_unique<DoorAdmin>(world_, seed * 100 + 90);
    actors_.push_back(admin_.get());
  }

  void run(int events) {
    for (int event = 0; event < events && !testing::Test::HasFailure(); ++event) {
      disturb();
      live(static_cast<int64_t>(random_() % 4'000));
    }
    calm();
    check();
    // Once more, from what the disk has.
    world_.end();
    world_.start();
    check();
    EXPECT_GT(told_.generation, 0);
  }
  size_t committed() const { return committed_; }

 private:
  void make_topic() {
    kafka::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = kDoorTopic;
    topic.num_partitions = kDoorPartitions;
    topic.replication_factor = 1;
    const auto made = ask_door<kafka::CreateTopicsResponse>(world_, world_.connect(), request, 5);
    ASSERT_TRUE(made.has_value());
    ASSERT_EQ(made->topics.at(0).error_code, 0);
  }

  void disturb() {
    auto& files = world_.world().files();
    auto& network = world_.world().network();
    switch (random_() % 10) {
      case 0:
        return restart(true);
      case 1:
        return restart(false);
      case 2:
        return network.cut(9092);
      case 3:
        network.stall(9092);
        live(static_cast<int64_t>(random_() % 6'000));
        return network.heal(9092);
      case 4:
        return files.inject({.call = io::FileCall::kSync,
                             .nth = 1 + random_() % 20,
                             .effect = io::FaultEffect::kFail});
      case 5:
        return files.inject({.call = io::FileCall::kSync,
                             .nth = 1 + random_() % 10,
                             .effect = io::FaultEffect::kSlow,
                             .slow_ns = static_cast<int64_t>(random_() % 3'000) * io::kNsPerMs});
      case 6:
        files.limit_disk(random_() % (4 << 20));
        live(static_cast<int64_t>(random_() % 5'000));
        return files.limit_disk(kDiskBytes);
      default:
        return files.inject({.nth = 1 + random_() % 300,
                             .effect = io::FaultEffect::kCrash,
                             .crash = kModes[random_() % 3]});
    }
  }
  void restart(bool crash) {
    world_.world().files().clear_faults();
    world_.world().files().limit_disk(kDiskBytes);
    if (crash || world_.world().files().crashed()) return world_.crash(kModes[random_() % 3]);
    world_.end();
    if (world_.world().files().crashed()) world_.world().files().recover();
    world_.start();
  }
  void live(int64_t ms) {
    for (int64_t end = now_ms_ + ms; now_ms_ < end; now_ms_ += 20) {
      world_.run_ms(20);
      if (world_.down()) restart(false);
      for (DoorActor* actor : actors_) actor->step(now_ms_);
    }
  }
  // Nothing disturbs them any more; some have left in the midst of something.
  void calm() {
    world_.world().files().clear_faults();
    world_.world().network().clear_faults();
    std::erase(actors_, producers_.back().get());
    for (DoorActor* actor : actors_) actor->rest();
    live(90'000);
    for (const DoorActor* actor : actors_) {
      EXPECT_TRUE(actor->resting()) << actor->name() << " waits for ever";
    }
  }

  template <class Response, class Request>
  Response ask(const Request& request, int16_t version) {
    if (checker_ == nullptr || checker_->ended) checker_ = world_.connect();
    const auto response = ask_door<Response>(world_, checker_, request, version);
    EXPECT_TRUE(response.has_value()) << Request::kName;
    return response ? *response : Response();
  }

  std::vector<std::string> committed_values(int partition) {
    std::vector<std::string> found;
    for (int64_t next = 0;;) {
      kafka::FetchRequest request;
      request.isolation_level = 1;
      auto& topic = request.topics.emplace_back();
      topic.name = kDoorTopic;
      auto& from = topic.partitions.emplace_back();
      from.index = partition;
      from.fetch_offset = next;
      from.partition_max_bytes = 1 << 20;
      const DoorRead read = read_partition(ask<kafka::FetchResponse>(request, 11), next);
      EXPECT_EQ(read.stable, read.end) << "a transaction is open for ever";
      found.insert(found.end(), read.values.begin(), read.values.end());
      if (read.next == next) return found;
      next = read.next;
    }
  }
  std::map<int, int64_t> offsets_of(const std::string& group) {
    kafka::OffsetFetchRequest request;
    request.group = group;
    request.topics.emplace().push_back({.name = kDoorTopic, .partitions = {0, 1, 2}});
    request.require_stable = true;
    std::map<int, int64_t> offsets;
    const auto response = ask<kafka::OffsetFetchResponse>(request, 7);
    if (response.topics.empty()) return offsets;
    for (const auto& partition : response.topics[0].partitions) {
      EXPECT_EQ(partition.error_code, 0) << "offsets are pending for ever";
      offsets[partition.index] = partition.offset;
    }
    return offsets;
  }

  void check() {
    std::set<std::string> seen;
    std::set<std::pair<int, int>> visible;  // producer, transaction
    for (int index = 0; index < kDoorPartitions; ++index) {
      std::map<int, std::pair<int, int>> last;  // by producer: transaction, record
      for (const std::string& value : committed_values(index)) {
        EXPECT_TRUE(seen.insert(value).second) << value << " is there twice";
        int producer = 0;
        int transaction = 0;
        int record = 0;
        ASSERT_EQ(std::sscanf(value.c_str(), "%d/%d/%d", &producer, &transaction, &record), 3);
        const std::pair place{transaction, record};
        EXPECT_LT(last[producer], place) << value << " is out of order";
        last[producer] = place;
        visible.emplace(producer, transaction);
      }
    }
    for (const auto& producer : producers_) check_producer(*producer, seen, visible);
    for (const std::string& value : told_.consumed) {
      EXPECT_TRUE(seen.contains(value)) << value << " was read and is not committed";
    }
    check_group();
    check_topics();
  }
  void check_producer(const DoorProducer& producer, const std::set<std::string>& seen,
                      const std::set<std::pair<int, int>>& visible) {
    const bool left = &producer == producers_.back().get();
    int64_t offset = -1;
    for (const auto& [number, told] : producer.transactions()) {
      const bool there = visible.contains({producer.number(), number});
      if (there && told.offset) offset = number;
      // Of one that left, the last may have ended in any way.
      if (left && number == producer.transactions().rbegin()->first) continue;
      if (told.outcome == DoorOutcome::kAborted) {
        EXPECT_FALSE(there) << producer.name() << " aborted " << number;
      }
      if (told.outcome != DoorOutcome::kCommitted && !there) continue;
      ++committed_;
      for (const std::string& value : told.records) {
        EXPECT_TRUE(seen.contains(value)) << value << " is lost";
      }
    }
    if (producer.form() == DoorForm::kIdempotent) return;
    EXPECT_EQ(offsets_of(producer.group())[0], offset) << producer.name();
  }
  void check_group() {
    auto offsets = offsets_of("readers");
    for (const auto& [partition, least] : told_.acknowledged) {
      EXPECT_GE(offsets[partition], least) << "partition " << partition;
      EXPECT_LE(offsets[partition], told_.sent[partition]) << "partition " << partition;
    }
  }
  void check_topics() {
    for (const auto& [name, retention] : admin_->topics()) {
      kafka::DescribeConfigsRequest request;
      auto& resource = request.resources.emplace_back();
      resource.resource_type = 2;
      resource.resource_name = name;
      resource.config_names.emplace().emplace_back("retention.ms");
      const auto response = ask<kafka::DescribeConfigsResponse>(request, 1);
      ASSERT_EQ(response.resources.size(), 1U);
      const auto& answer = response.resources[0];
      ASSERT_EQ(answer.error_code == 0, retention.has_value()) << name;
      if (!retention) continue;
      EXPECT_EQ(answer.configs.at(0).value, retention) << name;
    }
  }

  std::mt19937_64 random_;
  DoorWorld world_;
  DoorGroupTold told_;
  std::vector<std::unique_ptr<DoorProducer>> producers_;
  std::vector<std::unique_ptr<DoorConsumer>> consumers_;
  std::unique_ptr<DoorAdmin> admin_;
  std::vector<DoorActor*> actors_;
  DoorLinkPtr checker_;
  int64_t now_ms_ = 0;
  size_t committed_ = 0;
};

class DoorHistories : public testing::TestWithParam<int> {};

TEST_P(DoorHistories, WhatIsAcknowledgedIsThereOnceWholeAndInOrder) {
  DoorHistory history(static_cast<uint64_t>(GetParam()));
  history.run(30);
  EXPECT_GT(history.committed(), 0U);
}

std::string seed_of(const testing::TestParamInfo<int>& seed) {
  return "Seed" + std::to_string(seed.param);
}
INSTANTIATE_TEST_SUITE_P(Short, DoorHistories, testing::Range(1, 7), seed_of);
INSTANTIATE_TEST_SUITE_P(Long, DoorHistories, testing::Range(7, 301), seed_of);

}  // namespace
}  // namespace millrace::broker
