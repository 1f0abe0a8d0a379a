#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "data/batch.h"
#include "data/column.h"

namespace millrace::data {

// EncodedRows: the bytes of some rows, one behind the other in one arena. Reused from batch to
// batch.
class EncodedRows {
 public:
  size_t size() const { return views_.size(); }
  // Row n's bytes; valid until the next encode into this object.
  std::string_view operator[](size_t n) const { return views_[n]; }
  std::span<const std::string_view> views() const { return views_; }
  // All rows as one run of bytes; row n begins at n * stride() if stride() is not 0.
  std::span<const std::byte> arena() const { return arena_.span().first(used_); }
  // Bytes of every row, where all have the same length for their types (fixed widths, no NULL);
  // else 0.
  uint32_t stride() const { return stride_; }

  // Whether any row has a NULL, and whether row n has.
  bool any_null() const { return any_null_; }
  bool has_null(size_t n) const { return any_null_ && nulls_[n] != 0; }

 private:
  friend class RowCodec;
  friend class RowWriter;
  struct Nested {
    std::string bytes;
    std::vector<uint32_t> ends;  // per row
  };
  std::vector<std::string_view> views_;
  std::vector<uint8_t> nulls_;                 // per row, if any_null_
  std::vector<uint64_t> cursors_;              // per row, where its next value goes
  std::vector<uint32_t> selected_;             // the selection, widened
  std::vector<std::vector<uint32_t>> places_;  // per column: where in its values a row's stands
  std::vector<Nested> nested_;                 // per column
  Buffer arena_;
  size_t used_ = 0;
  uint32_t stride_ = 0;
  bool any_null_ = false;
};

// RowCodec: rows of some columns <-> canonical bytes, a column at a time (docs/formats/keys.md):
// equal rows are equal bytes. As key bytes integers of all widths and floats take 8 bytes.
//
// Threading:  immutable; encode and decode may run concurrently with different targets.
// Failure:    decode: kCorruptState for bytes that encode did not make for these types.
class RowCodec {
 public:
  enum class Layout : uint8_t { kState, kKey };
  explicit RowCodec(std::vector<Type> types, Layout layout = Layout::kState);
  RowCodec(const Schema& schema, Layout layout = Layout::kState);

  const std::vector<Type>& types() const { return types_; }

  // The rows of a batch that count; `columns`: which of its columns are the codec's, in order (all,
  // in their order, if left out).
  void encode(const Batch& batch, EncodedRows& to) const;
  void encode(const Batch& batch, std::span<const size_t> columns, EncodedRows& to) const;
  // Rows selection[0..count) of `columns`, or the first `count` ones if selection is null.
  void encode(std::span<const ColumnPtr> columns, const uint16_t* selection, uint32_t count,
              EncodedRows& to) const;

  // A column per type, a row per element of `rows`. Texts are copied.
  Result<std::vector<ColumnPtr>> decode(std::span<const std::string_view> rows) const;

  // One row of values; for edges and tests.
  std::string encode_row(std::span<const Value> values) const;
  Result<std::vector<Value>> decode_row(std::string_view row) const;

 private:
  uint32_t fixed_bytes_ = 0;  // of all columns with a fixed width
  bool all_fixed_ = true;
  std::vector<Type> types_;
  Layout layout_;
};

// Appends a value of `column` as nested bytes: a byte for NULL or not, then the value as in a key.
void append_nested_value(std::string& to, const Column& column, uint32_t row);

}  // namespace millrace::data
