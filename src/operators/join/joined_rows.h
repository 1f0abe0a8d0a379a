#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/row_codec.h"
#include "engine/operator.h"

namespace millrace::operators {

// JoinedRows: a batch of a join's output while it grows. Each row is one of the input batch under
// way beside one of the other side, as that side's state keeps it; either may be padded.
//
// Threading:  confined to one task.
// Ownership:  what begin is given outlives the rows added after it; bytes are valid until take.
// Order:      begin, for each input batch; add; take, before the next begin.
class JoinedRows {
 public:
  explicit JoinedRows(data::SchemaPtr schema) : schema_(std::move(schema)) {}

  // `own`: what came in on `port`.
  void begin(engine::Port port, const data::Batch& own, const data::RowCodec& own_codec,
             const data::RowCodec& other_codec);
  // A physical row of the input, also as its codec wrote it.
  void add(uint32_t own_row, std::string_view own_bytes, std::string_view other_bytes,
           data::Sign sign);
  // The same with NULLs in place of the input's row.
  void add_padded(std::string_view own_nulls, std::string_view other_bytes, data::Sign sign);
  size_t size() const { return signs_.size(); }
  // Failure: kCorruptState: bytes that are no row of their side.
  Result<data::Batch> take();

 private:
  std::vector<data::ColumnPtr> gather_own() const;

  const data::SchemaPtr schema_;
  engine::Port port_ = 0;
  const data::Batch* own_ = nullptr;
  const data::RowCodec* own_codec_ = nullptr;
  const data::RowCodec* other_codec_ = nullptr;

  std::vector<uint32_t> own_rows_;
  std::vector<std::string_view> own_bytes_;
  std::vector<std::string_view> other_bytes_;
  std::vector<data::Sign> signs_;
  bool any_padded_ = false;  // so the input's columns are decoded, not gathered
  bool any_sign_ = false;
};

}  // namespace millrace::operators
