#include "cli/kafka_client/message_record.h"

#include <librdkafka/rdkafka.h>

namespace millrace::cli {
namespace {

std::optional<std::string_view> bytes_of(const void* bytes, size_t count) {
  if (bytes == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), count);
}

}  // namespace

void MessageDeleter::operator()(rd_kafka_message_s* message) const {
  rd_kafka_message_destroy(message);
}

void record_of(const rd_kafka_message_s& message, ClientRecord& record) {
  record.topic = rd_kafka_topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  record.timestamp_ms = rd_kafka_message_timestamp(&message, nullptr);
  record.key = bytes_of(message.key, message.key_len);
  record.value = bytes_of(message.payload, message.len);
  record.headers.clear();
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t bytes = 0;
  for (size_t at = 0;
       rd_kafka_header_get_all(headers, at, &name, &value, &bytes) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++at) {
    record.headers.emplace_back(name, bytes_of(value, bytes));
  }
}

}  // namespace millrace::cli
