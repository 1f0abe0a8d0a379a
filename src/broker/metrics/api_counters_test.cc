#include "broker/metrics/api_counters.h"

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/connections/response_queue.h"
#include "broker/dispatcher.h"
#include "broker/metrics/answer_errors.h"
#include "io/simulated_world.h"
#include "kafka/message.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/request_header.h"

namespace millrace::broker {
namespace {

template <class Response>
std::vector<int16_t> errors_of(const Response& response) {
  std::vector<int16_t> errors;
  for_each_error(response, [&](int16_t code) { errors.push_back(code); });
  return errors;
}

TEST(ErrorsOfAnAnswer, AreFoundAtEveryDepth) {
  kafka::FetchResponse fetch;
  EXPECT_TRUE(errors_of(fetch).empty());
  fetch.error_code = 70;
  fetch.topics.resize(2);
  fetch.topics[0].partitions.resize(3);
  fetch.topics[0].partitions[1].error_code = 1;
  fetch.topics[1].partitions.resize(1);
  fetch.topics[1].partitions[0].error_code = 3;
  EXPECT_EQ(errors_of(fetch), (std::vector<int16_t>{70, 1, 3}));
  kafka::CreateTopicsResponse create;
  create.topics.resize(2);
  create.topics[1].error_code = 36;
  EXPECT_EQ(errors_of(create), std::vector<int16_t>{36});
  kafka::OffsetFetchResponse offsets;
  offsets.groups.resize(1);
  offsets.groups[0].error_code = 16;
  EXPECT_EQ(errors_of(offsets), std::vector<int16_t>{16});
}

TEST(ApiCounter, TellsWhichErrorsHaveComeUp) {
  ApiCounter counter("Fetch");
  EXPECT_TRUE(counter.errors().empty());
  for (const int16_t code : {3, 3, -1, 10'000}) counter.count_error(code);
  const auto errors = counter.errors();
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0], std::pair(kafka::ProtocolError::kUnknownServerError, uint64_t{2}));
  EXPECT_EQ(errors[1], std::pair(kafka::ProtocolError::kUnknownTopicOrPartition, uint64_t{2}));
}

class RefusingHeartbeats final
    : public TypedHandler<kafka::HeartbeatRequest, kafka::HeartbeatResponse> {
 protected:
  void handle(Call, Request, Reply<Response> reply) override { reply.send({.error_code = 25}); }
};

TEST(Dispatcher, CountsWhatComesOfRequests) {
  io::SimulatedWorld world;
  const auto executor = world.threads().start({.name = "loop"});
  std::vector<std::unique_ptr<Handler>> handlers;
  handlers.push_back(std::make_unique<RefusingHeartbeats>());
  const Dispatcher dispatcher(std::move(handlers));
  // Header: key, version, correlation, client; body: group, generation, member.
  const std::string_view whole(
      "\0\x0c\0\0\0\0\0\x07\0\x01"
      "c"
      "\0\x01g\0\0\0\x01\0\x01m",
      21);
  ResponseQueue queue;
  const auto dispatch = [&](std::string_view frame) {
    const uint64_t request = queue.open(frame.size());
    dispatcher.dispatch({.executor = executor.get()}, Buffer::copy_of(frame),
                        [&, request](Answer answer) { queue.answer(request, std::move(answer)); });
  };
  dispatch(whole);
  dispatch(whole);
  const ApiCounter& counter = *dispatcher.counters().all().front();
  EXPECT_EQ(counter.name(), "Heartbeat");
  EXPECT_EQ(counter.requests(), 2U);
  EXPECT_EQ(counter.request_bytes(), 2 * whole.size());
  EXPECT_EQ(counter.response_bytes(), 0U);
  queue.take_ready(executor->now() + 3 * io::kNsPerMs);
  EXPECT_EQ(counter.response_bytes(), 2 * 10U);
  EXPECT_EQ(counter.durations().sum, 2 * 3 * io::kNsPerMs);
  ASSERT_EQ(counter.errors().size(), 1U);
  EXPECT_EQ(counter.errors()[0], std::pair(kafka::ProtocolError::kUnknownMemberId, uint64_t{2}));
  EXPECT_EQ(dispatcher.counters().refused(), 0U);
  dispatch(
      std::string_view("\0\x4d\0\0\0\0\0\x07\0\x01"
                       "c",
                       11));      // no such API
  dispatch(whole.substr(0, 15));  // cut off
  EXPECT_EQ(dispatcher.counters().refused(), 2U);
}

}  // namespace
}  // namespace millrace::broker
