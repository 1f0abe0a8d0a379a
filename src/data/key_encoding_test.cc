#include "data/key_encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "base/hash.h"
#include "data/builder.h"
#include "data/random_values_test.h"

namespace millrace::data {
namespace {

using testing_values::every_type;
using testing_values::random_column;

// Key bytes and hash of one row.
std::pair<std::string, uint64_t> key_of(std::vector<Field> fields, std::vector<Value> values) {
  std::vector<size_t> columns;
  for (size_t index = 0; index < fields.size(); ++index) columns.push_back(index);
  BatchBuilder builder(make_schema(std::move(fields)));
  builder.append_row(values);
  const Batch batch = builder.finish();
  KeyEncoder encoder(*batch.schema(), columns);
  Keys keys;
  encoder.encode(batch, keys);
  return {std::string(keys[0]), keys.hashes[0]};
}

std::string hex(std::string_view bytes) {
  return to_string(Value(std::string(bytes)), TypeKind::kBytes);
}

TEST(KeyEncoding, BytesAndHashesAreThoseOfTheFormat) {
  const auto [one, one_hash] = key_of({{"a", TypeKind::kBigint}}, {1});
  EXPECT_EQ(hex(one), "\\x0100000000000000");
  EXPECT_EQ(one_hash, 0x910a2dec89025cc1);
  const auto [two, two_hash] = key_of({{"a", TypeKind::kBigint}, {"b", TypeKind::kInt}}, {1, 2});
  EXPECT_EQ(hex(two), "\\x01000000000000000200000000000000");
  EXPECT_EQ(two_hash, 0x58a959d5c04a33b7);
  const auto [null, null_hash] =
      key_of({{"a", TypeKind::kBigint}, {"b", TypeKind::kVarchar}}, {1, Value()});
  EXPECT_EQ(hex(null), "\\x01000000000000000002");
  EXPECT_EQ(null_hash, 0xcfaaf931dc18e122);
  const auto [text, text_hash] = key_of({{"a", TypeKind::kVarchar}}, {"millrace"});
  EXPECT_EQ(hex(text), "\\x086d696c6c72616365");
  EXPECT_EQ(text_hash, hash64(std::as_bytes(std::span(std::string_view("millrace")))));
  EXPECT_EQ(key_of({}, {}), (std::pair<std::string, uint64_t>("", 0)));
}

TEST(KeyEncoding, IntegersAndFloatsOfEveryWidthAreAlikeByValue) {
  for (const int64_t value : {-100, -1, 0, 1, 127}) {
    const auto expected = key_of({{"a", TypeKind::kBigint}}, {value});
    for (const TypeKind kind : {TypeKind::kTinyint, TypeKind::kSmallint, TypeKind::kInt}) {
      EXPECT_EQ(key_of({{"a", kind}}, {value}), expected);
    }
  }
  EXPECT_EQ(key_of({{"a", TypeKind::kFloat}}, {1.5}), key_of({{"a", TypeKind::kDouble}}, {1.5}));
}

TEST(KeyEncoding, ThereIsOneZeroAndOneNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const TypeKind kind : {TypeKind::kFloat, TypeKind::kDouble}) {
    EXPECT_EQ(key_of({{"a", kind}}, {-0.0}), key_of({{"a", kind}}, {0.0}));
    EXPECT_EQ(key_of({{"a", kind}}, {nan}), key_of({{"a", kind}}, {-nan}));
    EXPECT_NE(key_of({{"a", kind}}, {nan}), key_of({{"a", kind}}, {0.0}));
    const RowCodec codec({Type(kind)});
    EXPECT_EQ(codec.encode_row(std::vector<Value>{-0.0}),
              codec.encode_row(std::vector<Value>{0.0}));
    EXPECT_EQ(codec.encode_row(std::vector<Value>{-nan}),
              codec.encode_row(std::vector<Value>{nan}));
  }
}

TEST(KeyEncoding, AMapIsEqualWhateverTheOrderOfItsEntries) {
  const Type type = Type::map(TypeKind::kVarchar, TypeKind::kInt);
  EXPECT_EQ(key_of({{"m", type}}, {Value(Value::List{"a", 1, "b", 2})}),
            key_of({{"m", type}}, {Value(Value::List{"b", 2, "a", 1})}));
}

TEST(KeyEncoding, NoTwoDifferentKeysShareBytes) {
  const std::vector<Field> texts = {{"a", TypeKind::kVarchar}, {"b", TypeKind::kVarchar}};
  const std::vector<std::vector<Value>> keys = {{"", ""},
                                                {"a", ""},
                                                {"", "a"},
                                                {Value(), ""},
                                                {"", Value()},
                                                {Value(), Value()},
                                                {"ab", "c"},
                                                {"a", "bc"},
                                                {"\x01", ""},
                                                {"", "\x01"},
                                                {std::string(1, '\0'), ""},
                                                {std::string(200, 'x'), "y"}};
  std::map<std::string, size_t> seen;
  for (size_t index = 0; index < keys.size(); ++index) {
    EXPECT_TRUE(seen.emplace(key_of(texts, keys[index]).first, index).second) << index;
  }
}

TEST(KeyEncoding, GroupsAreSharedOutInRuns) {
  for (const uint32_t shards : {1U, 2U, 3U, 4U, 7U, 64U}) {
    for (uint32_t shard = 0; shard < shards; ++shard) {
      const uint32_t first = first_group_of_shard(shard, shards);
      EXPECT_EQ(shard_of_group(first, shards), shard);
      EXPECT_EQ(shard_of_group(first_group_of_shard(shard + 1, shards) - 1, shards), shard);
    }
    EXPECT_EQ(first_group_of_shard(shards, shards), kKeyGroups);
  }
}

// Batches of random columns in random encodings with random selections.
class RandomKeys : public ::testing::Test {
 protected:
  Batch random_batch(const std::vector<Type>& types, int null_in) {
    std::vector<Field> fields;
    std::vector<ColumnPtr> columns;
    const auto rows = static_cast<uint32_t>(1 + random_() % 200);
    for (const Type& type : types) {
      fields.push_back({"c", type});
      ColumnPtr column = random_column(type, rows, random_, null_in);
      const auto form = random_() % 4;
      if (form == 1) column = Column::constant(type, column->value(0), rows);
      if (form == 2 && !column->may_have_nulls() && type.kind() != TypeKind::kNull) {
        Buffer indices = Buffer::allocate(rows * sizeof(uint32_t));
        for (uint32_t n = 0; n < rows; ++n) {
          indices.mutable_as<uint32_t>()[n] = static_cast<uint32_t>(random_() % rows);
        }
        column = Column::dictionary(column, indices, Buffer(), rows);
      }
      columns.push_back(column);
    }
    Batch batch(make_schema(fields), columns, rows);
    if (random_() % 2 == 0) return batch;
    std::vector<uint16_t> selection;
    for (uint32_t row = 0; row < rows; ++row) {
      if (random_() % 3 == 0) selection.push_back(static_cast<uint16_t>(row));
    }
    const Buffer bytes = Buffer::copy_of(std::as_bytes(std::span(selection)));
    return std::move(batch).with_selection(bytes, static_cast<uint32_t>(selection.size()));
  }
  std::mt19937_64 random_{42};
};

TEST_F(RandomKeys, EncodeAndDecodeRoundTripInBothLayouts) {
  const std::vector<Type> types = every_type();
  for (int round = 0; round < 400; ++round) {
    std::vector<Type> chosen;
    for (size_t count = random_() % 5; count > 0; --count) {
      chosen.push_back(types[random_() % types.size()]);
    }
    const Batch batch = random_batch(chosen, round % 2 == 0 ? 5 : 1 << 30);
    for (const auto layout : {RowCodec::Layout::kState, RowCodec::Layout::kKey}) {
      const RowCodec codec(chosen, layout);
      EncodedRows rows;
      codec.encode(batch, rows);
      ASSERT_EQ(rows.size(), batch.size());
      const auto columns = codec.decode(rows.views());
      ASSERT_TRUE(columns) << columns.error().to_string();
      for (size_t index = 0; index < chosen.size(); ++index) {
        for (uint32_t n = 0; n < batch.size(); ++n) {
          ASSERT_EQ((*columns)[index]->value(n), batch.column(index)->value(batch.row(n)))
              << chosen[index].to_string();
        }
      }
    }
  }
}

TEST_F(RandomKeys, EqualBytesHaveEqualHashesHoweverTheColumnIsEncoded) {
  std::map<std::string, uint64_t> hashes;
  const std::vector<Type> chosen = {TypeKind::kTinyint, TypeKind::kVarchar, TypeKind::kBoolean};
  for (int round = 0; round < 200; ++round) {
    const Batch batch = random_batch(chosen, round % 2 == 0 ? 5 : 1 << 30);
    KeyEncoder encoder(*batch.schema(), {0, 1, 2});
    Keys keys;
    encoder.encode(batch, keys);
    for (size_t n = 0; n < keys.size(); ++n) {
      const auto [place, fresh] = hashes.emplace(std::string(keys[n]), keys.hashes[n]);
      ASSERT_EQ(place->second, keys.hashes[n]);
      (void)fresh;
    }
  }
  EXPECT_GT(hashes.size(), 1000U);
}

TEST_F(RandomKeys, SingleWordsAreReachableAsNumbers) {
  BatchBuilder builder(make_schema({{"a", TypeKind::kInt}}));
  for (int n = 0; n < 100; ++n) builder.append_row({n - 50});
  const Batch batch = builder.finish();
  KeyEncoder encoder(*batch.schema(), {0});
  Keys keys;
  encoder.encode(batch, keys);
  ASSERT_NE(keys.words(), nullptr);
  for (int n = 0; n < 100; ++n) EXPECT_EQ(keys.words()[n], static_cast<uint64_t>(n - 50));
  builder.append_row({Value()});
  encoder.encode(builder.finish(), keys);
  EXPECT_EQ(keys.words(), nullptr);
  EXPECT_TRUE(keys.has_null(0));
}

TEST_F(RandomKeys, DamagedBytesAreRefusedOrGiveSomeRow) {
  const std::vector<Type> types = every_type();
  for (int round = 0; round < 2000; ++round) {
    std::vector<Type> chosen;
    for (size_t count = 1 + random_() % 4; count > 0; --count) {
      chosen.push_back(types[random_() % types.size()]);
    }
    const RowCodec codec(chosen);
    EncodedRows rows;
    codec.encode(random_batch(chosen, 5), rows);
    if (rows.size() == 0) continue;
    std::string row(rows[random_() % rows.size()]);
    if (!row.empty() && random_() % 2 == 0)
      row[random_() % row.size()] ^= static_cast<char>(random_());
    if (random_() % 2 == 0) row.resize(random_() % (row.size() + 3));
    const auto values = codec.decode_row(row);
    if (!values) {
      EXPECT_EQ(values.error().code(), ErrorCode::kCorruptState);
    }
  }
}

}  // namespace
}  // namespace millrace::data
