#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/endian.h"
#include "broker/broker.h"
#include "commit/committed_filter.h"
#include "io/simulated_world.h"
#include "kafka/message.h"
#include "kafka/messages/fetch.h"
#include "kafka/request_header.h"
#include "log/log.h"
#include "log/log_driver.h"
#include "record/batch_view.h"

namespace millrace::broker {

// One connection of a client: bytes out, whole frames in. Made by DoorWorld; for tests only.
struct DoorLink {
  io::StreamPtr stream;
  bool closed = false;  // by the client
  bool ended = false;   // by whoever
  std::vector<std::byte> block = std::vector<std::byte>(16 << 10);
  std::string inbox;
  std::deque<std::string> frames;   // without their lengths
  std::vector<std::string> outbox;  // until it is connected
};
using DoorLinkPtr = std::shared_ptr<DoorLink>;

// DoorWorld: log and broker over a simulated machine that can crash, and clients of its door, which
// live on; for tests only.
class DoorWorld {
 public:
  explicit DoorWorld(uint64_t seed, SettingValues settings = {})
      : world_({.seed = seed}),
        settings_(std::move(settings)),
        clients_(world_.network().start_loop({.name = "clients"})) {
    start();
  }
  ~DoorWorld() { end(); }
  DoorWorld(const DoorWorld&) = delete;
  DoorWorld& operator=(const DoorWorld&) = delete;

  // Tries until there is no fault in the way.
  void start() {
    while (!try_start()) {
      end();
      if (world_.files().crashed()) world_.files().recover();
    }
  }
  void end() {
    broker_.reset();
    log_.reset();
    machines_.reset();
  }
  void crash(io::CrashMode mode) {
    if (!world_.files().crashed()) world_.files().crash(mode);
    end();
    world_.files().recover();
    start();
  }
  // It must be started again.
  bool down() { return fatal_ || world_.files().crashed(); }

  io::SimulatedWorld& world() { return world_; }
  Broker& broker() { return *broker_; }
  log::Log& log() { return *log_; }
  void run_ms(int64_t ms) { world_.threads().run_for(ms * io::kNsPerMs); }

  DoorLinkPtr connect() {
    auto link = std::make_shared<DoorLink>();
    clients_->post([this, link] {
      world_.network().connect(kAddress, *clients_, [link](Result<io::StreamPtr> made) {
        if (!made || link->closed) {
          link->ended = true;
          return;
        }
        link->stream = *std::move(made);
        for (const std::string& bytes : std::exchange(link->outbox, {})) write(*link, bytes);
        read(link);
      });
    });
    return link;
  }
  void send(const DoorLinkPtr& link, std::string bytes) {
    clients_->post([link, bytes = std::move(bytes)] {
      if (link->stream == nullptr) return link->outbox.push_back(bytes);
      write(*link, bytes);
    });
  }
  void close(const DoorLinkPtr& link) {
    clients_->post([link] {
      link->closed = link->ended = true;
      link->stream.reset();
    });
  }

 private:
  static inline const io::Address kAddress{"127.0.0.1", 9092};

  static void write(DoorLink& link, const std::string& bytes) {
    link.stream->write({Buffer::copy_of(bytes)}, [](const Result<void>&) {});
  }
  static void read(const DoorLinkPtr& link) {
    link->stream->read(link->block, [link](Result<size_t> got) {
      if (!got || *got == 0) {
        link->ended = true;
        return;
      }
      link->inbox.append(reinterpret_cast<const char*>(link->block.data()), *got);
      take_frames(*link);
      read(link);
    });
  }
  static void take_frames(DoorLink& link) {
    constexpr size_t kLength = sizeof(int32_t);
    while (link.inbox.size() >= kLength) {
      const size_t bytes = load_be<uint32_t>(link.inbox.data());
      if (link.inbox.size() - kLength < bytes) return;
      link.frames.push_back(link.inbox.substr(kLength, bytes));
      link.inbox.erase(0, kLength + bytes);
    }
  }

  bool try_start() {
    fatal_ = false;
    machines_ = std::make_unique<Machines>();
    log::LogOptions options = log::small_log();
    options.settle_idle_ns = io::kNsPerSecond;
    options.compaction_interval_ns = 3 * io::kNsPerSecond;
    options.machines = {&machines_->identity, &machines_->settings, &machines_->quotas};
    options.on_fatal = [this](const Error&) { fatal_ = true; };
    auto log = log::Log::open(world_.world(), options);
    if (!log) return false;
    log_ = *std::move(log);
    auto broker =
        Broker::open({.world = world_.world(),
                      .log = *log_,
                      .machines = *machines_,
                      .received = nullptr,
                      .on_problem = {}},
                     {.doors = {{.listen = kAddress}}, .loops = 2, .settings = settings_});
    if (!broker) return false;
    broker_ = *std::move(broker);
    return true;
  }

  io::SimulatedWorld world_;
  const SettingValues settings_;
  std::unique_ptr<io::Loop> clients_;
  bool fatal_ = false;
  std::unique_ptr<Machines> machines_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<Broker> broker_;
};

// The frame of a request, with its length.
template <class Request>
std::string frame_of(const Request& request, int16_t version, int32_t correlation,
                     const std::string& client = "test") {
  std::string frame;
  for (const Buffer& part : kafka::write_request({.api_key = Request::kKey,
                                                  .version = version,
                                                  .correlation_id = correlation,
                                                  .client_id = client},
                                                 kafka::encode(request, version))) {
    frame += part.view();
  }
  return frame;
}

// The response in a frame without its length.
template <class Response>
Result<Response> response_in(const std::string& frame, int16_t version) {
  const bool tags = Response::flexible(version) && Response::kKey != 18;
  const size_t begin = sizeof(int32_t) + (tags ? 1 : 0);
  if (frame.size() < begin) return Error(ErrorCode::kMalformedRequest, "a frame is too short");
  return kafka::decode<Response>(Buffer::copy_of(std::string_view(frame).substr(begin)), version);
}

// Asks over a link, and runs the world until the answer is there.
template <class Response, class Request>
Result<Response> ask_door(DoorWorld& world, const DoorLinkPtr& link, const Request& request,
                          int16_t version) {
  constexpr int kTurns = 3'000;
  world.send(link, frame_of(request, version, 1));
  for (int turn = 0; turn < kTurns && link->frames.empty() && !link->ended; ++turn) {
    world.run_ms(10);
  }
  if (link->frames.empty()) return Error(ErrorCode::kIoFailed, "no answer");
  const std::string frame = std::move(link->frames.front());
  link->frames.pop_front();
  return response_in<Response>(frame, version);
}

// What a Fetch of one partition gave to a reader of committed records.
struct DoorRead {
  std::vector<std::string> values;
  int64_t next = 0;
  int64_t stable = -1;
  int64_t end = -1;
};
inline DoorRead read_partition(const kafka::FetchResponse& response, int64_t from) {
  DoorRead read{.next = from};
  if (response.topics.empty() || response.topics[0].partitions.empty()) return read;
  const auto& partition = response.topics[0].partitions[0];
  read.stable = partition.last_stable_offset;
  read.end = partition.high_watermark;
  std::vector<commit::AbortedTransaction> aborted;
  if (partition.aborted_transactions) {
    for (const auto& one : *partition.aborted_transactions) {
      aborted.push_back({.producer_id = one.producer_id, .first_offset = one.first_offset});
    }
  }
  commit::CommittedFilter filter(aborted);
  Buffer bytes;
  if (partition.record_batches) {
    std::string joined;
    for (const Buffer& part : *partition.record_batches) joined += part.view();
    bytes = Buffer::copy_of(joined);
  }
  record::Decompressor decompressor;
  for (size_t at = 0; at < bytes.bytes();) {
    const auto view = record::BatchView::read(bytes.slice(at, bytes.bytes() - at));
    if (!view) return read;
    at += view->bytes();
    read.next = view->header().last_offset() + 1;
    if (!filter.counts(view->header())) continue;
    auto records = view->records(decompressor);
    MILLRACE_ASSERT(records.has_value());
    record::Record record;
    while (true) {
      const auto more = records->next(record);
      MILLRACE_ASSERT(more.has_value());
      if (!*more) break;
      if (record.offset >= from && record.value) read.values.emplace_back(*record.value);
    }
  }
  return read;
}

}  // namespace millrace::broker
