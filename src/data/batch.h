#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/buffer.h"
#include "data/column.h"
#include "data/row_origin.h"
#include "data/schema.h"

namespace millrace::data {

// What a row does to the stream's multiset. The low bit is the sign of its weight.
enum class Sign : uint8_t {
  kInsert = 0,        // +I
  kUpdateBefore = 1,  // -U
  kUpdateAfter = 2,   // +U
  kDelete = 3,        // -D
};
constexpr bool retracts(Sign sign) {
  return (static_cast<uint8_t>(sign) & 1) != 0;
}
constexpr int weight(Sign sign) {
  return retracts(sign) ? -1 : 1;
}
// "+I", "-U", "+U", "-D".
std::string_view to_string(Sign sign);

inline constexpr uint32_t kBatchRowsMax = 4096;

// Batch: rows of one schema, column by column; what travels through the engine.
//
// rows():       how many rows the columns hold (1..kBatchRowsMax in motion; 0 is an empty batch).
// signs():      a Sign per physical row; none: all +I.
// selection():  ascending physical row indices that count; none: all. size() is the number of them.
// origin():     where the physical rows were read; null: not known.
//
// Threading:  a value; columns are immutable and shared.
// Ownership:  passed by value: a sole owner of a column may reuse its buffers.
class Batch {
 public:
  Batch() = default;
  Batch(SchemaPtr schema, std::vector<ColumnPtr> columns, uint32_t rows)
      : schema_(std::move(schema)), columns_(std::move(columns)), rows_(rows) {
    MILLRACE_ASSERT(schema_ == nullptr || schema_->columns() == columns_.size());
  }

  const SchemaPtr& schema() const { return schema_; }
  uint32_t rows() const { return rows_; }
  uint32_t size() const { return has_selection() ? selected_ : rows_; }
  bool empty() const { return size() == 0; }
  const std::vector<ColumnPtr>& columns() const { return columns_; }
  const ColumnPtr& column(size_t index) const { return columns_[index]; }

  bool has_signs() const { return static_cast<bool>(signs_); }
  const Sign* signs() const { return has_signs() ? signs_.as<Sign>() : nullptr; }
  Sign sign(uint32_t row) const { return has_signs() ? signs()[row] : Sign::kInsert; }
  const Buffer& sign_buffer() const { return signs_; }

  bool has_selection() const { return static_cast<bool>(selection_); }
  const uint16_t* selection() const {
    return has_selection() ? selection_.as<uint16_t>() : nullptr;
  }
  // The physical row of the n-th row that counts.
  uint32_t row(uint32_t n) const { return has_selection() ? selection()[n] : n; }

  const RowOriginPtr& origin() const { return origin_; }

  // A Sign per physical row (`signs` holds rows() bytes), or an empty Buffer.
  Batch with_signs(Buffer signs) &&;
  // `selection` holds `count` ascending uint16 physical row indices.
  Batch with_selection(Buffer selection, uint32_t count) &&;
  // Other columns of the same rows.
  Batch with_columns(SchemaPtr schema, std::vector<ColumnPtr> columns) &&;
  Batch with_origin(RowOriginPtr origin) &&;
  // The rows that count, dense, without a selection (itself if there is none).
  Batch compact() &&;
  // The n-th to the (n + count)-th row that counts.
  Batch slice(uint32_t first, uint32_t count) const;

  // Visits the physical index of every row that counts, ascending.
  template <class Visit>
  void for_each_row(Visit&& visit) const {
    const uint16_t* rows = selection();
    for (uint32_t n = 0; n < size(); ++n) visit(rows != nullptr ? rows[n] : n);
  }

  size_t pinned_bytes() const;
  // One line a row, "+I (1, 'a')": for tests and messages.
  std::string to_string() const;

 private:
  SchemaPtr schema_;
  std::vector<ColumnPtr> columns_;
  Buffer signs_;
  Buffer selection_;
  RowOriginPtr origin_;
  uint32_t rows_ = 0;
  uint32_t selected_ = 0;
};

// The rows of all batches that count, one behind the other, dense. REQUIRES: one schema, at least
// one.
Batch concatenate(std::span<const Batch> batches);

}  // namespace millrace::data
