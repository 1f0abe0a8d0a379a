#include "cli/kafka_client/kafka_error.h"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

namespace millrace::cli {
namespace {

TEST(KafkaError, CodesAreOursWithTheSentenceOfTheServer) {
  const Error error = kafka_error(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "Topic 't' is there.\n");
  EXPECT_EQ(error.code(), ErrorCode::kTopicExists);
  EXPECT_EQ(error.message(), "Topic 't' is there");
  EXPECT_EQ(kafka_error(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART).message(),
            "Unknown topic or partition");
  EXPECT_EQ(kafka_error(RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP).code(), ErrorCode::kGroupActive);
  EXPECT_EQ(kafka_error(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT).code(), ErrorCode::kTimedOut);
}

TEST(KafkaError, WhatIsNotOursKeepsItsName) {
  const Error error = kafka_error(RD_KAFKA_RESP_ERR_POLICY_VIOLATION, "No.");
  EXPECT_EQ(error.to_string(), "MR-7002: No (POLICY_VIOLATION)");
  EXPECT_EQ(kafka_error(RD_KAFKA_RESP_ERR__BAD_MSG).to_string(),
            "MR-7002: Bad message format (BAD_MSG)");
}

TEST(KafkaError, ReasonsAreToldWithoutTheNamesOfPartsOfTheClient) {
  EXPECT_EQ(plain_reason("127.0.0.1:9/bootstrap: Connect to ipv4#127.0.0.1:9 failed: Connection "
                         "refused (after 0ms in state CONNECT)"),
            "Connection refused");
  EXPECT_EQ(plain_reason("no.such:9092/bootstrap: Failed to resolve 'no.such:9092': Name or "
                         "service not known (after 5ms in state CONNECT)"),
            "Failed to resolve 'no.such:9092': Name or service not known");
  EXPECT_EQ(plain_reason("GroupCoordinator: 127.0.0.1:9: Connect to ipv4#127.0.0.1:9 failed: "
                         "Connection refused (after 0ms in state CONNECT)"),
            "Connection refused");
  EXPECT_EQ(plain_reason("GroupCoordinator: 127.0.0.1:9: Disconnected"), "Disconnected");
  EXPECT_EQ(plain_reason("ssl://b:1/3: Disconnected (after 30ms in state UP)"), "Disconnected");
  EXPECT_EQ(plain_reason("something else"), "something else");
}

}  // namespace
}  // namespace millrace::cli
