#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "broker/cluster.h"
#include "broker/handler_driver.h"
#include "broker/handlers/fetch.h"
#include "broker/handlers/produce.h"
#include "log/log_driver.h"
#include "record/batch_view.h"

namespace millrace::broker {
namespace {

using kafka::FetchRequest;
using kafka::FetchResponse;
using kafka::ProduceRequest;
using kafka::ProduceResponse;
using kafka::ProtocolError;

// A broker's data path over a simulated log.
class DataPath : public ::testing::Test {
 protected:
  DataPath() { driver_.make_partition("t", 0, 2); }

  ProduceRequest produce_request(Buffer batch, int16_t acks = -1, int32_t partition = 0) {
    ProduceRequest request;
    request.acks = acks;
    auto& to =
        request.topics.emplace_back(ProduceRequest::Topic{.name = "t"}).partitions.emplace_back();
    to.index = partition;
    to.records.emplace().push_back(std::move(batch));
    return request;
  }
  // The only partition of the answer.
  ProduceResponse::Partition produce(const ProduceRequest& request, int16_t version = 9) {
    const auto response =
        ask<ProduceResponse>(produce_, driver_.threads(), driver_.executor(), request, version);
    EXPECT_TRUE(response.has_value()) << response.error().to_string();
    return response->topics[0].partitions[0];
  }
  ProduceResponse::Partition produce_values(const std::vector<std::string>& values) {
    return produce(produce_request(log::batch_of(values).bytes));
  }

  FetchRequest fetch_request(int64_t offset, int32_t min_bytes = 1, int32_t max_wait_ms = 0) {
    FetchRequest request;
    request.min_bytes = min_bytes;
    request.max_wait_ms = max_wait_ms;
    auto& from =
        request.topics.emplace_back(FetchRequest::Topic{.name = "t"}).partitions.emplace_back();
    from.fetch_offset = offset;
    from.partition_max_bytes = 1 << 20;
    return request;
  }
  FetchResponse fetch(const FetchRequest& request, int16_t version = 12) {
    const auto response =
        ask<FetchResponse>(fetch_, driver_.threads(), driver_.executor(), request, version);
    EXPECT_TRUE(response.has_value()) << response.error().to_string();
    return *response;
  }

  // "offset:value" of all records.
  static std::string values_of(const FetchResponse::Partition& partition) {
    std::string text;
    for (const Buffer& piece : *partition.record_batches) {
      for (size_t at = 0; at < piece.bytes();) {
        const auto view = record::BatchView::read(piece.slice(at, piece.bytes() - at));
        EXPECT_TRUE(view.has_value());
        record::Decompressor decompressor;
        auto records = view->records(decompressor);
        record::Record record;
        while (*records->next(record)) {
          text += std::to_string(record.offset) + ":" + std::string(*record.value) + " ";
        }
        at += view->bytes();
      }
    }
    return text;
  }

  io::SimulatedWorld world_{{.seed = 3}};
  log::LogDriver driver_{world_.world()};
  Cluster cluster_;
  TopicDirectory topics_{driver_.log(), {}};
  FetchWaits waits_;
  FetchSessions sessions_{world_.world().random, 10};
  ProduceHandler produce_{driver_.log().appender(), topics_,
                          [](const auto&, auto done) { done(ProtocolError::kNone); },
                          world_.world().clock};
  FetchHandler fetch_{driver_.log().reader(), topics_, sessions_, waits_, cluster_};
};

TEST_F(DataPath, WhatIsProducedIsFetched) {
  EXPECT_EQ(produce_values({"a", "b"}).base_offset, 0);
  EXPECT_EQ(produce_values({"c"}).base_offset, 2);
  const auto partition = fetch(fetch_request(1)).topics[0].partitions[0];
  // The batch that holds the offset comes whole.
  EXPECT_EQ(values_of(partition), "0:a 1:b 2:c ");
  EXPECT_EQ(partition.high_watermark, 3);
  EXPECT_EQ(partition.log_start_offset, 0);
}

TEST_F(DataPath, BatchesAreHeldAgainstTheProtocol) {
  const auto error_of = [&](Buffer batch) {
    return static_cast<ProtocolError>(produce(produce_request(std::move(batch))).error_code);
  };
  const Buffer good = log::batch_of({"a"}).bytes;
  const auto changed = [&](auto change) {
    record::BatchHeader header = *record::read_batch_header(good.span());
    change(header);
    Buffer copy = Buffer::copy_of(good.span());
    record::write_batch_header({copy.mutable_data(), copy.bytes()}, header);
    return copy;
  };
  EXPECT_EQ(error_of(good), ProtocolError::kNone);
  EXPECT_EQ(error_of(Buffer::copy_of("nonsense")), ProtocolError::kInvalidRecord);
  Buffer two = Buffer::copy_of(std::string(good.view()) + std::string(good.view()));
  EXPECT_EQ(error_of(two), ProtocolError::kInvalidRecord);
  Buffer flipped = Buffer::copy_of(good.span());
  flipped.mutable_data()[flipped.bytes() - 1] ^= std::byte{1};
  EXPECT_EQ(error_of(flipped), ProtocolError::kCorruptMessage);
  EXPECT_EQ(error_of(changed([](auto& header) { header.attributes |= 0x20; })),
            ProtocolError::kInvalidRecord);
  EXPECT_EQ(error_of(changed([](auto& header) { header.base_offset = 5; })),
            ProtocolError::kInvalidRecord);
  EXPECT_EQ(error_of(changed([](auto& header) { header.attributes |= 0x10; })),
            ProtocolError::kInvalidRecord);
  EXPECT_EQ(error_of(changed([](auto& header) { header.attributes |= 0x08; })),
            ProtocolError::kInvalidTimestamp);
  EXPECT_EQ(error_of(changed([](auto& header) { header.base_timestamp_ms = INT64_MAX; })),
            ProtocolError::kInvalidTimestamp);
  EXPECT_EQ(fetch(fetch_request(0)).topics[0].partitions[0].high_watermark, 1);
}

TEST_F(DataPath, AcksOutOfRangeUnknownTopicsAndPartitionsAreTold) {
  const Buffer batch = log::batch_of({"a"}).bytes;
  const auto error_of = [&](const ProduceRequest& request) {
    return static_cast<ProtocolError>(produce(request).error_code);
  };
  EXPECT_EQ(error_of(produce_request(batch, 2)), ProtocolError::kInvalidRequiredAcks);
  EXPECT_EQ(error_of(produce_request(batch, -1, 2)), ProtocolError::kUnknownTopicOrPartition);
  ProduceRequest other = produce_request(batch);
  other.topics[0].name = "u";
  EXPECT_EQ(error_of(other), ProtocolError::kUnknownTopicOrPartition);
  other.topics[0].id.raw.fill(std::byte{9});
  EXPECT_EQ(static_cast<ProtocolError>(produce(other, 13).error_code),
            ProtocolError::kUnknownTopicId);
}

TEST_F(DataPath, AcksZeroHasNoAnswerAndAnErrorEndsTheConnection) {
  const auto good = ask<ProduceResponse>(produce_, driver_.threads(), driver_.executor(),
                                         produce_request(log::batch_of({"a"}).bytes, 0), 9);
  ASSERT_FALSE(good.has_value());
  EXPECT_EQ(good.error().code(), ErrorCode::kCancelled);
  const auto bad = ask<ProduceResponse>(produce_, driver_.threads(), driver_.executor(),
                                        produce_request(Buffer::copy_of("x"), 0), 9);
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().code(), ErrorCode::kMalformedRequest);
}

TEST_F(DataPath, AFetchAtTheEndWaitsForTheNextBatch) {
  std::optional<FetchResponse> fetched;
  const auto header =
      kafka::RequestHeader{.api_key = 1, .version = 12, .correlation_id = 1, .client_id = {}};
  std::string body;
  for (const Buffer& part : kafka::encode(fetch_request(0, 1, 60'000), 12)) body += part.view();
  bool answered = false;
  driver_.executor().post([&] {
    fetch_.handle_body(
        {.header = header, .endpoint = {}, .client_host = {}, .executor = &driver_.executor()},
        Buffer::copy_of(body), [&](Answer) { answered = true; });
  });
  world_.threads().run_for(10 * io::kNsPerSecond);
  EXPECT_FALSE(answered);
  produce_values({"a"});
  world_.threads().run_for(io::kNsPerSecond);
  EXPECT_TRUE(answered);
}

TEST_F(DataPath, AFetchEndsWhenItsTimeIsOver) {
  produce_values({"a"});
  const auto began = world_.world().clock.now();
  const auto partition = fetch(fetch_request(0, 1 << 20, 500)).topics[0].partitions[0];
  EXPECT_EQ(values_of(partition), "0:a ");
  EXPECT_GE(world_.world().clock.now() - began, 500 * io::kNsPerMs);
}

TEST_F(DataPath, OffsetsOutOfRangeAreToldAtOnce) {
  const auto began = world_.world().clock.now();
  for (const int64_t offset : {-1, 7}) {
    const auto partition = fetch(fetch_request(offset, 1, 60'000)).topics[0].partitions[0];
    EXPECT_EQ(static_cast<ProtocolError>(partition.error_code), ProtocolError::kOffsetOutOfRange);
    EXPECT_TRUE(partition.record_batches.has_value());
  }
  EXPECT_LT(world_.world().clock.now() - began, io::kNsPerSecond);
}

TEST_F(DataPath, ASessionSendsOnlyPartitionsWithNews) {
  FetchRequest request = fetch_request(0);
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].index = 1;
  request.session_epoch = 0;
  const FetchResponse opened = fetch(request);
  EXPECT_NE(opened.session_id, 0);
  EXPECT_EQ(opened.topics[0].partitions.size(), 2U);

  FetchRequest next;
  next.session_id = opened.session_id;
  next.session_epoch = 1;
  EXPECT_TRUE(fetch(next).topics.empty());
  produce_values({"a"});
  next.session_epoch = 2;
  const FetchResponse news = fetch(next);
  ASSERT_EQ(news.topics.size(), 1U);
  ASSERT_EQ(news.topics[0].partitions.size(), 1U);
  EXPECT_EQ(values_of(news.topics[0].partitions[0]), "0:a ");

  EXPECT_EQ(static_cast<ProtocolError>(fetch(next).error_code),
            ProtocolError::kInvalidFetchSessionEpoch);
  next.session_epoch = 3;
  next.forgotten_topics.push_back({.name = "t", .id = {}, .partitions = {0, 1}});
  EXPECT_TRUE(fetch(next).topics.empty());
  next.session_epoch = -1;
  EXPECT_EQ(fetch(next).session_id, 0);
  next.session_epoch = 4;
  EXPECT_EQ(static_cast<ProtocolError>(fetch(next).error_code),
            ProtocolError::kFetchSessionIdNotFound);
}

TEST_F(DataPath, TheSessionThatWasNotUsedLongestGoes) {
  const FetchSessionPtr first = sessions_.open(false);
  for (int i = 0; i < 9; ++i) sessions_.open(false);
  EXPECT_NE(sessions_.find(first->id()), nullptr);
  sessions_.open(false);
  EXPECT_EQ(sessions_.size(), 10U);
  EXPECT_NE(sessions_.find(first->id()), nullptr);
}

}  // namespace
}  // namespace millrace::broker
