#include "operators/join/joined_rows.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace millrace::operators {

using data::Sign;

void JoinedRows::begin(engine::Port port, const data::Batch& own, const data::RowCodec& own_codec,
                       const data::RowCodec& other_codec) {
  MILLRACE_ASSERT(signs_.empty());
  port_ = port;
  own_ = &own;
  own_codec_ = &own_codec;
  other_codec_ = &other_codec;
}

void JoinedRows::add(uint32_t own_row, std::string_view own_bytes, std::string_view other_bytes,
                     Sign sign) {
  own_rows_.push_back(own_row);
  own_bytes_.push_back(own_bytes);
  other_bytes_.push_back(other_bytes);
  signs_.push_back(sign);
  any_sign_ |= sign != Sign::kInsert;
}

void JoinedRows::add_padded(std::string_view own_nulls, std::string_view other_bytes, Sign sign) {
  any_padded_ = true;
  add(0, own_nulls, other_bytes, sign);
}

std::vector<data::ColumnPtr> JoinedRows::gather_own() const {
  std::vector<data::ColumnPtr> columns;
  columns.reserve(own_->columns().size());
  for (const data::ColumnPtr& column : own_->columns()) {
    columns.push_back(
        data::gather(column, own_rows_.data(), static_cast<uint32_t>(own_rows_.size())));
  }
  return columns;
}

Result<data::Batch> JoinedRows::take() {
  const auto count = static_cast<uint32_t>(signs_.size());
  std::vector<data::ColumnPtr> left =
      any_padded_ ? MILLRACE_TRY(own_codec_->decode(own_bytes_)) : gather_own();
  std::vector<data::ColumnPtr> right = MILLRACE_TRY(other_codec_->decode(other_bytes_));
  if (port_ != 0) std::swap(left, right);
  std::ranges::move(right, std::back_inserter(left));
  data::Batch batch(schema_, std::move(left), count);
  if (any_sign_) {
    Buffer signs = Buffer::allocate(count);
    std::ranges::copy(signs_, signs.mutable_as<Sign>());
    batch = std::move(batch).with_signs(std::move(signs));
  }
  own_rows_.clear();
  own_bytes_.clear();
  other_bytes_.clear();
  signs_.clear();
  any_padded_ = any_sign_ = false;
  return batch;
}

}  // namespace millrace::operators
