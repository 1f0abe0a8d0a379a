#include <gtest/gtest.h>

#include <random>

#include "base/endian.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::record {
namespace {

Buffer from_hex(std::string_view hex) {
  std::string bytes;
  std::string digits;
  for (const char digit : hex) {
    if (digit == ' ') continue;
    digits += digit;
    if (digits.size() < 2) continue;
    bytes += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return Buffer::copy_of(bytes);
}

std::string to_hex(const Buffer& buffer) {
  std::string hex;
  for (const std::byte byte : buffer.span())
    hex += fmt::format("{:02x}", std::to_integer<int>(byte));
  return hex;
}

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

// A record that owns its bytes, for comparing.
struct Owned {
  int64_t offset;
  int64_t timestamp_ms;
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  friend bool operator==(const Owned&, const Owned&) = default;
};

Owned own(const Record& record) {
  Owned owned{record.offset, record.timestamp_ms, {}, {}, {}};
  if (record.key) owned.key = *record.key;
  if (record.value) owned.value = *record.value;
  for (const RecordHeader& header : record.headers) {
    owned.headers.emplace_back(header.key, header.value);
  }
  return owned;
}

Result<std::vector<Owned>> read_records(const BatchView& view) {
  Decompressor decompressor;
  RecordReader reader = MILLRACE_TRY(view.records(decompressor));
  std::vector<Owned> records;
  Record record;
  while (MILLRACE_TRY(reader.next(record))) records.push_back(own(record));
  return records;
}

Result<std::vector<Owned>> read_all(const Buffer& bytes, Checksum checksum = Checksum::kCompare) {
  return read_records(MILLRACE_TRY(BatchView::read(bytes, checksum)));
}

// Puts the right checksum over altered bytes.
Buffer sealed(Buffer batch) {
  Buffer own_copy = Buffer::copy_of(batch.span());
  store_be(own_copy.mutable_data() + 17, batch_crc(own_copy.span()));
  return own_copy;
}

Buffer with_byte(const Buffer& batch, size_t at, uint8_t byte) {
  Buffer copy = Buffer::copy_of(batch.span());
  copy.mutable_data()[at] = std::byte{byte};
  return copy;
}

// Three records at offset 7, leader epoch 3, as another implementation writes them:
// (1000, "k1", "v1"), (1005, null, "value two", a = 1, b = null), (998, "", null).
constexpr std::string_view kThreeRecords =
    "0000000000000007 0000005a 00000003 02 1fc39ebb 0000 00000002 00000000000003e8"
    "00000000000003ed ffffffffffffffff ffff ffffffff 00000003"
    "14 00 00 00 046b31 047631 00"
    "2c 00 0a 02 01 1276616c75652074776f 04 0261 0231 0262 01"
    "0c 00 03 04 00 01 00";

// Twenty records at offset 7 with timestamps from 1000 on, each ("key", "the same value again and
// again"), compressed by the same implementation.
struct CompressedExample {
  Codec codec;
  std::string_view hex;
};
constexpr auto kCompressedExamples = std::to_array<CompressedExample>({
    {Codec::kGzip,
     "0000000000000007000000b6000000030299251aa400010000001300000000000003e800000000000003"
     "fbffffffffffffffffffffffffffff000000141f8b0800baa3036b02ff8dca5d0a45501480d19d749224"
     "4992a49d6414c6600ebb9cee957bbdf829b3f76002dfdb7a589388b8d5dfe3f1f5badbdfeb65bfd3ab7d"
     "6cd9d4b6f9954c1204ec85217bceb11745ecc5317b49c25e9ab29765ece5397b45c15e59b25755ecd535"
     "7b4dc35edbb2a7ca5ed7b1d7f7ec0d03790fbb3901f020030000"},
    {Codec::kSnappy,
     "0000000000000007000000e00000000302c312a52400020000001300000000000003e800000000000003"
     "fbffffffffffffffffffffffffffff0000001482534e415050590000000001000000010000009ba00680"
     "4e000000066b65793c7468652073616d652076616c756520616761696e20616e64090a10004e00020296"
     "2800040404962800040606962800040808962800040a0a962800040c0c962800040e0e96280004101096"
     "2800041212962800041414962800041616962800041818962800041a1a962800041c1c962800041e1e96"
     "28000420209628000422229628000424249628000426268e2800"},
    {Codec::kLz4,
     "0000000000000007000000e8000000030206553e9f00030000001300000000000003e800000000000003"
     "fbffffffffffffffffffffffffffff0000001404224d18684020030000000000003ba0000000f2124e00"
     "0000066b65793c7468652073616d652076616c756520616761696e20616e640a005f004e000202280013"
     "2f04042800132f06062800132f08082800132f0a0a2800132f0c0c2800132f0e0e2800132f1010280013"
     "2f12122800132f14142800132f16162800132f18182800132f1a1a2800132f1c1c2800132f1e1e280013"
     "2f20202800132f22222800132f24242800132f262628000c506761696e0000000000"},
    {Codec::kZstd,
     "0000000000000007000000b50000000302c14445cc00040000001300000000000003e800000000000003"
     "fbffffffffffffffffffffffffffff0000001428b52ffd602002d50300a4044e000000066b65793c7468"
     "652073616d652076616c756520616761696e20616e64004e0002020404060608080a0a0c0c0e0e101012"
     "121414161618181a1a1c1c1e1e2020222224242626140001898307070f0e1e1c3c387870f0e0e0c1c183"
     "8307070f0e1e1c3c387870f0e0e0c1c18383075feae974284f"},
});

std::vector<Owned> three_records() {
  return {{7, 1000, "k1", "v1", {}},
          {8, 1005, std::nullopt, "value two", {{"a", "1"}, {"b", std::nullopt}}},
          {9, 998, "", std::nullopt, {}}};
}

Buffer build_three(BatchOptions options = {}) {
  BatchBuilder builder(options);
  const std::array<RecordHeader, 2> headers = {{{"a", "1"}, {"b", std::nullopt}}};
  EXPECT_TRUE(builder.append({.timestamp_ms = 1000, .key = "k1", .value = "v1"}));
  EXPECT_TRUE(builder.append({.timestamp_ms = 1005, .value = "value two", .headers = headers}));
  EXPECT_TRUE(builder.append({.timestamp_ms = 998, .key = ""}));
  return builder.build();
}

TEST(RecordBatch, ReadsTheBytesOfAnotherImplementation) {
  const Buffer bytes = from_hex(kThreeRecords);
  const BatchView view = BatchView::read(bytes).value();
  EXPECT_EQ(view.bytes(), bytes.bytes());
  EXPECT_EQ(view.header().base_offset, 7);
  EXPECT_EQ(view.header().leader_epoch, 3);
  EXPECT_EQ(view.header().last_offset(), 9);
  EXPECT_EQ(view.header().max_timestamp_ms, 1005);
  EXPECT_EQ(view.header().producer_id, -1);
  EXPECT_EQ(view.header().record_count, 3);
  EXPECT_FALSE(view.header().transactional());
  EXPECT_EQ(read_records(view).value(), three_records());
}

TEST(RecordBatch, WritesTheBytesOfAnotherImplementation) {
  Buffer batch = build_three();
  assign_offset({batch.mutable_data(), batch.bytes()}, 7, 3);
  EXPECT_EQ(to_hex(batch), without_spaces(std::string(kThreeRecords)));
}

TEST(RecordBatch, ReadsEveryCodecOfAnotherImplementation) {
  for (const auto& [codec, hex] : kCompressedExamples) {
    const BatchView view = BatchView::read(from_hex(hex)).value();
    EXPECT_EQ(view.header().codec(), codec);
    const std::vector<Owned> records = read_records(view).value();
    ASSERT_EQ(records.size(), 20U) << codec_name(codec);
    EXPECT_EQ(records.back(), (Owned{26, 1019, "key", "the same value again and again", {}}));
  }
}

TEST(RecordBatch, AssigningAnOffsetLeavesTheChecksumValid) {
  Buffer batch = build_three({.codec = Codec::kZstd,
                              .producer_id = 5,
                              .producer_epoch = 1,
                              .base_sequence = 10,
                              .transactional = true});
  assign_offset({batch.mutable_data(), batch.bytes()}, int64_t{1} << 40, 9);
  const BatchView view = BatchView::read(batch).value();
  EXPECT_EQ(view.header().last_offset(), (int64_t{1} << 40) + 2);
  EXPECT_EQ(view.header().leader_epoch, 9);
  EXPECT_EQ(view.header().producer_id, 5);
  EXPECT_EQ(view.header().base_sequence, 10);
  EXPECT_TRUE(view.header().transactional());
  EXPECT_EQ(read_records(view).value().front().offset, int64_t{1} << 40);
}

TEST(RecordBatch, SeveralBatchesInOneBufferAreReadInPlace) {
  const Buffer first = build_three();
  std::string both(first.view());
  both += build_three({.codec = Codec::kLz4}).view();
  const Buffer bytes = Buffer::copy_of(both);
  const BatchView one = BatchView::read(bytes).value();
  EXPECT_EQ(one.buffer().data(), bytes.data());
  const BatchView two =
      BatchView::read(bytes.slice(one.bytes(), bytes.bytes() - one.bytes())).value();
  EXPECT_EQ(two.header().codec(), Codec::kLz4);
  EXPECT_EQ(one.bytes() + two.bytes(), bytes.bytes());
  EXPECT_EQ(batch_bytes(bytes.span().first(12)).value(), one.bytes());
}

TEST(RecordBatch, AppendTimeReplacesTheRecordsTimestamps) {
  const Buffer batch = sealed(with_byte(build_three(), 22, 0x08));
  const auto records = read_all(batch).value();
  for (const Owned& record : records) EXPECT_EQ(record.timestamp_ms, 1005);
}

TEST(RecordBatch, CompactedBatchesMayHaveHolesOrBeEmpty) {
  BatchBuilder builder;
  ASSERT_TRUE(builder.append_at(3, {.timestamp_ms = 1, .value = "x"}));
  ASSERT_TRUE(builder.append_at(100'000, {.timestamp_ms = 1, .value = "y"}));
  const auto records = read_all(builder.build(10)).value();
  EXPECT_EQ(records.front().offset, 13);
  EXPECT_EQ(records.back().offset, 100'010);
  Buffer empty = Buffer::zeroed(kBatchHeaderBytes);
  write_batch_header({empty.mutable_data(), empty.bytes()}, {.last_offset_delta = 4});
  EXPECT_EQ(BatchView::read(empty).value().header().last_offset(), 4);
  EXPECT_TRUE(read_all(empty).value().empty());
}

TEST(RecordBatch, ExtremeTimestampsRoundTrip) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  BatchBuilder builder;
  for (const int64_t ms : {kMax, kMin, int64_t{-1}}) {
    ASSERT_TRUE(builder.append({.timestamp_ms = ms}));
  }
  const auto records = read_all(builder.build()).value();
  EXPECT_EQ(records[0].timestamp_ms, kMax);
  EXPECT_EQ(records[1].timestamp_ms, kMin);
  EXPECT_EQ(records[2].timestamp_ms, -1);
}

std::string random_text(std::mt19937& random, size_t bytes_max) {
  std::string text(random() % (bytes_max + 1), ' ');
  const auto letters = 1 + random() % 256;
  for (char& byte : text) byte = static_cast<char>(random() % letters);
  return text;
}

std::optional<std::string> random_nullable(std::mt19937& random, size_t bytes_max) {
  if (random() % 8 == 0) return std::nullopt;
  return random_text(random, bytes_max);
}

// Appends `record` as it would be read back.
void append_owned(BatchBuilder& builder, const Owned& record) {
  std::vector<RecordHeader> headers;
  for (const auto& [key, value] : record.headers) headers.push_back({key, value});
  ASSERT_TRUE(builder.append({.timestamp_ms = record.timestamp_ms,
                              .key = record.key,
                              .value = record.value,
                              .headers = headers}));
}

TEST(RecordBatch, RandomBatchesRoundTripThroughEveryCodec) {
  std::mt19937 random(1);
  std::array<BatchBuilder, kCodecCount> builders;
  for (size_t codec = 0; codec < kCodecCount; ++codec) {
    builders[codec] = BatchBuilder({.codec = static_cast<Codec>(codec), .capacity_bytes = 100});
  }
  for (int round = 0; round < 300; ++round) {
    std::vector<Owned> expected;
    const size_t count = 1 + random() % 50;
    const size_t bytes_max = round % 10 == 0 ? 50'000 : 100;
    for (size_t index = 0; index < count; ++index) {
      Owned record{static_cast<int64_t>(1'000 + index),
                   static_cast<int64_t>(random()),
                   random_nullable(random, 20),
                   random_nullable(random, bytes_max),
                   {}};
      for (size_t header = random() % 4; header > 0; --header) {
        record.headers.emplace_back(random_text(random, 9), random_nullable(random, 9));
      }
      for (BatchBuilder& builder : builders) append_owned(builder, record);
      expected.push_back(std::move(record));
    }
    for (BatchBuilder& builder : builders) {
      ASSERT_EQ(read_all(builder.build(1'000)).value(), expected);
      ASSERT_TRUE(builder.empty());
    }
  }
}

TEST(RecordBatch, ACutAtAnyByteIsRefused) {
  for (size_t codec = 0; codec < kCodecCount; ++codec) {
    const Buffer batch = build_three({.codec = static_cast<Codec>(codec)});
    for (size_t bytes = 0; bytes < batch.bytes(); ++bytes) {
      const Buffer cut = Buffer::copy_of(batch.span().first(bytes));
      EXPECT_EQ(BatchView::read(cut).error().code(), ErrorCode::kCorruptRecord);
      if (bytes < kBatchHeaderBytes) continue;
      // Also with a length and a checksum that fit the cut.
      Buffer shortened = Buffer::copy_of(cut.span());
      store_be(shortened.mutable_data() + 8, static_cast<int32_t>(bytes - kBatchPrefixBytes));
      EXPECT_FALSE(read_all(sealed(shortened))) << codec << " cut at " << bytes;
    }
  }
}

TEST(RecordBatch, AnyFlippedBitUnderTheChecksumIsDetected) {
  const Buffer batch = build_three();
  // Offset and leader epoch lie outside; bit 7 is the offset's sign.
  for (size_t bit = 0; bit < batch.bytes() * 8; ++bit) {
    Buffer flipped = Buffer::copy_of(batch.span());
    flipped.mutable_data()[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    const bool outside = bit / 8 < 8 || (bit / 8 >= 12 && bit / 8 < 16);
    EXPECT_EQ(BatchView::read(flipped).has_value(), outside && bit != 7) << "bit " << bit;
    // Nor may it lead astray whoever trusts the checksum.
    (void)read_all(flipped, Checksum::kTrusted);
  }
}

TEST(RecordBatch, RandomDamageUnderAValidChecksumNeverReadsOutOfBounds) {
  std::mt19937 random(2);
  for (int round = 0; round < 20'000; ++round) {
    Buffer batch = build_three({.codec = static_cast<Codec>(round % kCodecCount)});
    for (size_t change = 1 + random() % 4; change > 0; --change) {
      const size_t at = 16 + random() % (batch.bytes() - 16);
      batch.mutable_data()[at] = static_cast<std::byte>(random());
    }
    (void)read_all(sealed(batch));
  }
}

TEST(RecordBatch, ContradictoryHeadersAreRefusedWithTheRightCode) {
  const Buffer batch = build_three();
  const auto code = [](const Buffer& bytes) { return read_all(sealed(bytes)).error().code(); };
  EXPECT_EQ(code(with_byte(batch, 16, 1)), ErrorCode::kCorruptRecord) << "version";
  EXPECT_EQ(code(with_byte(batch, 22, 5)), ErrorCode::kUnsupportedCodec);
  EXPECT_EQ(code(with_byte(batch, 0, 0x80)), ErrorCode::kCorruptRecord) << "base offset";
  EXPECT_EQ(code(with_byte(batch, 60, 4)), ErrorCode::kCorruptRecord) << "count above offsets";
  EXPECT_EQ(code(with_byte(batch, 60, 2)), ErrorCode::kCorruptRecord) << "bytes left over";
  EXPECT_EQ(code(with_byte(batch, 26, 1)), ErrorCode::kCorruptRecord) << "offsets too small";
  EXPECT_EQ(code(with_byte(batch, 64, 2)), ErrorCode::kCorruptRecord) << "offsets not rising";
}

}  // namespace
}  // namespace millrace::record
