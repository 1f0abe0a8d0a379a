#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/buffer.h"
#include "base/crc32c.h"
#include "base/endian.h"
#include "base/hash.h"
#include "base/memory_account.h"
#include "base/strong_id.h"
#include "base/varint.h"

namespace millrace {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST(Crc32c, MatchesThePublishedCheckValueAndChains) {
  EXPECT_EQ(crc32c(bytes_of("123456789")), 0xE3069283U);
  EXPECT_EQ(crc32c(bytes_of("56789"), crc32c(bytes_of("1234"))), 0xE3069283U);
}

TEST(Murmur2, MatchesKafkasPublishedVectors) {
  EXPECT_EQ(murmur2(bytes_of("21")), static_cast<uint32_t>(-973932308));
  EXPECT_EQ(murmur2(bytes_of("foobar")), static_cast<uint32_t>(-790332482));
  EXPECT_EQ(murmur2(bytes_of("a-little-bit-long-string")), static_cast<uint32_t>(-985981536));
}

TEST(Varint, RoundTripsAndRefusesWhatIsCutOrTooLong) {
  for (const uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, ~uint64_t{0}}) {
    std::string text;
    append_varint(text, value);
    EXPECT_EQ(text.size(), varint_bytes(value));
    auto from = bytes_of(text);
    EXPECT_EQ(take_varint(from), value);
    EXPECT_TRUE(from.empty());
    auto cut = bytes_of(text).first(text.size() - 1);
    EXPECT_EQ(take_varint(cut), std::nullopt);
  }
  auto overlong = bytes_of("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
  EXPECT_EQ(take_varint(overlong), std::nullopt);
  EXPECT_EQ(unzigzag(zigzag(-5)), -5);
}

TEST(Buffer, SlicesShareTheBlockAndTheAccountSeesItOnce) {
  MemoryAccount process("process");
  MemoryAccount account("channel", &process);
  {
    const Buffer whole = Buffer::copy_of("streaming", &account);
    const Buffer part = whole.slice(2, 3);
    EXPECT_EQ(part.view(), "rea");
    EXPECT_FALSE(whole.unique());
    EXPECT_EQ(process.bytes(), 9);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(whole.data()) % 64, 0U);
  }
  EXPECT_EQ(process.bytes(), 0);
}

TEST(Buffer, CopiesShareTheBytesUntilOneIsAloneAgain) {
  Buffer zeroes = Buffer::zeroed(100);
  EXPECT_EQ(zeroes.view(), std::string(100, '\0'));
  {
    const Buffer other = zeroes;
    EXPECT_FALSE(zeroes.unique());
    EXPECT_EQ(other.data(), zeroes.data());
  }
  EXPECT_TRUE(zeroes.unique());
  zeroes.truncate(10);
  EXPECT_EQ(zeroes.bytes(), 10U);
  EXPECT_EQ(zeroes.pinned_bytes(), 100U);
  EXPECT_FALSE(Buffer());
}

TEST(BufferDeathTest, ASliceBeyondTheEndIsABug) {
  const Buffer buffer = Buffer::copy_of("abc");
  EXPECT_DEATH((void)buffer.slice(2, 2), "MR-9001");
}

TEST(Endian, LoadsAndStoresInTheNamedOrderAtAnyAddress) {
  std::array<std::byte, 5> bytes{};
  store_be<uint32_t>(bytes.data() + 1, 0x01020304);
  EXPECT_EQ(bytes[1], std::byte{1});
  EXPECT_EQ(load_be<uint32_t>(bytes.data() + 1), 0x01020304U);
  EXPECT_EQ(load_le<uint32_t>(bytes.data() + 1), 0x04030201U);
  store_le<int16_t>(bytes.data() + 1, -2);
  EXPECT_EQ(bytes[1], std::byte{0xfe});
  EXPECT_EQ(load_le<int16_t>(bytes.data() + 1), -2);
}

TEST(MemoryAccount, KnowsWhenItsBudgetIsUsedUp) {
  MemoryAccount account("state", nullptr, 10);
  const Buffer first = Buffer::allocate(10, &account);
  EXPECT_FALSE(account.over_budget());
  const Buffer second = Buffer::allocate(1, &account);
  EXPECT_TRUE(account.over_budget());
}

TEST(StrongId, ComparesHashesAndCounts) {
  using Epoch = StrongId<struct EpochTag, uint64_t>;
  static_assert(!std::is_convertible_v<uint64_t, Epoch>);
  EXPECT_LT(Epoch(1), Epoch(1).next());
  EXPECT_EQ(std::hash<Epoch>()(Epoch(7)), std::hash<uint64_t>()(7));
  EXPECT_EQ(Epoch().value(), 0U);
}

}  // namespace
}  // namespace millrace
