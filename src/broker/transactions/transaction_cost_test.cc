// What a transaction costs: syncs, which are most of its time.

#include <gtest/gtest.h>

#include "broker/transactions/transaction_driver_test.h"

namespace millrace::broker {
namespace {

// A producer that has nothing but its transactions to do.
class Cost : public ::testing::TestWithParam<bool> {
 protected:
  Cost() {
    kafka::InitProducerIdRequest request;
    request.transactional_id = "id";
    request.transaction_timeout_ms = 60'000;
    const auto response = ask<kafka::InitProducerIdResponse>(request, 4);
    EXPECT_EQ(response.error_code, 0);
    producer_ = {response.producer_id, response.producer_epoch};
    // The topics that offsets and groups need are there afterwards.
    transact(3, true);
  }

  bool second_form() const { return GetParam(); }

  template <class Response, class Request>
  Response ask(const Request& request, int16_t version) {
    const Later<Response> answer = node_.send<Response>("c", request, version, 0);
    while (!answer->has_value()) node_.world().threads().run_for(1'000);
    return **answer;
  }

  // Syncs of one transaction that writes to so many partitions, each with a request of its own.
  uint64_t transact(int partitions, bool offsets) {
    node_.run_ms(50);  // what is carried, and the seal
    const uint64_t before = node_.world().files().syncs();
    for (int i = 0; i < partitions; ++i) write(i);
    if (offsets) write_offsets();
    kafka::EndTxnRequest request;
    request.transactional_id = "id";
    request.producer_id = producer_.id;
    request.producer_epoch = producer_.epoch;
    request.commit = true;
    const auto response = ask<kafka::EndTxnResponse>(request, second_form() ? 5 : 3);
    EXPECT_EQ(response.error_code, 0);
    if (second_form()) {
      producer_ = {response.producer_id, response.producer_epoch};
      sequences_.clear();
    }
    return node_.world().files().syncs() - before;
  }

  void write(int partition) {
    if (!second_form()) {
      kafka::AddPartitionsToTxnRequest request;
      request.transactional_id = "id";
      request.producer_id = producer_.id;
      request.producer_epoch = producer_.epoch;
      request.topics.push_back({.name = "out", .partitions = {partition}});
      const auto response = ask<kafka::AddPartitionsToTxnResponse>(request, 3);
      EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, 0);
    }
    record::BatchBuilder builder({.producer_id = producer_.id,
                                  .producer_epoch = producer_.epoch,
                                  .base_sequence = sequences_[partition]++,
                                  .transactional = true});
    (void)builder.append({.timestamp_ms = 1, .key = std::nullopt, .value = "v"});
    kafka::ProduceRequest request;
    request.transaction_id = "id";
    request.acks = -1;
    auto& to = request.topics.emplace_back(kafka::ProduceRequest::Topic{.name = "out"})
                   .partitions.emplace_back();
    to.index = partition;
    to.records.emplace().push_back(builder.build());
    const auto response = ask<kafka::ProduceResponse>(request, second_form() ? 12 : 9);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, 0);
  }

  void write_offsets() {
    if (!second_form()) {
      kafka::AddOffsetsToTxnRequest request;
      request.transactional_id = "id";
      request.producer_id = producer_.id;
      request.producer_epoch = producer_.epoch;
      request.group = "g";
      EXPECT_EQ(ask<kafka::AddOffsetsToTxnResponse>(request, 3).error_code, 0);
    }
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = "id";
    request.group = "g";
    request.producer_id = producer_.id;
    request.producer_epoch = producer_.epoch;
    auto& to = request.topics.emplace_back(kafka::TxnOffsetCommitRequest::Topic{.name = "out"})
                   .partitions.emplace_back();
    to.index = 0;
    to.offset = 1;
    const auto response = ask<kafka::TxnOffsetCommitResponse>(request, second_form() ? 5 : 3);
    EXPECT_EQ(response.topics.at(0).partitions.at(0).error_code, 0);
  }

  TransactionNode node_{7};
  ProducerIdentity producer_;
  std::map<int, int32_t> sequences_;
};

TEST_P(Cost, OneSyncForEachWriteAndOneForTheEnd) {
  EXPECT_EQ(transact(1, false), 2U);
  EXPECT_EQ(transact(3, false), 4U);
  EXPECT_EQ(transact(1, true), 3U);
  EXPECT_EQ(transact(0, true), 2U);
}

INSTANTIATE_TEST_SUITE_P(BothForms, Cost, ::testing::Bool(),
                         [](const auto& form) { return form.param ? "Second" : "First"; });

}  // namespace
}  // namespace millrace::broker
