#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "data/column.h"

namespace millrace::connectors {

// RowWriter: fills a nullable ROW column of BIGINT, TIMESTAMP and text fields by row and field,
// straight into its buffers. Rows that are never `set` are NULL.
//
// Threading:  confined to one thread. Order: number, text, set for any rows; finish once.
class RowWriter {
 public:
  // `rows` in the column, at most `set_rows` of them not NULL; no text is longer than
  // `text_bytes_max`.
  RowWriter(const data::Type& type, uint32_t rows, size_t set_rows, uint32_t text_bytes_max);

  void number(uint32_t field, uint32_t row, int64_t value) {
    fields_[field].values.mutable_as<int64_t>()[row] = value;
  }
  void text(uint32_t field, uint32_t row, std::string_view bytes);
  void set(uint32_t row) { data::set_bit(validity_.mutable_as<uint64_t>(), row); }
  data::ColumnPtr finish();

 private:
  struct FieldBuffers {
    Buffer values;
    Buffer heap;
    size_t heap_used = 0;
  };
  const data::Type type_;
  const uint32_t rows_;
  Buffer validity_;
  std::vector<FieldBuffers> fields_;
};

}  // namespace millrace::connectors
