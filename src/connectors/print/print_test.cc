#include "connectors/print/print.h"

#include <gtest/gtest.h>

#include "connectors/connector_world_test.h"

namespace millrace::connectors {
namespace {

TestTable print_table(std::vector<std::pair<std::string, std::string>> options = {}) {
  return {.connector = "print",
          .columns = "a BIGINT, b STRING",
          .options = std::move(options),
          .format = "",
          .metadata = {},
          .key = {}};
}

TEST(Print, ALinePerChange) {
  ConnectorWorld world;
  ASSERT_TRUE(world.write(print_table(), {"+I 1 | x\n-U 1 | x", "+U 1 | NULL\n-D 1 | NULL"}));
  EXPECT_EQ(world.printed, "+I[1, x]\n-U[1, x]\n+U[1, NULL]\n-D[1, NULL]\n");
}

TEST(Print, APrefixTellsTablesApart) {
  ConnectorWorld world;
  ASSERT_TRUE(world.write(print_table({{"print-identifier", "out"}}), {"1 | x"}));
  EXPECT_EQ(world.printed, "out> +I[1, x]\n");
}

TEST(Print, NothingIsPrintedBeforeItsEpochIsCommitted) {
  ConnectorWorld world;
  TestRun dying;
  dying.crash = [](commit::Epoch, engine::EpochPhase phase) {
    return phase == engine::EpochPhase::kStaged;
  };
  ASSERT_FALSE(world.write(print_table(), {"1 | x"}, dying));
  EXPECT_EQ(world.printed, "");
  ASSERT_TRUE(world.write(print_table(), {"1 | x"}));
  EXPECT_EQ(world.printed, "+I[1, x]\n");
}

}  // namespace
}  // namespace millrace::connectors
