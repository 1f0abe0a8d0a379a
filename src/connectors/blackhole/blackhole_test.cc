#include "connectors/blackhole/blackhole.h"

#include <gtest/gtest.h>

#include "connectors/blackhole/row_checksum.h"
#include "connectors/connector_world_test.h"
#include "data/builder.h"

namespace millrace::connectors {
namespace {

TEST(Blackhole, TakesEveryChange) {
  ConnectorWorld world;
  const TestTable table{.connector = "blackhole",
                        .columns = "a BIGINT, b STRING",
                        .options = {},
                        .format = "",
                        .metadata = {},
                        .key = {}};
  const auto summary = world.write(table, {"+I 1 | x\n-U 1 | x", "+U 1 | NULL\n-D 1 | NULL"});
  ASSERT_TRUE(summary) << error_of(summary);
  EXPECT_EQ(summary->rows_out, 4U);
}

const std::string kLong(40, 'y');

uint64_t checksum_of(std::string_view columns, const std::string& rows) {
  return row_checksum(testing::rows_of(testing::schema_of(columns), rows), 0);
}

TEST(RowChecksum, EveryColumnAndEveryByteCounts) {
  const std::string_view columns = "a BIGINT, b STRING, c BOOLEAN";
  const uint64_t sum = checksum_of(columns, "1 | " + kLong + " | true");
  EXPECT_EQ(sum, checksum_of(columns, "1 | " + kLong + " | true"));
  for (const std::string& other :
       {"2 | " + kLong + " | true", "1 | " + kLong + " | false", "1 | " + kLong + " | NULL",
        "1 | " + kLong + "y | true", "1 | x" + kLong.substr(1) + " | true",
        "1 | " + kLong.substr(1) + "x | true", std::string("1 | y | true"),
        "1 | " + kLong + " | true\n1 | " + kLong + " | true"}) {
    EXPECT_NE(checksum_of(columns, other), sum) << other;
  }
}

TEST(RowChecksum, OnlyRowsThatArriveCount) {
  const auto schema = testing::schema_of("a BIGINT, b STRING");
  Buffer second = Buffer::allocate(sizeof(uint16_t));
  second.mutable_as<uint16_t>()[0] = 1;
  const auto selected = [&](const std::string& rows) {
    return row_checksum(testing::rows_of(schema, rows).with_selection(second, 1), 0);
  };
  const std::string row = "2 | " + kLong;
  EXPECT_EQ(selected("1 | " + kLong + "\n" + row), selected("3 | " + kLong + "zz\n" + row));
  EXPECT_NE(selected("1 | x\n" + row), selected("1 | x\n3 | " + kLong));
}

TEST(RowChecksum, NestedColumnsAreReadThrough) {
  const auto type = data::Type::array(data::Type(data::TypeKind::kVarchar));
  const auto schema = data::make_schema({{"a", type, true}});
  const auto sum = [&](std::string_view text) {
    data::BatchBuilder builder(schema);
    builder.column(0).child(0).append_text(text);
    builder.column(0).end_list();
    builder.end_row();
    return row_checksum(builder.finish(), 0);
  };
  EXPECT_EQ(sum(kLong), sum(kLong));
  EXPECT_NE(sum(kLong), sum(kLong.substr(1) + "z"));
}

}  // namespace
}  // namespace millrace::connectors
