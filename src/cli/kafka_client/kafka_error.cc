#include "cli/kafka_client/kafka_error.h"

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <string>

namespace millrace::cli {
namespace {

using enum ErrorCode;

struct Meaning {
  rd_kafka_resp_err_t code;
  ErrorCode error;
};

constexpr auto kMeanings = std::to_array<Meaning>({
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, kTopicNotFound},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, kTopicNotFound},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, kTopicNotFound},
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, kTopicExists},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, kInvalidTopicName},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, kOffsetOutOfRange},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, kOffsetOutOfRange},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, kRecordTooLarge},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, kRecordTooLarge},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, kUnsupportedCodec},
    {RD_KAFKA_RESP_ERR_INVALID_PARTITIONS, kInvalidOption},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR, kInvalidOption},
    {RD_KAFKA_RESP_ERR_INVALID_REPLICA_ASSIGNMENT, kInvalidOption},
    {RD_KAFKA_RESP_ERR_INVALID_CONFIG, kInvalidOption},
    {RD_KAFKA_RESP_ERR_INVALID_GROUP_ID, kInvalidOption},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, kInvalidOption},
    {RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND, kGroupNotFound},
    {RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP, kGroupActive},
    {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, kGroupActive},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, kAccessDenied},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, kAccessDenied},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, kAccessDenied},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, kAccessDenied},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, kAuthenticationFailed},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, kAuthenticationFailed},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, kAuthenticationFailed},
    {RD_KAFKA_RESP_ERR__SSL, kAuthenticationFailed},
    {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, kUnavailable},
    {RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, kUnavailable},
    {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, kUnavailable},
    {RD_KAFKA_RESP_ERR__TIMED_OUT, kTimedOut},
    {RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE, kTimedOut},
    {RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, kTimedOut},
    {RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, kTimedOut},
    {RD_KAFKA_RESP_ERR__TRANSPORT, kUnreachable},
    {RD_KAFKA_RESP_ERR__RESOLVE, kUnreachable},
    {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, kUnreachable},
    {RD_KAFKA_RESP_ERR__WAIT_COORD, kUnreachable},
});

}  // namespace

Error kafka_error(int code, std::string_view text) {
  const auto known = static_cast<rd_kafka_resp_err_t>(code);
  std::string message(text.empty() ? rd_kafka_err2str(known) : text);
  while (message.ends_with('.') || message.ends_with('\n')) message.pop_back();
  if (known == RD_KAFKA_RESP_ERR_INVALID_RECORD) {
    return Error(kMalformedRow, "the server does not take it, or one sent together with it")
        .remedy("A topic with cleanup.policy=compact takes only records with keys (-K, -k).");
  }
  for (const std::string_view origin : {"Local: ", "Broker: "}) {
    if (message.starts_with(origin)) message.erase(0, origin.size());
  }
  const auto found = std::ranges::find(kMeanings, known, &Meaning::code);
  if (found != kMeanings.end()) return Error(found->error, std::move(message));
  std::string_view name = rd_kafka_err2name(known);
  while (name.starts_with('_')) name.remove_prefix(1);
  return Error(kRequestRefused, fmt::format("{} ({})", message, name));
}

bool is_connection_error(int code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return true;
    default:
      return false;
  }
}

std::string_view plain_reason(std::string_view told) {
  if (const size_t after = told.rfind(" (after "); after != told.npos) told = told.substr(0, after);
  constexpr std::string_view kFailed = " failed: ";
  if (told.find("Connect to ") != told.npos && told.find(kFailed) != told.npos) {
    return told.substr(told.find(kFailed) + kFailed.size());
  }
  // "host:port/bootstrap: ", "ssl://host:port/3: ", "GroupCoordinator: host:port: ".
  constexpr std::string_view kCoordinator = "GroupCoordinator: ";
  const bool coordinator = told.starts_with(kCoordinator);
  if (coordinator) told.remove_prefix(kCoordinator.size());
  const size_t name = told.find(": ");
  if (name != told.npos && (coordinator || told.find('/') < name)) told = told.substr(name + 2);
  return told;
}

}  // namespace millrace::cli
