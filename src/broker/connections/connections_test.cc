#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "base/endian.h"
#include "broker/connections/frame_reader.h"
#include "broker/connections/response_queue.h"

namespace millrace::broker {
namespace {

std::string framed(std::string_view body) {
  char raw[4];
  store_be<int32_t>(raw, static_cast<int32_t>(body.size()));
  return std::string(raw, 4) + std::string(body);
}

// Gives `bytes` to the reader in pieces of random sizes; returns the frames.
std::vector<Buffer> read_in_pieces(FrameReader& reader, std::string_view bytes,
                                   std::mt19937& random, size_t piece_max) {
  std::vector<Buffer> frames;
  while (!bytes.empty()) {
    const auto space = reader.space();
    const size_t piece = std::min({space.size(), bytes.size(), 1 + random() % piece_max});
    std::memcpy(space.data(), bytes.data(), piece);
    bytes.remove_prefix(piece);
    reader.received(piece);
    while (true) {
      auto frame = reader.next();
      EXPECT_TRUE(frame.has_value());
      if (!frame || !*frame) break;
      frames.push_back(**frame);
    }
  }
  return frames;
}

TEST(FrameReader, FramesComeBackHoweverTheyAreCut) {
  std::mt19937 random(7);
  for (const size_t piece_max : {1UL, 3UL, 100UL, 70'000UL, 1'000'000UL}) {
    std::vector<std::string> bodies;
    std::string bytes;
    const size_t body_max = piece_max == 1 ? 300 : 200'000;
    for (int i = 0; i < 40; ++i) {
      bodies.emplace_back(random() % (i % 4 == 0 ? body_max : 50), static_cast<char>('a' + i % 26));
      bytes += framed(bodies.back());
    }
    FrameReader reader(1 << 20, nullptr);
    const auto frames = read_in_pieces(reader, bytes, random, piece_max);
    ASSERT_EQ(frames.size(), bodies.size());
    for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(frames[i].view(), bodies[i]);
  }
}

TEST(FrameReader, TheRestOfALargeFrameIsReceivedInOnePiece) {
  FrameReader reader(10 << 20, nullptr);
  const std::string bytes = framed(std::string(5 << 20, 'x'));
  std::memcpy(reader.space().data(), bytes.data(), 10);
  reader.received(10);
  EXPECT_FALSE(reader.next()->has_value());
  EXPECT_GE(reader.space().size(), bytes.size() - 10);
}

TEST(FrameReader, ALengthOutOfRangeIsRefused) {
  for (const int32_t length : {-1, INT32_MIN, 1'001, INT32_MAX}) {
    FrameReader reader(1'000, nullptr);
    store_be<int32_t>(reader.space().data(), length);
    reader.received(4);
    const auto frame = reader.next();
    ASSERT_FALSE(frame.has_value()) << length;
    EXPECT_EQ(frame.error().code(), ErrorCode::kMalformedRequest);
  }
}

Answer frame_of(std::string_view text) {
  return std::vector<Buffer>{Buffer::copy_of(text)};
}

std::string text_of(const std::vector<Buffer>& chain) {
  std::string text;
  for (const Buffer& part : chain) text += part.view();
  return text;
}

TEST(ResponseQueue, AnswersLeaveInTheOrderOfTheRequests) {
  ResponseQueue queue;
  const uint64_t first = queue.open(10);
  const uint64_t second = queue.open(20);
  const uint64_t third = queue.open(30);
  EXPECT_EQ(queue.in_flight_bytes(), 60U);
  queue.answer(third, frame_of("c"));
  EXPECT_TRUE(queue.take_ready({}).empty());
  queue.answer(first, frame_of("a"));
  EXPECT_EQ(text_of(queue.take_ready({})), "a");
  queue.answer(second, NoResponse());
  EXPECT_EQ(text_of(queue.take_ready({})), "c");
  EXPECT_EQ(queue.in_flight(), 0U);
  EXPECT_EQ(queue.in_flight_bytes(), 0U);
}

TEST(ResponseQueue, NothingFollowsAnError) {
  ResponseQueue queue;
  const uint64_t first = queue.open(1);
  const uint64_t second = queue.open(1);
  const uint64_t third = queue.open(1);
  queue.answer(third, frame_of("c"));
  queue.answer(second, Error(ErrorCode::kMalformedRequest, "no"));
  EXPECT_TRUE(queue.take_ready({}).empty());
  EXPECT_FALSE(queue.ended().has_value());
  queue.answer(first, frame_of("a"));
  EXPECT_EQ(text_of(queue.take_ready({})), "a");
  ASSERT_TRUE(queue.ended().has_value());
  EXPECT_EQ(queue.ended()->message(), "no");
  EXPECT_TRUE(queue.take_ready({}).empty());
}

}  // namespace
}  // namespace millrace::broker
