#include "cli/kafka_client/kafka_handle.h"

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>

#include "base/nearest.h"
#include "cli/kafka_client/kafka_error.h"
#include "cli/output.h"

namespace millrace::cli {
namespace {

constexpr int kSliceMs = 50;
// An address may stand for several, of which only one listens; each gets its turn.
constexpr int64_t kRefusedNs = 400 * io::kNsPerMs;
constexpr int kAnswerMs = 30'000;
constexpr size_t kTextBytes = 512;

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;

std::vector<std::string> names_of(rd_kafka_conf_t* conf) {
  size_t count = 0;
  const char** dump = rd_kafka_conf_dump(conf, &count);
  std::vector<std::string> names;
  for (size_t at = 0; at < count; at += 2) names.emplace_back(dump[at]);
  rd_kafka_conf_dump_free(dump, count);
  return names;
}

Result<void> set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char text[kTextBytes] = {};
  const auto done = rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text);
  if (done == RD_KAFKA_CONF_OK) return {};
  const std::string place = "-X " + name;
  if (done == RD_KAFKA_CONF_UNKNOWN) {
    const auto known = names_of(conf);
    const std::string_view near =
        nearest_name(name, std::vector<std::string_view>(known.begin(), known.end()));
    return Error(ErrorCode::kInvalidOption, fmt::format("the client has no setting '{}'", name))
        .at(place)
        .remedy(near.empty() ? "Its settings have librdkafka's names, as security.protocol."
                             : fmt::format("Did you mean '{}'?", near));
  }
  return Error(ErrorCode::kInvalidOption, text).at(place);
}

// Where users say it, and where only the program knows what is right.
constexpr std::string_view kOwn[] = {"bootstrap.servers", "metadata.broker.list"};

}  // namespace

struct KafkaHandle::Callbacks {
  static void failed(rd_kafka_t* handle, int code, const char* reason, void* opaque) {
    auto& self = *static_cast<KafkaHandle*>(opaque);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
      char text[kTextBytes] = {};
      const auto fatal = rd_kafka_fatal_error(handle, text, sizeof text);
      self.fatal_ = kafka_error(fatal, text);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
      if (!self.down_since_) self.down_since_ = self.clock_.now();
    } else {
      self.reason_ = plain_reason(reason);
      self.reason_code_ = code;
    }
  }
  static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    static_cast<KafkaHandle*>(opaque)->events_->delivered(*message);
  }
  static void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    static_cast<KafkaHandle*>(opaque)->events_->rebalanced(code, *partitions);
  }
  static void silent(const rd_kafka_t*, int, const char*, const char*) {}
  static void logged(const rd_kafka_t*, int, const char* facility, const char* text) {
    write_err(fmt::format("librdkafka: {}: {}\n", facility, text));
  }
};

KafkaHandle::KafkaHandle(io::Clock& clock, const ClientOptions& options, ClientEvents* events)
    : clock_(clock), options_(options), events_(events) {}

KafkaHandle::~KafkaHandle() {
  // Members of groups have left before, or are not waited for.
  if (handle_ != nullptr) rd_kafka_destroy_flags(handle_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Result<std::unique_ptr<KafkaHandle>> KafkaHandle::open(io::Clock& clock,
                                                       const ClientOptions& options, Setup setup) {
  std::unique_ptr<KafkaHandle> made(new KafkaHandle(clock, options, setup.events));
  MILLRACE_TRY(made->start(setup));
  return made;
}

Result<void> KafkaHandle::start(const Setup& setup) {
  Conf conf(rd_kafka_conf_new());
  MILLRACE_TRY(set(conf.get(), "client.id", "millrace"));
  MILLRACE_TRY(set(conf.get(), "reconnect.backoff.ms", "20"));
  MILLRACE_TRY(set(conf.get(), "reconnect.backoff.max.ms", "1000"));
  for (const auto& [name, value] : setup.defaults) MILLRACE_TRY(set(conf.get(), name, value));
  bool debug = false;
  for (const auto& [name, value] : options_.settings) {
    if (std::ranges::find(kOwn, name) != std::end(kOwn)) {
      return Error(ErrorCode::kInvalidOption, "--brokers says where the servers are")
          .at("-X " + name);
    }
    MILLRACE_TRY(set(conf.get(), name, value));
    if (name == "debug") debug = !value.empty();
  }
  MILLRACE_TRY(set(conf.get(), "bootstrap.servers", options_.brokers));
  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_error_cb(conf.get(), Callbacks::failed);
  rd_kafka_conf_set_log_cb(conf.get(), debug ? Callbacks::logged : Callbacks::silent);
  const bool consumer = setup.role == Role::kConsumer;
  if (events_ != nullptr && !consumer) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(), Callbacks::delivered);
  }
  if (setup.rebalances) rd_kafka_conf_set_rebalance_cb(conf.get(), Callbacks::rebalanced);
  char text[kTextBytes] = {};
  handle_ =
      rd_kafka_new(consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf.get(), text, sizeof text);
  if (handle_ == nullptr) return Error(ErrorCode::kInvalidOption, text).at("-X");
  (void)conf.release();  // it is the handle's now
  return {};
}

int KafkaHandle::answer_ms() const {
  return std::max(kAnswerMs, static_cast<int>(options_.reach_ms));
}

void KafkaHandle::poll(int wait_ms) {
  if (!polled_with_records_) rd_kafka_poll(handle_, wait_ms);
}

void KafkaHandle::poll_with_records() {
  rd_kafka_poll_set_consumer(handle_);
  polled_with_records_ = true;
}

std::string KafkaHandle::down_text() const {
  const bool several = options_.brokers.contains(',');
  std::string text = reached_  ? "the server was there, and then hung up or went away"
                     : several ? "none of the servers can be reached"
                               : "the server cannot be reached";
  if (!reason_.empty()) text += ": " + reason_;
  return text;
}

Error KafkaHandle::unreachable() const {
  if (reached_) {
    return Error(ErrorCode::kUnreachable, down_text())
        .at(options_.brokers)
        .remedy("Look whether it still runs, and what it says; then run the command again.");
  }
  return Error(ErrorCode::kUnreachable, down_text())
      .at(options_.brokers)
      .remedy(
          "Start one with `millrace server`, say where it is with -b HOST:PORT, or read the "
          "directory of one that does not run with --data DIR.");
}

Error KafkaHandle::failure(int code, std::string_view text) const {
  if (fatal_) return *fatal_;
  const bool refused =
      reason_code_ == RD_KAFKA_RESP_ERR__AUTHENTICATION || reason_code_ == RD_KAFKA_RESP_ERR__SSL;
  if (is_connection_error(code) && refused) {
    return kafka_error(reason_code_, reason_).at(options_.brokers);
  }
  if (is_connection_error(code) && down_since_) return unreachable();
  if (is_connection_error(code) && !reason_.empty()) {
    return kafka_error(code, fmt::format("a server that {} names gave no answer: {}",
                                         options_.brokers, reason_))
        .at(options_.brokers)
        .remedy("Servers tell their clients where they are: that address must be right from here.");
  }
  Error error = kafka_error(code, text);
  return error.place().empty() && is_connection_error(code) ? std::move(error).at(options_.brokers)
                                                            : error;
}

Result<void> KafkaHandle::reach() {
  const io::MonotonicTime until = clock_.now() + options_.reach_ms * io::kNsPerMs;
  for (;;) {
    const rd_kafka_metadata_t* found = nullptr;
    const auto code = rd_kafka_metadata(handle_, 0, nullptr, &found, kSliceMs);
    poll(0);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_metadata_destroy(found);
      came_back();
      return {};
    }
    if (fatal_) return *fatal_;
    const bool refused =
        reason_code_ == RD_KAFKA_RESP_ERR__AUTHENTICATION || reason_code_ == RD_KAFKA_RESP_ERR__SSL;
    if (refused) return failure(RD_KAFKA_RESP_ERR__TRANSPORT);
    const io::MonotonicTime now = clock_.now();
    if (now >= until || (down_since_ && now - *down_since_ >= kRefusedNs)) return unreachable();
  }
}

}  // namespace millrace::cli
