#include "connectors/blackhole/row_checksum.h"

#include <array>
#include <bit>

#include "base/hash.h"

namespace millrace::connectors {
namespace {

uint64_t mixed(uint64_t sum, uint64_t value) {
  return (sum ^ value) * 0x9E3779B97F4A7C15ULL + (sum >> 29);
}

uint64_t bytes_checksum(const Buffer& bytes, size_t count, uint64_t sum) {
  return mixed(sum, hash64(bytes.span().first(count)));
}

// Bits past the last row are nobody's.
uint64_t bits_checksum(const Buffer& bits, uint32_t rows, uint64_t sum) {
  if (bits.empty() || rows == 0) return sum;
  const size_t last = data::bitmap_words(rows) - 1;
  sum = bytes_checksum(bits, last * sizeof(uint64_t), sum);
  return mixed(sum, bits.as<uint64_t>()[last] & data::tail_mask(rows));
}

uint64_t texts_checksum(const data::Column& column, uint64_t sum) {
  const data::Text* texts = column.data<data::Text>();
  const uint64_t* validity = column.validity_words();
  for (uint32_t row = 0; row < column.rows(); ++row) {
    if (validity != nullptr && !data::get_bit(validity, row)) continue;
    const auto words = std::bit_cast<std::array<uint64_t, 2>>(texts[row]);
    sum = mixed(sum, words[0]);
    if (texts[row].is_inline()) {
      sum = mixed(sum, words[1]);
    } else {
      sum = mixed(sum, hash64(std::as_bytes(std::span(column.text_of(texts[row])))));
    }
  }
  return sum;
}

uint64_t values_checksum(const data::Column& column, uint64_t sum) {
  const size_t rows = column.rows();
  switch (column.width()) {
    case data::Width::k1:
      return bits_checksum(column.values(), column.rows(), sum);
    case data::Width::kView:
      return texts_checksum(column, sum);
    case data::Width::kList:
      return bytes_checksum(column.values(), (rows + 1) * 4, sum);
    default:
      return bytes_checksum(column.values(), rows * data::bytes_per_value(column.width()), sum);
  }
}

uint64_t column_checksum(const data::ColumnPtr& column, uint64_t sum) {
  const data::ColumnPtr flat = data::flatten(column);
  sum = mixed(sum, flat->rows());
  sum = values_checksum(*flat, bits_checksum(flat->validity(), flat->rows(), sum));
  for (const data::ColumnPtr& child : flat->children()) sum = column_checksum(child, sum);
  return sum;
}

}  // namespace

uint64_t row_checksum(data::Batch batch, uint64_t sum) {
  batch = std::move(batch).compact();
  if (batch.has_signs()) sum = bytes_checksum(batch.sign_buffer(), batch.rows(), sum);
  for (const data::ColumnPtr& column : batch.columns()) sum = column_checksum(column, sum);
  return sum;
}

}  // namespace millrace::connectors
