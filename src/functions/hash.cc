#include "base/hash.h"

#include <array>
#include <bit>

#include "functions/builtin.h"
#include "functions/family.h"

namespace millrace::functions {
namespace {

constexpr std::string_view kFamily = "hash";
constexpr size_t kBlockBytes = 64;

// Calls visit(block) for each block of 64 bytes of a message, padded with a bit, zeros and its
// length in bits, which both MD5 and SHA-256 do, in opposite byte orders.
template <class Visit>
void for_each_block(std::string_view message, bool big_endian, Visit&& visit) {
  const uint64_t bits = uint64_t{message.size()} * 8;
  while (message.size() >= kBlockBytes) {
    visit(reinterpret_cast<const uint8_t*>(message.data()));
    message.remove_prefix(kBlockBytes);
  }
  std::array<uint8_t, 2 * kBlockBytes> tail{};
  std::memcpy(tail.data(), message.data(), message.size());
  tail[message.size()] = 0x80;
  const size_t bytes = message.size() + 9 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  for (size_t at = 0; at < 8; ++at) {
    const size_t shift = big_endian ? 56 - 8 * at : 8 * at;
    tail[bytes - 8 + at] = static_cast<uint8_t>(bits >> shift);
  }
  for (size_t at = 0; at < bytes; at += kBlockBytes) visit(tail.data() + at);
}

uint32_t load(const uint8_t* from, bool big_endian) {
  uint32_t word;
  std::memcpy(&word, from, sizeof(word));
  return big_endian ? __builtin_bswap32(word) : word;
}

void append_hex(std::string& to, uint32_t word, bool big_endian) {
  constexpr char kDigits[] = "0123456789abcdef";
  if (!big_endian) word = __builtin_bswap32(word);
  for (int shift = 28; shift >= 0; shift -= 4) to += kDigits[word >> shift & 15];
}

// RFC 1321.
class Md5 {
 public:
  static void append(std::string& to, std::string_view message) {
    Md5 digest;
    for_each_block(message, false, [&](const uint8_t* block) { digest.add(block); });
    for (const uint32_t word : digest.state_) append_hex(to, word, false);
  }

 private:
  static constexpr std::array<uint32_t, 64> kSines = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
      0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
      0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
      0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
      0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
      0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
      0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
      0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
      0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
      0xeb86d391};
  static constexpr int kTurns[4][4] = {
      {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

  void add(const uint8_t* block) {
    auto [a, b, c, d] = state_;
    for (uint32_t step = 0; step < 64; ++step) {
      const uint32_t round = step / 16;
      uint32_t mixed = 0;
      uint32_t word = 0;
      switch (round) {
        case 0:
          mixed = (b & c) | (~b & d);
          word = step;
          break;
        case 1:
          mixed = (d & b) | (~d & c);
          word = (5 * step + 1) % 16;
          break;
        case 2:
          mixed = b ^ c ^ d;
          word = (3 * step + 5) % 16;
          break;
        default:
          mixed = c ^ (b | ~d);
          word = 7 * step % 16;
          break;
      }
      mixed += a + kSines[step] + load(block + word * 4, false);
      a = d;
      d = c;
      c = b;
      b += std::rotl(mixed, kTurns[round][step % 4]);
    }
    state_ = {state_[0] + a, state_[1] + b, state_[2] + c, state_[3] + d};
  }

  std::array<uint32_t, 4> state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
};

// FIPS 180-4.
class Sha256 {
 public:
  static void append(std::string& to, std::string_view message) {
    Sha256 digest;
    for_each_block(message, true, [&](const uint8_t* block) { digest.add(block); });
    for (const uint32_t word : digest.state_) append_hex(to, word, true);
  }

 private:
  static constexpr std::array<uint32_t, 64> kRoots = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};

  void add(const uint8_t* block) {
    std::array<uint32_t, 64> words;
    for (size_t at = 0; at < 16; ++at) words[at] = load(block + at * 4, true);
    for (size_t at = 16; at < 64; ++at) {
      const uint32_t x = words[at - 15];
      const uint32_t y = words[at - 2];
      words[at] = words[at - 16] + (std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3) + words[at - 7] +
                  (std::rotr(y, 17) ^ std::rotr(y, 19) ^ y >> 10);
    }
    std::array<uint32_t, 8> s = state_;
    for (size_t at = 0; at < 64; ++at) {
      const uint32_t first = s[7] +
                             (std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25)) +
                             ((s[4] & s[5]) ^ (~s[4] & s[6])) + kRoots[at] + words[at];
      const uint32_t second = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) +
                              ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      s = {first + second, s[0], s[1], s[2], s[3] + first, s[4], s[5], s[6]};
    }
    for (size_t at = 0; at < 8; ++at) state_[at] += s[at];
  }

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

template <class Digest>
ColumnPtr digest(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return expr::text_rows(call,
                         [&](uint32_t row, std::string& to) { Digest::append(to, texts[row]); });
}

ColumnPtr hash_number(KernelCall& call) {
  const TextReader texts(call.argument(0));
  return fixed_rows<int64_t>(call, [&](uint32_t row) {
    const std::string_view text = texts[row];
    return static_cast<int64_t>(hash64(std::as_bytes(std::span(text.data(), text.size()))));
  });
}

void add(FunctionRegistry& registry, FunctionDoc doc, TypeKind result,
         expr::KernelFunction kernel) {
  expr::ScalarFunction function{.doc = std::move(doc)};
  for (const expr::Parameter& argument :
       {expr::Parameter(Accepts::kText), expr::Parameter(TypeKind::kBytes)}) {
    function.overloads.push_back(
        {.parameters = {argument}, .result = always(result), .kernel = plain_kernel(kernel)});
  }
  registry.add(std::move(function));
}

}  // namespace

void register_hashes(FunctionRegistry& registry) {
  add(registry,
      {"MD5", kFamily, "MD5(text | bytes) -> STRING", "The MD5 digest in hexadecimal digits.",
       "MD5('abc')", "900150983cd24fb0d6963f7d28e17f72"},
      TypeKind::kVarchar, digest<Md5>);
  add(registry,
      {"SHA256", kFamily, "SHA256(text | bytes) -> STRING",
       "The SHA-256 digest in hexadecimal digits.", "SHA256('abc')",
       "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      TypeKind::kVarchar, digest<Sha256>);
  add(registry,
      {"XXHASH64", kFamily, "XXHASH64(text | bytes) -> BIGINT",
       "The XXH3 hash of 64 bits: fast, not for secrets.", "XXHASH64('abc')",
       "8696274497037089104"},
      TypeKind::kBigint, hash_number);
}

}  // namespace millrace::functions
