#include <gtest/gtest.h>

#include "base/hash.h"
#include "connectors/connector_world_test.h"
#include "connectors/log/error_records.h"
#include "connectors/log/log_connector.h"
#include "io/await.h"
#include "record/batch_builder.h"

namespace millrace::connectors {
namespace {

using record::NewRecord;

class Topic : public ::testing::Test {
 protected:
  void make_topic(uint32_t partitions = 1) {
    const auto made = io::await<commit::TopicId>(world.world.threads(), [&](auto done) {
      world.log.topics().create({.name = "topic", .partitions = partitions, .config = {}},
                                *world.reads, std::move(done));
    });
    ASSERT_TRUE(made) << error_of(made);
    topic = *made;
  }
  void append(std::vector<NewRecord> records, uint32_t partition = 0,
              record::Codec codec = record::Codec::kNone) {
    record::BatchBuilder builder({.codec = codec});
    for (const NewRecord& record : records) ASSERT_TRUE(builder.append(record));
    const auto batch = commit::RecordBatch::of(builder.build());
    ASSERT_TRUE(batch) << error_of(batch);
    const auto done = io::await<commit::Appended>(world.world.threads(), [&](auto completion) {
      world.log.appender().append({topic, partition}, *batch, commit::Acks::kDurable, *world.reads,
                                  std::move(completion));
    });
    ASSERT_TRUE(done) << error_of(done);
  }
  // "key=value" of every record of a partition; "-" for none.
  Lines records(uint32_t partition) {
    Lines lines;
    record::Decompressor decompressor;
    for (const Buffer& buffer : world.log.batches({topic, partition})) {
      auto reader = record::BatchView::read(buffer)->records(decompressor);
      record::Record record;
      while (*reader->next(record)) {
        lines.push_back(std::string(record.key.value_or("-")) + "=" +
                        std::string(record.value.value_or("-")));
        timestamps.push_back(record.timestamp_ms);
      }
    }
    return lines;
  }
  static TestTable table(std::vector<uint32_t> key = {}) {
    return {.connector = "log",
            .columns = "a BIGINT, b STRING",
            .options = {},
            .format = "json",
            .metadata = {},
            .key = std::move(key)};
  }

  ConnectorWorld world;
  commit::TopicId topic;
  std::vector<int64_t> timestamps;
};

TEST_F(Topic, WhatIsWrittenIsRead) {
  make_topic();
  const auto written = world.write(table(), {"1 | x\n2 | NULL", "3 | z"});
  ASSERT_TRUE(written) << error_of(written);
  EXPECT_EQ(records(0),
            (Lines{R"(-={"a":1,"b":"x"})", R"(-={"a":2,"b":null})", R"(-={"a":3,"b":"z"})"}));
  EXPECT_EQ(world.rows(table(), {.job = "reading"}),
            (Lines{"+I 1 | x", "+I 2 | NULL", "+I 3 | z"}));
}

TEST_F(Topic, WithoutATopicThereIsAnErrorThatNamesIt) {
  const auto missing = world.read(table());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kTopicNotFound);
  EXPECT_EQ(world.write(table(), {"1 | x"}).error().code(), ErrorCode::kTopicNotFound);
}

TEST_F(Topic, AKeyNamesThePartitionAsKafkaDoesAndDeletionsHaveNoValue) {
  make_topic(3);
  const auto written =
      world.write(table({0}), {"+I 1 | x\n+I 2 | y\n-U 1 | x\n+U 1 | xx\n-D 2 | y"});
  ASSERT_TRUE(written) << error_of(written);
  const auto partition_of = [](std::string_view key) {
    return (murmur2(std::as_bytes(std::span(key))) & 0x7fffffffU) % 3;
  };
  Lines expected[3];
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{R"({"a":1})", R"({"a":1,"b":"x"})"},
                                                        {R"({"a":2})", R"({"a":2,"b":"y"})"},
                                                        {R"({"a":1})", R"({"a":1,"b":"xx"})"},
                                                        {R"({"a":2})", "-"}}) {
    expected[partition_of(key)].push_back(key + "=" + value);
  }
  for (uint32_t partition = 0; partition < 3; ++partition) {
    EXPECT_EQ(records(partition), expected[partition]);
  }
  EXPECT_EQ(testing::fold(world.rows(table({0}), {.shards = 2, .job = "reading"})),
            testing::fold({"+I 1 | x", "+I 1 | xx", "+I 2 | y", "-D 2 | NULL"}));
}

TEST_F(Topic, ShardsWithoutKeyWriteToPartitionsOfTheirOwn) {
  make_topic(2);
  auto from =
      std::make_shared<testing::ScriptedSource>(testing::schema_of("a BIGINT, b STRING"), true);
  for (int split = 0; split < 4; ++split) {
    from->add_split({"s" + std::to_string(split), "", {}},
                    {testing::rows_of(from->schema(), std::to_string(split) + " | x")});
  }
  const auto written = world.write(table(), from, {.shards = 2});
  ASSERT_TRUE(written) << error_of(written);
  EXPECT_EQ(records(0).size(), 2U);
  EXPECT_EQ(records(1).size(), 2U);
}

TEST_F(Topic, NothingOfAnEpochThatWasNotCommittedIsThere) {
  make_topic();
  TestRun dying;
  dying.crash = [](commit::Epoch, engine::EpochPhase phase) {
    return phase == engine::EpochPhase::kStaged;
  };
  ASSERT_FALSE(world.write(table(), {"1 | x\n2 | y"}, dying));
  EXPECT_EQ(records(0), Lines());
  ASSERT_TRUE(world.write(table(), {"1 | x\n2 | y"}));
  EXPECT_EQ(records(0).size(), 2U);
}

TEST_F(Topic, ManyRowsComeInSeveralBatchesThroughALogThatIsOftenFull) {
  ConnectorWorld full({.full_every = 2});
  const auto made = io::await<commit::TopicId>(full.world.threads(), [&](auto done) {
    full.log.topics().create({.name = "topic", .partitions = 2, .config = {}}, *full.reads,
                             std::move(done));
  });
  ASSERT_TRUE(made);
  std::vector<std::string> batches;
  Lines expected;
  for (int batch = 0; batch < 20; ++batch) {
    std::string rows;
    for (int row = 0; row < 500; ++row) {
      const std::string line = std::to_string(batch * 500 + row) + " | " + std::string(90, 'x');
      rows += line + "\n";
      expected.push_back("+I " + line);
    }
    batches.push_back(rows);
  }
  const auto written = full.write(table({0}), batches, {.slice_batches_max = 1});
  ASSERT_TRUE(written) << error_of(written);
  EXPECT_GT(full.log.batches({*made, 0}).size(), 1U);
  EXPECT_EQ(testing::fold(full.rows(table({0}), {.shards = 2, .batch_rows_max = 7, .job = "r"})),
            testing::fold(expected));
}

TEST_F(Topic, MetadataStandsBesideThePayload) {
  make_topic();
  const record::RecordHeader headers[] = {{"h", "1"}, {"n", std::nullopt}};
  append({{.timestamp_ms = 1'500, .key = "k", .value = R"({"a":1,"b":"x"})", .headers = headers},
          {.timestamp_ms = 2'500, .key = std::nullopt, .value = R"({"a":2})", .headers = {}}});
  TestTable with = table();
  for (const traits::MetadataColumn& column : topic_metadata()) {
    with.metadata.push_back({.field = {std::string(column.key), column.type, column.nullable},
                             .metadata_key = std::string(column.key)});
  }
  const auto source = world.source(with);
  ASSERT_TRUE(source) << error_of(source);
  struct Kept final : engine::Emit {
    void rows(data::Batch batch, engine::Position, int64_t) override { text += batch.to_string(); }
    void reject(engine::Rejection rejection, engine::Position) override {
      text += rejection.reason;
    }
    std::string text;
  } kept;
  auto reader = (*source)->open((*source)->splits()->front(), "", [] {});
  ASSERT_TRUE(reader) << error_of(reader);
  world.world.threads().run_until_idle();
  while (*(*reader)->poll(10, kept) == engine::Step::kAgain) world.world.threads().run_until_idle();
  EXPECT_EQ(kept.text,
            "+I (1, 'x', 0, 0, 1970-01-01 00:00:01.500Z, \\x6b, {'h': \\x31, 'n': NULL})\n"
            "+I (2, NULL, 0, 1, 1970-01-01 00:00:02.500Z, NULL, {})\n");
}

TEST_F(Topic, TheTimestampIsWrittenOrTheClocks) {
  make_topic();
  TestTable with = table();
  with.metadata.push_back(
      {.field = {"ts", data::Type::timestamp_ltz(3), true}, .metadata_key = "timestamp"});
  ASSERT_TRUE(world.write(with, {"1 | x | 00:00:07\n2 | y | NULL"}));
  EXPECT_EQ(records(0).front(), R"(-={"a":1,"b":"x"})");
  EXPECT_EQ(timestamps[0], 7'000);
  EXPECT_GT(timestamps[1], 1'700'000'000'000);
}

TEST_F(Topic, ARecordThatIsNoRowIsNamedByOffsetAndTheOthersCome) {
  make_topic();
  append({{.value = R"({"a":1})"}, {.value = "no json"}, {.key = "k"}, {.value = R"({"a":4})"}});
  EXPECT_EQ(world.rows(table()), (Lines{"+I 1 | NULL", "+I 4 | NULL"}));
  ASSERT_EQ(world.rejected.size(), 2U);
  EXPECT_EQ(world.rejected[0].place, "topic-0@1");
  EXPECT_EQ(world.rejected[0].row, "no json");
  EXPECT_EQ(world.rejected[1].place, "topic-0@2");
}

TEST_F(Topic, CompressedBatchesAreReadAsOthers) {
  make_topic();
  for (const record::Codec codec :
       {record::Codec::kGzip, record::Codec::kSnappy, record::Codec::kLz4, record::Codec::kZstd}) {
    append({{.value = R"({"a":1,"b":"x"})"}, {.value = R"({"a":2,"b":"y"})"}}, 0, codec);
  }
  EXPECT_EQ(testing::fold(world.rows(table())), (Lines{"1 | x x4", "2 | y x4"}));
}

TEST_F(Topic, AnEndlessReaderGetsWhatComesLaterAndStandsStillBetween) {
  make_topic();
  append({{.value = R"({"a":1})"}});
  TestTable endless = table();
  endless.until_now = false;
  const auto source = world.source(endless);
  ASSERT_TRUE(source) << error_of(source);
  EXPECT_FALSE((*source)->bounded());
  int wakes = 0;
  auto reader = (*source)->open((*source)->splits()->front(), "", [&] { ++wakes; });
  ASSERT_TRUE(reader);
  struct Kept final : engine::Emit {
    void rows(data::Batch batch, engine::Position, int64_t) override { rows_seen += batch.size(); }
    void reject(engine::Rejection, engine::Position) override {}
    uint64_t rows_seen = 0;
  } kept;
  const auto drain = [&] {
    for (int turn = 0; turn < 10; ++turn) {
      world.world.threads().run_until_idle();
      ASSERT_NE(*(*reader)->poll(100, kept), engine::Step::kDone);
    }
  };
  drain();
  EXPECT_EQ(kept.rows_seen, 1U);
  EXPECT_TRUE((*reader)->caught_up());
  const int before = wakes;
  append({{.value = R"({"a":2})"}, {.value = R"({"a":3})"}});
  drain();
  EXPECT_GT(wakes, before);
  EXPECT_EQ(kept.rows_seen, 3U);
}

TEST_F(Topic, RejectionsBecomeRecordsOfJson) {
  const engine::Rejection rejections[] = {{.code = ErrorCode::kMalformedRow,
                                           .reason = "no \"row\"",
                                           .table = "t",
                                           .place = "a.json:7",
                                           .row = "x"},
                                          {.code = ErrorCode::kCastFailed,
                                           .reason = "r",
                                           .table = "t",
                                           .place = "p",
                                           .row = "\xff\xfe"}};
  const auto batch = encode_rejections("job", rejections, 1'500'000);
  ASSERT_TRUE(batch) << error_of(batch);
  record::Decompressor decompressor;
  auto reader = record::BatchView::read(*batch)->records(decompressor);
  record::Record record;
  ASSERT_TRUE(*reader->next(record));
  EXPECT_EQ(record.timestamp_ms, 1'500);
  EXPECT_EQ(*record.value,
            R"({"job":"job","code":"MR-3004","reason":"no \"row\"","source":"t",)"
            R"("place":"a.json:7","raw":"x","rejected_at":"1970-01-01 00:00:01.500Z"})");
  ASSERT_TRUE(*reader->next(record));
  EXPECT_NE(record.value->find(R"("raw":"base64://4=")"), std::string::npos);
}

}  // namespace
}  // namespace millrace::connectors
