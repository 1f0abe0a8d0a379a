#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/clock.h"

// Of librdkafka, whose header stays out of ours.
struct rd_kafka_s;
struct rd_kafka_conf_s;
struct rd_kafka_message_s;
struct rd_kafka_topic_partition_list_s;

namespace millrace::cli {

using ClientSettings = std::vector<std::pair<std::string, std::string>>;

// Where the servers are, and how to speak to them.
struct ClientOptions {
  std::string brokers;      // HOST:PORT,…
  ClientSettings settings;  // what the user says about the client, in librdkafka's names
  int64_t reach_ms = 5'000;
  bool local = false;  // the server is one of this process: nobody can mend its address
};

// What a handle is told in poll.
class ClientEvents {
 public:
  virtual ~ClientEvents() = default;
  // A record was acknowledged, or will not be.
  virtual void delivered(const rd_kafka_message_s& message) { (void)message; }
  // `code`: partitions are given to this member of a group, or taken from it.
  virtual void rebalanced(int code, rd_kafka_topic_partition_list_s& partitions) {
    (void)code, (void)partitions;
  }
};

// KafkaHandle: a client of librdkafka, quiet: what it logs is kept as the reason of errors, and
// shown only where its setting 'debug' asks for it.
//
// Threading:  confined to one thread; librdkafka has threads of its own.
// Ownership:  the clock and the events outlive it.
// Failure:    open: kInvalidOption, a setting that there is not, with the nearest.
class KafkaHandle {
 public:
  enum class Role : uint8_t { kProducer, kConsumer };
  struct Setup {
    Role role = Role::kProducer;   // also for administration
    ClientSettings defaults = {};  // the user's settings win
    ClientEvents* events = nullptr;
    bool rebalances = false;  // of a group, told to `events`
  };
  static Result<std::unique_ptr<KafkaHandle>> open(io::Clock& clock, const ClientOptions& options,
                                                   Setup setup);
  ~KafkaHandle();
  KafkaHandle(const KafkaHandle&) = delete;
  KafkaHandle& operator=(const KafkaHandle&) = delete;

  rd_kafka_s* get() const { return handle_; }

  // Waits until a server answers. Failure: kUnreachable, at once where a connection is refused;
  // kAuthenticationFailed.
  Result<void> reach();
  // Lets the events come that have happened.
  void poll(int wait_ms);
  // From now on they come where the records of a group do, and poll does nothing.
  void poll_with_records();

  // For how long an answer may not come.
  int answer_ms() const;
  // As kafka_error, with what is known of the connection where it was that.
  Error failure(int code, std::string_view text = {}) const;
  // Since when no server can be reached; nullopt: not known to be so.
  std::optional<io::MonotonicTime> down_since() const { return down_since_; }
  std::string down_text() const;
  // kUnreachable, with what is known of the reason.
  Error unreachable() const;
  // An answer came.
  void came_back() {
    down_since_.reset();
    reached_ = true;
  }
  // What ended the client for good.
  const std::optional<Error>& fatal() const { return fatal_; }

 private:
  struct Callbacks;
  KafkaHandle(io::Clock& clock, const ClientOptions& options, ClientEvents* events);
  Result<void> start(const Setup& setup);

  io::Clock& clock_;
  const ClientOptions options_;
  ClientEvents* const events_;
  rd_kafka_s* handle_ = nullptr;
  std::optional<io::MonotonicTime> down_since_;
  std::optional<Error> fatal_;
  bool reached_ = false;  // at any time
  bool polled_with_records_ = false;
  std::string reason_;  // why the last connection failed
  int reason_code_ = 0;
};

}  // namespace millrace::cli
