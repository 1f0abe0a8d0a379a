#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "data/batch.h"
#include "data/column.h"
#include "data/schema.h"

namespace millrace::data {

// ColumnBuilder: makes a flat column row by row or in bulk. Memory is allocated when the first row
// comes and when the reserve is full, never per row.
//
// Threading:  confined to one thread.
// Ownership:  texts are copied into heaps of the builder's own; what finish() returns shares
//             nothing with the builder.
// Order:      append*, finish; then again. A ROW appends to every child, then end_row(); an ARRAY
//             to child(0), then end_list(); a MAP to the children of child(0), child(0).end_row()
//             per entry, then end_list().
class ColumnBuilder {
 public:
  explicit ColumnBuilder(Type type, uint32_t rows_reserve = kBatchRowsMax,
                         MemoryAccount* account = nullptr);

  const Type& type() const { return type_; }
  Width width() const { return width_; }
  uint32_t rows() const { return rows_; }
  // Room for `rows` rows in all.
  void reserve(uint32_t rows) {
    if (rows > capacity_) grow(rows);
  }

  // REQUIRES: T is the C++ type of width(), which is none of k1, kView, kList, kGroup.
  template <class T>
  void append(T value) {
    if (rows_ == capacity_) [[unlikely]]
      grow(rows_ + 1);
    values_.mutable_as<T>()[rows_++] = value;
  }
  // REQUIRES: k1.
  void append_boolean(bool value) {
    if (rows_ == capacity_) [[unlikely]]
      grow(rows_ + 1);
    put_bit(values_.mutable_as<uint64_t>(), rows_++, value);
  }
  // REQUIRES: kView. The bytes are copied.
  void append_text(std::string_view bytes) {
    if (rows_ == capacity_) [[unlikely]]
      grow(rows_ + 1);
    values_.mutable_as<Text>()[rows_++] =
        bytes.size() <= Text::kInlineBytesMax ? Text::inlined(bytes) : place_text(bytes);
  }
  // Any width; a ROW's children get a NULL each, an ARRAY or MAP has no elements.
  void append_null();
  // An integer into any integer width, kF32 or kF64. REQUIRES: it fits.
  void append_integer(int64_t value);
  // Any type; slow. REQUIRES: the value is one of type().
  void append_value(const Value& value);
  // Row `row` of a column of the same type, any encoding; slow.
  void append_from(const Column& column, uint32_t row);

  // `count` more rows, none NULL, whose values the caller sets: the place of the first. REQUIRES:
  // as for append<T>; kView too, with heaps that add_heap took in.
  template <class T>
  T* extend(uint32_t count) {
    reserve(rows_ + count);
    T* const first = values_.mutable_as<T>() + rows_;
    rows_ += count;
    return first;
  }
  template <class T>
  void append_all(std::span<const T> values) {
    T* const to = extend<T>(static_cast<uint32_t>(values.size()));
    std::copy(values.begin(), values.end(), to);
  }
  // Makes row `row` NULL. REQUIRES: row < rows(); not kGroup, kList.
  void set_null(uint32_t row) {
    if (!validity_) [[unlikely]]
      allocate_validity();
    clear_bit(validity_.mutable_as<uint64_t>(), row);
  }
  // Shares `heap` with the column; returns its number for Text::placed. REQUIRES: kView.
  uint32_t add_heap(Buffer heap);

  // REQUIRES: kList, kGroup.
  ColumnBuilder& child(size_t index) { return *children_[index]; }
  // The elements appended to child(0) since the last row are this row's.
  void end_list();
  // Every child has had one more row appended.
  void end_row() {
    if (rows_ == capacity_) [[unlikely]]
      grow(rows_ + 1);
    ++rows_;
  }

  // Takes back every row from `rows` on: for a row that turned out bad halfway.
  void truncate(uint32_t rows);
  // The column; the builder is empty afterwards.
  ColumnPtr finish();

 private:
  void grow(uint32_t rows);
  void allocate_validity();
  // Copies a long text into a heap.
  Text place_text(std::string_view bytes);
  void open_heap(size_t bytes_min);
  void seal_heap();
  void append_list_value(const Value& value);

  Type type_;
  Width width_;
  MemoryAccount* account_;
  uint32_t rows_ = 0;
  uint32_t capacity_ = 0;
  uint32_t reserve_;  // rows to allocate for at first: what the last column had
  uint32_t reserve_max_;
  Buffer values_;
  Buffer validity_;  // all ones but for NULL rows; none while there is no NULL
  std::vector<Buffer> heaps_;
  Buffer heap_;  // the open one; its number is heap_number_
  uint32_t heap_number_ = 0;
  size_t heap_used_ = 0;
  size_t heap_bytes_next_;
  std::vector<std::unique_ptr<ColumnBuilder>> children_;
};

// BatchBuilder: a ColumnBuilder per column of a schema, and signs.
//
// Threading, Ownership: as ColumnBuilder.
// Order:      append one row to every column, then end_row; or whole runs, then end_rows.
class BatchBuilder {
 public:
  explicit BatchBuilder(SchemaPtr schema, uint32_t rows_reserve = kBatchRowsMax,
                        MemoryAccount* account = nullptr);

  const SchemaPtr& schema() const { return schema_; }
  ColumnBuilder& column(size_t index) { return columns_[index]; }
  uint32_t rows() const { return rows_; }
  bool empty() const { return rows_ == 0; }
  bool full() const { return rows_ >= kBatchRowsMax; }

  // Every column has had one more row appended.
  void end_row(Sign sign = Sign::kInsert) {
    if (sign != Sign::kInsert || signs_) [[unlikely]]
      put_sign(sign);
    ++rows_;
  }
  // Every column has had `count` more rows appended, all +I.
  void end_rows(uint32_t count);
  // A whole row of values; for edges and tests.
  void append_row(std::span<const Value> values, Sign sign = Sign::kInsert);
  void append_row(std::initializer_list<Value> values, Sign sign = Sign::kInsert) {
    append_row(std::span(values.begin(), values.size()), sign);
  }
  // Forgets what was appended to columns since the last end_row.
  void drop_open_row();
  // The rows so far; the builder is empty afterwards.
  Batch finish();

 private:
  void put_sign(Sign sign);

  SchemaPtr schema_;
  std::vector<ColumnBuilder> columns_;
  Buffer signs_;
  uint32_t rows_ = 0;
};

}  // namespace millrace::data
