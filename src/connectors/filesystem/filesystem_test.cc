#include "connectors/filesystem/filesystem.h"

#include <gtest/gtest.h>

#include "connectors/connector_world_test.h"

namespace millrace::connectors {
namespace {

TestTable json_table(const std::string& path) {
  return {.connector = "filesystem",
          .columns = "a BIGINT, b STRING",
          .options = {{"path", path}},
          .format = "json",
          .metadata = {},
          .key = {}};
}

std::string many_lines(int first, int count) {
  std::string text;
  for (int row = first; row < first + count; ++row) {
    text += "{\"a\":" + std::to_string(row) + ",\"b\":\"row " + std::to_string(row) + "\"}\n";
  }
  return text;
}

Lines expected_lines(int first, int count) {
  Lines lines;
  for (int row = first; row < first + count; ++row) {
    lines.push_back("+I " + std::to_string(row) + " | row " + std::to_string(row));
  }
  return lines;
}

TEST(Filesystem, ReadsAFileInOrder) {
  ConnectorWorld world;
  world.write_file("/in/a.json", many_lines(0, 10'000));
  EXPECT_EQ(world.rows(json_table("/in/a.json")), expected_lines(0, 10'000));
}

TEST(Filesystem, BatchSizesAndShardsChangeNothing) {
  for (const uint32_t rows : {1U, 7U}) {
    for (const uint32_t shards : {1U, 3U}) {
      ConnectorWorld world;
      world.write_file("/in/a.json", many_lines(0, 50));
      world.write_file("/in/b.json", many_lines(50, 50));
      world.write_file("/in/c.json", "");
      Lines lines = world.rows(json_table("/in"),
                               {.shards = shards, .batch_rows_max = rows, .slice_batches_max = 1});
      EXPECT_EQ(testing::fold(lines), testing::fold(expected_lines(0, 100)));
    }
  }
}

TEST(Filesystem, ABadRowIsNamedByFileAndLine) {
  ConnectorWorld world;
  world.write_file("/in/a.json", "{\"a\":1,\"b\":\"x\"}\n{\"a\":\n{\"a\":3,\"b\":\"z\"}\n");
  EXPECT_EQ(world.rows(json_table("/in/a.json")), (Lines{"+I 1 | x", "+I 3 | z"}));
  ASSERT_EQ(world.rejected.size(), 1U);
  EXPECT_EQ(world.rejected[0].place, "/in/a.json:2");
  EXPECT_EQ(world.rejected[0].row, "{\"a\":");
}

TEST(Filesystem, GoesOnInTheMiddleAfterACrash) {
  ConnectorWorld world;
  world.write_file("/in/a.json", many_lines(0, 20'000));
  const TestTable table = json_table("/in/a.json");
  TestRun dying{.slice_batches_max = 1, .rows_per_second = 1e6};
  dying.crash = [](commit::Epoch epoch, engine::EpochPhase phase) {
    return epoch.value() == 4 && phase == engine::EpochPhase::kBarrier;
  };
  auto outcome = std::make_shared<testing::Collected>();
  const commit::PartitionId out = world.log.make_partition("out");
  auto run = [&](const TestRun& how) {
    return world.run(*world.source(table), testing::collecting_sink(out, outcome), how);
  };
  ASSERT_FALSE(run(dying));
  const size_t before = outcome->lines().size();
  EXPECT_LT(before, 20'000U);
  const auto summary = run({});
  ASSERT_TRUE(summary) << error_of(summary);
  EXPECT_LT(summary->rows_in, 20'000U);
  EXPECT_EQ(testing::committed_lines(world.log, out), expected_lines(0, 20'000));
}

TEST(Filesystem, AFileThatChangedWhileItWasReadIsRefused) {
  ConnectorWorld world;
  world.write_file("/in/a.json", many_lines(0, 20'000));
  TestRun dying{.slice_batches_max = 1, .rows_per_second = 1e6};
  dying.crash = [](commit::Epoch epoch, engine::EpochPhase phase) {
    return epoch.value() == 4 && phase == engine::EpochPhase::kBarrier;
  };
  ASSERT_FALSE(world.read(json_table("/in/a.json"), dying));
  world.write_file("/in/a.json", many_lines(0, 30'000));
  const auto refused = world.read(json_table("/in/a.json"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInputChanged);
}

TEST(Filesystem, AFailingReadEndsTheJob) {
  ConnectorWorld world;
  world.write_file("/in/a.json", many_lines(0, 10));
  world.world.files().inject({.call = io::FileCall::kRead});
  const auto failed = world.read(json_table("/in/a.json"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kIoFailed);
}

}  // namespace
}  // namespace millrace::connectors
