#include "data/key_encoding.h"

#include "base/assert.h"
#include "base/hash.h"
#include "data/canonical_bits.h"
#include "data/nested_values.h"

namespace millrace::data {
namespace {

uint64_t hash_bytes(std::string_view bytes) {
  return hash64(std::as_bytes(std::span(bytes)));
}

template <class HashAt>
void for_rows(const uint16_t* selection, uint32_t count, std::span<uint64_t> hashes,
              HashAt&& hash_at) {
  if (selection == nullptr) {
    for (uint32_t n = 0; n < count; ++n) hashes[n] = hash_at(n);
  } else {
    for (uint32_t n = 0; n < count; ++n) hashes[n] = hash_at(selection[n]);
  }
}

// REQUIRES: kFlat.
void hash_flat(const Column& column, const uint16_t* selection, uint32_t count,
               std::span<uint64_t> hashes) {
  const auto each = [&](auto&& hash_at) { for_rows(selection, count, hashes, hash_at); };
  const auto integers = [&](const auto* values) {
    each([=](uint32_t row) { return hash_word(static_cast<uint64_t>(int64_t{values[row]})); });
  };
  switch (column.width()) {
    case Width::kNone:
      return each([](uint32_t) { return kNullHash; });
    case Width::k1: {
      const uint64_t* bits = column.data<uint64_t>();
      return each([=](uint32_t row) { return hash_word(get_bit(bits, row) ? 1 : 0); });
    }
    case Width::k8:
      return integers(column.data<int8_t>());
    case Width::k16:
      return integers(column.data<int16_t>());
    case Width::k32:
      return integers(column.data<int32_t>());
    case Width::k64:
      return integers(column.data<int64_t>());
    case Width::k128: {
      const auto* values = column.data<unsigned __int128>();
      return each([=](uint32_t row) {
        return join_hashes(hash_word(static_cast<uint64_t>(values[row])),
                           hash_word(static_cast<uint64_t>(values[row] >> 64)));
      });
    }
    case Width::kF32: {
      const float* values = column.data<float>();
      return each([=](uint32_t row) { return hash_word(canonical_bits(double{values[row]})); });
    }
    case Width::kF64: {
      const double* values = column.data<double>();
      return each([=](uint32_t row) { return hash_word(canonical_bits(values[row])); });
    }
    case Width::kView: {
      const Text* texts = column.data<Text>();
      return each([&, texts](uint32_t row) {
        return column.is_null(row) ? kNullHash : hash_bytes(column.text_of(texts[row]));
      });
    }
    case Width::kList:
    case Width::kGroup: {
      std::string bytes;
      return each([&](uint32_t row) {
        if (column.is_null(row)) return kNullHash;
        bytes.clear();
        append_value_bytes(bytes, column, row);
        return hash_bytes(bytes);
      });
    }
  }
}

void set_null_hashes(const Column& column, const uint16_t* selection, uint32_t count,
                     std::span<uint64_t> hashes) {
  const uint64_t* validity = column.validity_words();
  if (validity == nullptr) return;
  for (uint32_t n = 0; n < count; ++n) {
    const uint32_t row = selection != nullptr ? selection[n] : n;
    hashes[n] = get_bit(validity, row) ? hashes[n] : kNullHash;
  }
}

std::vector<Type> key_types(const Schema& schema, const std::vector<size_t>& columns) {
  std::vector<Type> types;
  for (const size_t index : columns) types.push_back(schema.field(index).type);
  return types;
}

}  // namespace

void hash_column(const Column& column, const uint16_t* selection, uint32_t count,
                 std::span<uint64_t> hashes) {
  MILLRACE_ASSERT(hashes.size() >= count);
  switch (column.encoding()) {
    case Encoding::kConstant: {
      uint64_t hash = kNullHash;
      if (!column.is_null(0)) hash_flat(*column.constant_row(), nullptr, 1, std::span(&hash, 1));
      for (uint32_t n = 0; n < count; ++n) hashes[n] = hash;
      return;
    }
    case Encoding::kDictionary: {
      std::vector<uint64_t> known(column.dictionary()->rows());
      hash_flat(*column.dictionary(), nullptr, column.dictionary()->rows(), known);
      const uint32_t* indices = column.data<uint32_t>();
      for_rows(selection, count, hashes, [&](uint32_t row) { return known[indices[row]]; });
      return set_null_hashes(column, selection, count, hashes);
    }
    case Encoding::kFlat:
      break;
  }
  hash_flat(column, selection, count, hashes);
  set_null_hashes(column, selection, count, hashes);
}

KeyHasher::KeyHasher(std::vector<size_t> columns)
    : columns_(std::move(columns)), dictionaries_(columns_.size()) {}

void KeyHasher::hash_dictionary(const Column& column, const Batch& batch, Dictionary& known,
                                std::span<uint64_t> hashes) {
  if (known.values != column.dictionary()) {
    known.values = column.dictionary();
    known.hashes.resize(known.values->rows());
    hash_column(*known.values, nullptr, known.values->rows(), known.hashes);
  }
  const uint32_t* indices = column.data<uint32_t>();
  const uint64_t* table = known.hashes.data();
  for_rows(batch.selection(), batch.size(), hashes,
           [=](uint32_t row) { return table[indices[row]]; });
  set_null_hashes(column, batch.selection(), batch.size(), hashes);
}

void KeyHasher::hash(const Batch& batch, std::span<uint64_t> hashes) {
  MILLRACE_ASSERT(hashes.size() == batch.size());
  if (columns_.empty()) std::fill(hashes.begin(), hashes.end(), 0);
  for (size_t index = 0; index < columns_.size(); ++index) {
    const Column& column = *batch.column(columns_[index]);
    std::span<uint64_t> to = hashes;
    if (index != 0) {
      scratch_.resize(batch.size());
      to = scratch_;
    }
    if (column.encoding() == Encoding::kDictionary) {
      hash_dictionary(column, batch, dictionaries_[index], to);
    } else {
      hash_column(column, batch.selection(), batch.size(), to);
    }
    if (index == 0) continue;
    for (size_t n = 0; n < to.size(); ++n) hashes[n] = join_hashes(hashes[n], to[n]);
  }
}

KeyEncoder::KeyEncoder(const Schema& schema, std::vector<size_t> columns)
    : hasher_(std::move(columns)),
      codec_(key_types(schema, hasher_.columns()), RowCodec::Layout::kKey) {}

void KeyEncoder::encode(const Batch& batch, Keys& keys) {
  keys.hashes.resize(batch.size());
  hasher_.hash(batch, keys.hashes);
  codec_.encode(batch, hasher_.columns(), keys.bytes);
}

}  // namespace millrace::data
