#include "cli/kafka_client/record_sink.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <bit>

#include "base/hash.h"
#include "cli/kafka_client/kafka_error.h"

namespace millrace::cli {
namespace {

constexpr int kFullWaitMs = 100;
constexpr uint64_t kRecordsBetweenPolls = 256;

struct HeadersDeleter {
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
};
using Headers = std::unique_ptr<rd_kafka_headers_t, HeadersDeleter>;

Headers headers_of(const ClientRecord& record) {
  if (record.headers.empty()) return nullptr;
  Headers headers(rd_kafka_headers_new(record.headers.size()));
  for (const auto& [name, value] : record.headers) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()),
                        value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  return headers;
}

// An empty text must not look like NULL.
rd_kafka_vu_t bytes_of(rd_kafka_vtype_t type, std::optional<std::string_view> bytes) {
  rd_kafka_vu_t part = {};
  part.vtype = type;
  const char* data = !bytes ? nullptr : bytes->data() == nullptr ? "" : bytes->data();
  part.u.mem.ptr = const_cast<char*>(data);
  part.u.mem.size = bytes ? bytes->size() : 0;
  return part;
}

}  // namespace

Result<std::unique_ptr<RecordSink>> RecordSink::open(io::Clock& clock, const ClientOptions& client,
                                                     const Options& options) {
  std::unique_ptr<RecordSink> made(new RecordSink());
  ClientSettings defaults = {
      {"acks", options.acks},
      {"enable.idempotence", options.acks == "all" ? "true" : "false"},
      {"compression.codec", options.codec.empty() ? "none" : options.codec},
      {"linger.ms", options.at_once ? "0" : "5"},
      {"message.timeout.ms", std::to_string(std::max<int64_t>(30'000, client.reach_ms))},
      {"queue.buffering.max.kbytes", "262144"},
      // How large a record may be is for the server to say.
      {"message.max.bytes", "104857600"},
      {"batch.size", std::to_string(options.batch_bytes)},
  };
  made->client_ = MILLRACE_TRY(KafkaHandle::open(clock, client,
                                                 {.role = KafkaHandle::Role::kProducer,
                                                  .defaults = std::move(defaults),
                                                  .events = made.get()}));
  return made;
}

RecordSink::~RecordSink() {
  if (topic_ != nullptr) rd_kafka_topic_destroy(topic_);
}

void RecordSink::begin(const std::string& topic, int32_t partitions) {
  topic_ = rd_kafka_topic_new(client_->get(), topic.c_str(), nullptr);
  partitions_ = partitions;
}

// As Kafka's clients do with a key; records without one go round.
int32_t RecordSink::partition_of(const ClientRecord& record) {
  if (record.partition >= 0) return record.partition;
  const auto count = static_cast<uint32_t>(partitions_);
  if (!record.key) return static_cast<int32_t>(keyless_++ % count);
  const uint32_t hash = murmur2(std::as_bytes(std::span(*record.key)));
  return static_cast<int32_t>((hash & 0x7fffffffU) % count);
}

Result<void> RecordSink::add(uint64_t number, const ClientRecord& record) {
  if (number % kRecordsBetweenPolls == 0) client_->poll(0);
  Headers headers = headers_of(record);
  rd_kafka_vu_t parts[8] = {};
  size_t count = 0;
  parts[count].vtype = RD_KAFKA_VTYPE_RKT;
  parts[count++].u.rkt = topic_;
  parts[count].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[count++].u.i32 = partition_of(record);
  parts[count].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[count++].u.i = RD_KAFKA_MSG_F_COPY;
  parts[count++] = bytes_of(RD_KAFKA_VTYPE_KEY, record.key);
  parts[count++] = bytes_of(RD_KAFKA_VTYPE_VALUE, record.value);
  parts[count].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[count++].u.ptr = std::bit_cast<void*>(static_cast<uintptr_t>(number));
  if (record.timestamp_ms >= 0) {
    parts[count].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts[count++].u.i64 = record.timestamp_ms;
  }
  if (headers != nullptr) {
    parts[count].vtype = RD_KAFKA_VTYPE_HEADERS;
    parts[count++].u.headers = headers.get();
  }
  for (;;) {
    rd_kafka_error_t* const error = rd_kafka_produceva(client_->get(), parts, count);
    if (error == nullptr) {
      (void)headers.release();  // they are the record's now
      return {};
    }
    const auto code = rd_kafka_error_code(error);
    const Error failure = client_->failure(code, rd_kafka_error_string(error));
    rd_kafka_error_destroy(error);
    if (client_->fatal()) return *client_->fatal();
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return failure;
    client_->poll(kFullWaitMs);
  }
}

bool RecordSink::flush(int wait_ms) {
  rd_kafka_flush(client_->get(), wait_ms);
  return rd_kafka_outq_len(client_->get()) == 0;
}

void RecordSink::delivered(const rd_kafka_message_s& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    const auto number = std::bit_cast<uintptr_t>(message._private);
    if (failures_.count++ == 0 || number < failures_.first) {
      failures_.first = number;
      failures_.why = client_->failure(message.err);
    }
    return;
  }
  ++acknowledged_;
  Written& part = written_[message.partition];
  ++part.records;
  if (message.offset < 0) return;
  if (part.first < 0 || message.offset < part.first) part.first = message.offset;
  part.last = std::max(part.last, message.offset);
}

}  // namespace millrace::cli
