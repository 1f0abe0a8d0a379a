#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>

#include "broker/door_world_test.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

inline constexpr int kDoorPartitions = 3;
inline constexpr const char* kDoorTopic = "out";

// DoorActor: a client with one request at a time over the door; for tests only. Where no answer
// comes, the connection is given up, and the actor is told.
class DoorActor {
 public:
  DoorActor(DoorWorld& world, std::string name, uint64_t seed)
      : random_(seed), name_(std::move(name)), world_(world) {}
  virtual ~DoorActor() = default;

  void step(int64_t now_ms) {
    now_ms_ = now_ms;
    if (take_ == nullptr) {
      if (now_ms >= wake_ms_) next();
      return;
    }
    if (!link_->frames.empty()) {
      const std::string frame = std::move(link_->frames.front());
      link_->frames.pop_front();
      return std::exchange(take_, nullptr)(&frame);
    }
    if (!link_->ended && now_ms - sent_ms_ < 4'000) return;
    world_.close(std::exchange(link_, nullptr));
    std::exchange(take_, nullptr)(nullptr);
  }
  // Finishes what it is at, and begins nothing new.
  void rest() { resting_ = true; }
  bool resting() const { return resting_ && take_ == nullptr && idle(); }
  const std::string& name() const { return name_; }

 protected:
  virtual void next() = 0;
  virtual bool idle() const = 0;

  // `take` gets nullptr where no answer came.
  template <class Response, class Request>
  void ask(const Request& request, int16_t version, std::function<void(const Response*)> take) {
    if (link_ == nullptr || link_->ended) link_ = world_.connect();
    sent_ms_ = now_ms_;
    const int32_t correlation = ++correlation_;
    world_.send(link_, frame_of(request, version, correlation, name_));
    take_ = [take = std::move(take), version, correlation](const std::string* frame) {
      if (frame == nullptr) return take(nullptr);
      EXPECT_EQ(load_be<int32_t>(frame->data()), correlation);
      const auto response = response_in<Response>(*frame, version);
      ASSERT_TRUE(response.has_value()) << response.error().to_string();
      take(&*response);
    };
  }
  void pause(int64_t ms) { wake_ms_ = now_ms_ + ms; }

  std::mt19937_64 random_;
  bool resting_ = false;

 private:
  const std::string name_;
  DoorWorld& world_;
  DoorLinkPtr link_;
  std::function<void(const std::string*)> take_;
  int32_t correlation_ = 0;
  int64_t now_ms_ = 0;
  int64_t sent_ms_ = 0;
  int64_t wake_ms_ = 0;
};

enum class DoorOutcome : uint8_t { kAborted, kCommitted, kUnknown };

struct DoorTransaction {
  DoorOutcome outcome = DoorOutcome::kAborted;
  std::vector<std::string> records;  // that were acknowledged, or may have been written
  bool offset = false;               // its number was committed for the producer's group
};

enum class DoorForm : uint8_t { kIdempotent, kFirst, kSecond };

// A producer: batches in a row, or in transactions of either form. After any trouble within a
// transaction it begins anew, which aborts what it had open.
class DoorProducer final : public DoorActor {
 public:
  DoorProducer(DoorWorld& world, int number, DoorForm form, uint64_t seed)
      : DoorActor(world, "producer-" + std::to_string(number), seed),
        number_(number),
        form_(form) {}

  const std::map<int, DoorTransaction>& transactions() const { return told_; }
  int number() const { return number_; }
  DoorForm form() const { return form_; }
  std::string group() const { return "of-" + name(); }

 protected:
  void next() override;
  bool idle() const override { return phase_ == Phase::kIdle; }

 private:
  enum class Phase : uint8_t { kInit, kIdle, kWriting, kEnding };
  struct Part {
    int partition = -1;  // -1: the offset
    std::vector<std::string> values;
  };
  bool plain() const { return form_ == DoorForm::kIdempotent; }
  int16_t version(int16_t first, int16_t second) const {
    return form_ == DoorForm::kSecond ? second : first;
  }
  void init();
  void begin();
  void write();
  void produce(const Part& part);
  void add(const Part& part);
  void commit_offset();
  void end();
  // What an error of a write means; true: it is done.
  bool written(const int16_t* code);
  void fail();
  void conclude(DoorOutcome outcome) { told_[transaction_].outcome = outcome; }

  const int number_;
  const DoorForm form_;
  Phase phase_ = Phase::kInit;
  int64_t producer_id_ = -1;
  int16_t epoch_ = -1;
  int transaction_ = 0;
  bool commits_ = false;
  bool end_sent_ = false;
  std::map<int, DoorTransaction> told_;
  std::deque<Part> parts_;
  std::set<int> added_;
  std::map<int, int32_t> sequences_;
};

// What the members of one group know together.
struct DoorGroupTold {
  std::map<int, int64_t> acknowledged;  // the largest committed offset, by partition
  std::map<int, int64_t> sent;
  std::set<std::string> consumed;
  int32_t generation = -1;  // the last that was assigned
};

// A member of a group that reads what is committed.
class DoorConsumer final : public DoorActor {
 public:
  DoorConsumer(DoorWorld& world, std::string name, DoorGroupTold& told, uint64_t seed)
      : DoorActor(world, std::move(name), seed), told_(told) {}

 protected:
  void next() override;
  bool idle() const override { return true; }

 private:
  enum class Phase : uint8_t { kJoin, kSync, kPositions, kRead, kCommit, kHeartbeat };
  void join();
  void sync();
  void read_positions();
  void read();
  void commit();
  void heartbeat();
  // Of an answer of the group; true: it goes on.
  bool belongs(const int16_t* code);
  void rejoin(bool anew);

  DoorGroupTold& told_;
  Phase phase_ = Phase::kJoin;
  std::string member_;
  int32_t generation_ = -1;
  bool leads_ = false;
  std::vector<std::string> members_;
  std::map<int, int64_t> positions_;
  std::set<int> moved_;
};

// Makes topics, changes their settings and clients' quotas, deletes topics.
class DoorAdmin final : public DoorActor {
 public:
  DoorAdmin(DoorWorld& world, uint64_t seed) : DoorActor(world, "admin", seed) {}

  // Topics whose state is known: their retention.ms; nullopt: deleted.
  const std::map<std::string, std::optional<std::string>>& topics() const { return topics_; }

 protected:
  void next() override;
  bool idle() const override { return true; }

 private:
  void create();
  void remove(const std::string& topic);
  void alter(const std::string& topic);
  void limit();

  int made_ = 0;
  std::map<std::string, std::optional<std::string>> topics_;
};

}  // namespace millrace::broker
