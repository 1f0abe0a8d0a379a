#include "record/compression.h"

#include <gtest/gtest.h>

#include <random>

#include "base/memory_account.h"
#include "record/xerial.h"

namespace millrace::record {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::vector<Codec> all_codecs() {
  return {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};
}

std::vector<Codec> real_codecs() {
  return {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};
}

TEST(Compression, RoundTripsTextNoiseAndNothingAtAllSizes) {
  std::mt19937 random(3);
  Compressor compressor;
  Decompressor decompressor;
  for (const size_t bytes : {0, 1, 63, 4096, 32 * 1024, 32 * 1024 + 1, 200'000, 3'000'000}) {
    std::string text;
    while (text.size() < bytes) text += "line " + std::to_string(random() % 1000) + '\n';
    text.resize(bytes);
    std::string noise(bytes, ' ');
    for (char& byte : noise) byte = static_cast<char>(random());
    for (const Codec codec : all_codecs()) {
      for (const std::string& from : {text, noise}) {
        const Buffer small = compressor.compress(codec, bytes_of(from));
        EXPECT_EQ(decompressor.decompress(codec, small.span()).value().view(), from)
            << codec_name(codec);
      }
    }
  }
}

TEST(Compression, ABombIsRefusedAndTheExactLimitIsNot) {
  const std::string zeroes(10 << 20, '\0');
  Compressor compressor;
  Decompressor decompressor;
  for (const Codec codec : all_codecs()) {
    const Buffer small = compressor.compress(codec, bytes_of(zeroes));
    for (const size_t limit : {size_t{0}, size_t{1} << 20, zeroes.size() - 1}) {
      const auto result = decompressor.decompress(codec, small.span(), limit);
      EXPECT_EQ(result.error().code(), ErrorCode::kRecordTooLarge) << codec_name(codec) << limit;
    }
    EXPECT_TRUE(decompressor.decompress(codec, small.span(), zeroes.size())) << codec_name(codec);
  }
}

TEST(Compression, MemoryIsChargedWhileTheBytesLive) {
  MemoryAccount account("decompressed");
  Compressor compressor;
  Decompressor decompressor;
  const Buffer small = compressor.compress(Codec::kZstd, bytes_of(std::string(100'000, 'x')));
  {
    const Buffer large =
        decompressor.decompress(Codec::kZstd, small.span(), kUncompressedBytesMax, &account)
            .value();
    EXPECT_GE(account.bytes(), 100'000);
  }
  EXPECT_EQ(account.bytes(), 0);
}

TEST(Compression, CutsTailsAndNoiseAreCorruptRecords) {
  const std::string text = "a text that is long enough to be worth the while, the while, the while";
  Compressor compressor;
  Decompressor decompressor;
  for (const Codec codec : real_codecs()) {
    const Buffer small = compressor.compress(codec, bytes_of(text));
    for (size_t bytes = 0; bytes < small.bytes(); ++bytes) {
      const auto result = decompressor.decompress(codec, small.span().first(bytes));
      // Framed snappy has no end mark: a cut between its chunks is seen by the count of records
      // only.
      if (result && codec == Codec::kSnappy && result->empty()) continue;
      EXPECT_EQ(result.error().code(), ErrorCode::kCorruptRecord) << codec_name(codec) << bytes;
    }
    const std::string longer = std::string(small.view()) + "tail";
    EXPECT_FALSE(decompressor.decompress(codec, bytes_of(longer))) << codec_name(codec);
    EXPECT_FALSE(decompressor.decompress(codec, bytes_of(text))) << codec_name(codec);
    EXPECT_TRUE(decompressor.decompress(codec, small.span())) << "usable after an error";
  }
}

TEST(Compression, GzipMayHaveSeveralMembers) {
  Compressor compressor;
  Decompressor decompressor;
  std::string both(compressor.compress(Codec::kGzip, bytes_of("first, ")).view());
  both += compressor.compress(Codec::kGzip, bytes_of("second")).view();
  EXPECT_EQ(decompressor.decompress(Codec::kGzip, bytes_of(both)).value().view(), "first, second");
}

TEST(Compression, SnappyMayBeOneRawBlock) {
  Decompressor decompressor;
  // Length 5, then one literal of 5 bytes.
  const std::string raw = std::string("\x05\x10", 2) + "hello";
  EXPECT_EQ(decompressor.decompress(Codec::kSnappy, bytes_of(raw)).value().view(), "hello");
  const std::string liar = "\xff\xff\xff\x7f";
  EXPECT_EQ(decompressor.decompress(Codec::kSnappy, bytes_of(liar)).error().code(),
            ErrorCode::kCorruptRecord);
}

TEST(Compression, SnappyIsWrittenInChunksThatJavaReads) {
  Compressor compressor;
  const Buffer framed = compressor.compress(Codec::kSnappy, bytes_of(std::string(100'000, 'x')));
  ASSERT_GT(framed.bytes(), kXerialHeader.size());
  EXPECT_TRUE(std::ranges::equal(framed.span().first(kXerialHeader.size()), kXerialHeader));
}

TEST(Compression, CodecsHaveTheNamesOfKafka) {
  for (const Codec codec : all_codecs()) EXPECT_EQ(parse_codec(codec_name(codec)).value(), codec);
  EXPECT_EQ(parse_codec("brotli").error().code(), ErrorCode::kUnsupportedCodec);
}

}  // namespace
}  // namespace millrace::record
