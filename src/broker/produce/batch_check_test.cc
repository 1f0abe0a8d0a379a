#include "broker/produce/batch_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

#include "base/varint.h"
#include "broker/produce/record_scan.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::broker {
namespace {

using kafka::ProtocolError;
using record::Codec;

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};
constexpr int64_t kNowMs = 1'800'000'000'000;

TopicLimits limits() {
  return read_topic_limits({{"max.message.bytes", "100000000"}});
}

Buffer batch_of(Codec codec, int records, const std::function<record::NewRecord(int)>& make) {
  record::BatchBuilder builder({.codec = codec});
  for (int index = 0; index < records; ++index) (void)builder.append(make(index));
  return builder.build();
}

// The batch with other records, as they stand, in its codec.
Buffer with_records(const Buffer& batch, const std::string& records) {
  const auto header = *record::read_batch_header(batch.span());
  record::Compressor compressor;
  Buffer made = compressor.compress(header.codec(), std::as_bytes(std::span(records)),
                                    record::kBatchHeaderBytes);
  record::write_batch_header({made.mutable_data(), made.bytes()}, header);
  return made;
}

std::string plain_records(const Buffer& batch) {
  record::Decompressor decompressor;
  const auto view = *record::BatchView::read(batch);
  return std::string(view.records(decompressor)->bytes().view());
}

struct Outcome {
  ProtocolError error = ProtocolError::kNone;
  std::vector<int32_t> records;
  std::string message;
  Buffer stored;
};

Outcome check(const Buffer& batch, const TopicLimits& topic = limits()) {
  static BatchCheck checker;
  std::vector<Buffer> one;
  one.push_back(Buffer::copy_of(batch.span()));
  auto checked = checker.check(std::move(one), {topic, 13, kNowMs});
  if (checked) return {.stored = checked->bytes};
  return {checked.error().error, checked.error().records, checked.error().message, {}};
}

record::NewRecord plain(int) {
  return {.timestamp_ms = kNowMs, .key = "key", .value = "a value"};
}

TEST(BatchCheck, WholeBatchesOfEachCodecAreTakenAsTheyAre) {
  const std::string large(300'000, 'x');
  const record::RecordHeader headers[] = {{"h", "v"}, {"h", std::nullopt}, {"", ""}};
  for (const Codec codec : kCodecs) {
    SCOPED_TRACE(codec_name(codec));
    const Buffer batch = batch_of(codec, 700, [&](int index) {
      record::NewRecord record = plain(index);
      if (index % 3 == 0) record.headers = headers;
      if (index % 5 == 0) record.key = std::nullopt;
      if (index % 7 == 0) record.value = std::nullopt;
      if (index % 100 == 1) record.value = large;
      return record;
    });
    const Outcome outcome = check(batch);
    EXPECT_EQ(outcome.error, ProtocolError::kNone) << outcome.message;
    EXPECT_EQ(outcome.stored.view(), batch.view());
  }
}

TEST(BatchCheck, WhatNobodyCouldReadIsRefused) {
  for (const Codec codec : kCodecs) {
    SCOPED_TRACE(codec_name(codec));
    const Buffer batch = batch_of(codec, 3, plain);
    const std::string records = plain_records(batch);
    const std::string one(records, 0, records.size() / 3);
    const auto error_of = [&](const std::string& changed) {
      return check(with_records(batch, changed)).error;
    };
    EXPECT_EQ(error_of(records), ProtocolError::kNone);
    EXPECT_EQ(error_of(records + one), ProtocolError::kInvalidRecord);
    EXPECT_EQ(error_of(records.substr(0, 2 * one.size())), ProtocolError::kInvalidRecord);
    EXPECT_EQ(error_of(records.substr(0, records.size() - 1)), ProtocolError::kInvalidRecord);
    EXPECT_EQ(error_of(one + one + one), ProtocolError::kInvalidRecord) << "offsets 0, 0, 0";
    EXPECT_EQ(error_of(""), ProtocolError::kInvalidRecord);
    EXPECT_EQ(error_of(std::string(records.size(), '\xff')), ProtocolError::kInvalidRecord);
    if (codec == Codec::kNone) continue;
    // What its codec does not know.
    Buffer garbage = Buffer::copy_of(batch.span());
    for (size_t at = record::kBatchHeaderBytes; at < garbage.bytes(); ++at) {
      garbage.mutable_data()[at] = std::byte{0x5a};
    }
    record::write_batch_header({garbage.mutable_data(), garbage.bytes()},
                               *record::read_batch_header(batch.span()));
    EXPECT_EQ(check(garbage).error, ProtocolError::kInvalidRecord);
  }
}

TEST(BatchCheck, WhatExpandsWithoutMeasureIsRefused) {
  const std::string zeros(record::kUncompressedBytesMax + 1, '\0');
  for (const Codec codec : {Codec::kGzip, Codec::kZstd, Codec::kLz4, Codec::kSnappy}) {
    SCOPED_TRACE(codec_name(codec));
    const Buffer batch = batch_of(
        codec, 1, [&](int) { return record::NewRecord{.timestamp_ms = kNowMs, .value = zeros}; });
    EXPECT_EQ(check(batch).error, ProtocolError::kMessageTooLarge);
  }
}

TEST(BatchCheck, ACompactedTopicNamesTheRecordsWithoutAKey) {
  TopicLimits topic = limits();
  topic.compacted = true;
  for (const Codec codec : kCodecs) {
    const Outcome outcome = check(batch_of(codec, 4,
                                           [](int index) {
                                             record::NewRecord record = plain(index);
                                             if (index % 2 == 1) record.key = std::nullopt;
                                             return record;
                                           }),
                                  topic);
    EXPECT_EQ(outcome.error, ProtocolError::kInvalidRecord);
    EXPECT_EQ(outcome.records, (std::vector<int32_t>{1, 3}));
  }
}

TEST(BatchCheck, EachRecordsTimestampIsHeldAgainstTheTopic) {
  TopicLimits topic = limits();
  topic.timestamp_before_ms_max = 1'000;
  topic.timestamp_after_ms_max = 2'000;
  const int64_t times[] = {kNowMs, kNowMs - 1'000, kNowMs - 1'001,
                           -1,     kNowMs + 2'000, kNowMs + 2'001};
  for (const Codec codec : kCodecs) {
    const Buffer batch = batch_of(codec, 6, [&](int index) {
      return record::NewRecord{.timestamp_ms = times[index], .value = "v"};
    });
    const Outcome outcome = check(batch, topic);
    EXPECT_EQ(outcome.error, ProtocolError::kInvalidTimestamp);
    EXPECT_EQ(outcome.records, (std::vector<int32_t>{2, 5}));
    topic.log_append_time = true;
    const Outcome stamped = check(batch, topic);
    EXPECT_EQ(stamped.error, ProtocolError::kNone);
    const auto header = *record::read_batch_header(stamped.stored.span());
    EXPECT_EQ(header.timestamp_type(), record::TimestampType::kAppend);
    EXPECT_EQ(header.max_timestamp_ms, kNowMs);
    topic.log_append_time = false;
  }
}

TEST(BatchCheck, TheLargestTimestampIsThatOfTheRecords) {
  for (const int64_t claimed : {INT64_MAX, int64_t{-1}, kNowMs - 5}) {
    const Buffer batch = batch_of(Codec::kLz4, 3, plain);
    record::BatchHeader header = *record::read_batch_header(batch.span());
    header.max_timestamp_ms = claimed;
    Buffer changed = Buffer::copy_of(batch.span());
    record::write_batch_header({changed.mutable_data(), changed.bytes()}, header);
    const Outcome outcome = check(changed);
    EXPECT_EQ(outcome.error, ProtocolError::kNone) << outcome.message;
    // With its checksum.
    const auto view = record::BatchView::read(outcome.stored);
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->header().max_timestamp_ms, kNowMs);
  }
}

// Whatever is taken can be read, and what can be read with offsets in a row is taken.
TEST(RecordScan, SaysOfAnyBytesWhatAReaderSays) {
  std::mt19937_64 random(7);
  int whole = 0;
  for (int round = 0; round < 20'000; ++round) {
    const int count = 1 + static_cast<int>(random() % 3);
    const Buffer batch = batch_of(Codec::kNone, count, plain);
    std::string records = plain_records(batch);
    for (uint64_t left = random() % 3; left > 0; --left) {
      records[random() % records.size()] = static_cast<char>(random() % 4 == 0 ? random() : 0);
    }
    if (random() % 8 == 0) records.resize(random() % (records.size() + 1));
    record::BatchHeader header = *record::read_batch_header(batch.span());
    record::RecordReader reader(header, Buffer::copy_of(records));
    record::Record record;
    bool readable = true;
    for (int32_t next = 0;; ++next) {
      const auto more = reader.next(record);
      readable = more.has_value() && (!*more || record.offset == next);
      if (!readable || !*more) break;
    }
    RecordScan scan({.records = count, .base_timestamp_ms = header.base_timestamp_ms});
    bool taken = true;
    for (std::string_view rest = records; taken && !rest.empty();) {
      const std::string_view piece = rest.substr(0, 1 + random() % 5);
      taken = scan.take(std::as_bytes(std::span(piece))).has_value();
      rest.remove_prefix(piece.size());
    }
    taken = taken && scan.finish().has_value();
    ASSERT_EQ(taken, readable) << "round " << round;
    whole += readable ? 1 : 0;
  }
  EXPECT_GT(whole, 1'000);
}

}  // namespace
}  // namespace millrace::broker
