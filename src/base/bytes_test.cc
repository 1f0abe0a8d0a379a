#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/buffer.h"
#include "base/crc32c.h"
#include "base/hash.h"
#include "base/memory_account.h"
#include "base/varint.h"

namespace millrace {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

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

}  // namespace
}  // namespace millrace
