#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "broker/handlers/group_offsets.h"
#include "broker/handlers/produce.h"
#include "broker/handlers/transaction_handlers.h"
#include "broker/identity_machine.h"
#include "kafka/message.h"
#include "log/log_driver.h"

namespace millrace::broker {

// What an asynchronous call came to, as soon as it did.
template <class T>
using Later = std::shared_ptr<std::optional<T>>;

// The handlers that producers need, over a simulated log that can crash; for tests only.
class TransactionNode {
 public:
  static constexpr int kPartitions = 3;  // of topic "out"
  static constexpr int64_t kCarriedMs = 100;

  explicit TransactionNode(uint64_t seed) : world_({.seed = seed}) { start(); }
  ~TransactionNode() { end(); }

  void crash(io::CrashMode mode) {
    if (!world_.files().crashed()) world_.files().crash(mode);
    end();
    world_.files().recover();
    start();
  }
  io::SimulatedWorld& world() { return world_; }
  log::LogDriver& log() { return *log_; }
  // What the coordinator knows of each id, once it has read what is stored.
  std::map<std::string, TransactionRecord> transactions() {
    std::optional<TransactionListing> found;
    while (!found || found->error != kafka::ProtocolError::kNone) {
      found.reset();
      coordinator_->describe({}, [&](TransactionListing listing) { found = std::move(listing); });
      while (!found) world_.threads().run_for(io::kNsPerMs);
    }
    std::map<std::string, TransactionRecord> by_id;
    for (TransactionView& view : found->transactions) by_id[view.id] = std::move(view.record);
    return by_id;
  }
  void run_ms(int64_t ms) { world_.threads().run_for(ms * io::kNsPerMs); }
  commit::PartitionId partition(int index) { return {out_.topic, static_cast<uint32_t>(index)}; }

  // Arrives after the delay, and behind what was sent over the connection before. The answer may
  // never come.
  template <class Response, class Request>
  Later<Response> send(const std::string& connection, const Request& request, int16_t version,
                       int64_t delay_ms) {
    const auto answer = std::make_shared<std::optional<Response>>();
    std::string body;
    for (const Buffer& part : kafka::encode(request, version)) body += part.view();
    auto& [executor, due] = connections_[connection];
    if (executor == nullptr) executor = loops_[connections_.size() % kLoops].get();
    // Of two at one time the later one is behind.
    due = std::max(due + 1, executor->now() + delay_ms * io::kNsPerMs);
    executor->post_at(due, [this, executor = executor, body = Buffer::copy_of(body), version,
                            answer, alive = alive_]() mutable {
      if (!*alive) return;
      const kafka::RequestHeader header{.api_key = Request::kKey, .version = version};
      Call call{.header = header, .endpoint = {}, .client_host = "", .executor = executor};
      handlers_.at(Request::kKey)
          ->handle_body(std::move(call), std::move(body),
                        [answer, version](Answer came) { take(came, version, *answer); });
    });
    return answer;
  }

 private:
  template <class Response>
  static void take(const Answer& came, int16_t version, std::optional<Response>& to) {
    const auto* parts = std::get_if<std::vector<Buffer>>(&came);
    if (parts == nullptr) return;
    std::string frame;
    for (const Buffer& part : *parts) frame += part.view();
    const size_t begin = 2 * sizeof(int32_t) + (Response::flexible(version) ? 1 : 0);
    auto response =
        kafka::decode<Response>(Buffer::copy_of(std::string_view(frame).substr(begin)), version);
    ASSERT_TRUE(response.has_value()) << response.error().to_string();
    to.emplace(*std::move(response));
  }
  template <class H, class... Args>
  void add(Args&&... args) {
    auto handler = std::make_unique<H>(std::forward<Args>(args)...);
    const int16_t key = handler->key();
    handlers_[key] = std::move(handler);
  }

  void start() {
    alive_ = std::make_shared<bool>(true);
    identity_ = std::make_unique<IdentityMachine>();
    log::LogOptions options = log::small_log();
    options.machines = {identity_.get()};
    // So long that a crash comes between what was answered and its sync.
    options.carried_ns_max = kCarriedMs * io::kNsPerMs;
    log_ = std::make_unique<log::LogDriver>(world_.world(), options);
    ASSERT_TRUE(log_->is_open()) << log_->open_error()->to_string();
    out_ = log_->make_partition("out", 0, kPartitions);
    for (auto& loop : loops_) loop = world_.threads().start({.name = "loop", .nice = 0});
    executor_ = world_.threads().start({.name = "coordinators", .nice = 0});
    topics_ = std::make_unique<TopicDirectory>(log_->log(), kafka::Uuid());
    ids_ = std::make_unique<ProducerIds>(*identity_, log_->log().proposals(), *executor_);
    groups_ = GroupCoordinator::start({.log = log_->log(),
                                       .topics = *topics_,
                                       .executor = *executor_,
                                       .clock = world_.clock(),
                                       .random = world_.random(),
                                       .on_problem = {}},
                                      {.groups_max = 100});
    coordinator_ = TransactionCoordinator::start({.log = log_->log(),
                                                  .topics = *topics_,
                                                  .groups = *groups_,
                                                  .producer_ids = *ids_,
                                                  .executor = *executor_,
                                                  .clock = world_.clock()},
                                                 {.check_ms = 1'000});
    const auto claim = [this](TransactionClaim of, auto done) {
      coordinator_->claim(
          std::move(of),
          [done = std::move(done)](TransactionAnswer answer) mutable { done(answer.error); });
    };
    add<ProduceHandler>(log_->log().appender(), *topics_, claim, world_.clock());
    add<InitProducerIdHandler>(*coordinator_, *ids_);
    add<AddPartitionsToTxnHandler>(*coordinator_, *topics_);
    add<AddOffsetsToTxnHandler>(*coordinator_);
    add<EndTxnHandler>(*coordinator_);
    add<TxnOffsetCommitHandler>(*coordinator_, *groups_, *topics_);
    add<OffsetFetchHandler>(*groups_, *topics_);
  }
  // As a process that is killed: what waits is dropped.
  void end() {
    *alive_ = false;
    coordinator_.reset();
    groups_.reset();
    log_.reset();
    executor_.reset();
    for (auto& loop : loops_) loop.reset();
    connections_.clear();
    handlers_.clear();
    ids_.reset();
    topics_.reset();
    identity_.reset();
  }

  static constexpr int kLoops = 3;
  struct Connection {
    io::Executor* executor = nullptr;
    io::MonotonicTime due;  // of what was sent last
  };
  io::SimulatedWorld world_;
  std::shared_ptr<bool> alive_;
  std::unique_ptr<IdentityMachine> identity_;
  std::unique_ptr<log::LogDriver> log_;
  commit::PartitionId out_;
  std::unique_ptr<io::Executor> loops_[kLoops];
  std::unique_ptr<io::Executor> executor_;
  std::unique_ptr<TopicDirectory> topics_;
  std::unique_ptr<ProducerIds> ids_;
  std::shared_ptr<GroupCoordinator> groups_;
  std::shared_ptr<TransactionCoordinator> coordinator_;
  std::map<int16_t, std::unique_ptr<Handler>> handlers_;
  std::map<std::string, Connection> connections_;
};

}  // namespace millrace::broker
