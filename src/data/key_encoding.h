#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/row_codec.h"

namespace millrace::data {

// The frozen hash of docs/formats/keys.md. Part of the on-disk format.
inline constexpr uint32_t kKeyGroups = 4096;
inline constexpr uint64_t kNullHash = 0x6d696c6c72616365;

constexpr uint64_t mix_hash(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
// Of a value of up to 64 bits, sign-extended.
constexpr uint64_t hash_word(uint64_t value) {
  return mix_hash(value + 0x9e3779b97f4a7c15);
}
constexpr uint64_t join_hashes(uint64_t first, uint64_t second) {
  return mix_hash(first * 0xff51afd7ed558ccd + second);
}
constexpr uint32_t key_group(uint64_t hash) {
  return static_cast<uint32_t>(hash >> 52);
}
// Which of `shards` shards owns a key group.
constexpr uint32_t shard_of_group(uint32_t group, uint32_t shards) {
  return static_cast<uint32_t>(uint64_t{group} * shards / kKeyGroups);
}
// The first key group of a shard; that of shard `shards` is kKeyGroups.
constexpr uint32_t first_group_of_shard(uint32_t shard, uint32_t shards) {
  return static_cast<uint32_t>((uint64_t{shard} * kKeyGroups + shards - 1) / shards);
}

// Hashes of one column's rows selection[0..count), or of the first `count` rows if selection is
// null.
void hash_column(const Column& column, const uint16_t* selection, uint32_t count,
                 std::span<uint64_t> hashes);

// KeyHasher: the hashes of a batch's keys: what an exchange needs.
//
// Threading:  confined to one task (keeps the hashes of the last dictionaries).
class KeyHasher {
 public:
  // Which columns of the batches make the key, in order.
  explicit KeyHasher(std::vector<size_t> columns);
  const std::vector<size_t>& columns() const { return columns_; }
  // hashes[n] = the hash of the n-th row that counts. REQUIRES: hashes.size() == batch.size().
  void hash(const Batch& batch, std::span<uint64_t> hashes);

 private:
  struct Dictionary {
    ColumnPtr values;  // held, so that its address means this dictionary
    std::vector<uint64_t> hashes;
  };
  void hash_dictionary(const Column& column, const Batch& batch, Dictionary& known,
                       std::span<uint64_t> hashes);

  std::vector<size_t> columns_;
  std::vector<Dictionary> dictionaries_;
  std::vector<uint64_t> scratch_;
};

// Keys: hashes and bytes of the keys of a batch's rows (those that count). Reused from batch to
// batch.
struct Keys {
  std::vector<uint64_t> hashes;
  EncodedRows bytes;

  size_t size() const { return hashes.size(); }
  std::string_view operator[](size_t n) const { return bytes[n]; }
  std::span<const std::string_view> views() const { return bytes.views(); }
  // A NULL in row n's key: such a key equals none in a join.
  bool has_null(size_t n) const { return bytes.has_null(n); }
  // The keys as numbers, where each is one value of up to 64 bits and none is NULL; else null.
  const uint64_t* words() const {
    return bytes.stride() == 8 ? reinterpret_cast<const uint64_t*>(bytes.arena().data()) : nullptr;
  }
};

// KeyEncoder: batches -> Keys, and keys back into columns.
//
// Threading:  confined to one task.
// Failure:    decode: kCorruptState for bytes that are no key of these types.
class KeyEncoder {
 public:
  KeyEncoder(const Schema& schema, std::vector<size_t> columns);
  const std::vector<size_t>& columns() const { return hasher_.columns(); }
  const std::vector<Type>& types() const { return codec_.types(); }

  void encode(const Batch& batch, Keys& keys);
  // A column per key column, a row per key.
  Result<std::vector<ColumnPtr>> decode(std::span<const std::string_view> keys) const {
    return codec_.decode(keys);
  }

 private:
  KeyHasher hasher_;
  RowCodec codec_;
};

}  // namespace millrace::data
