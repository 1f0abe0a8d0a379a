#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "data/row_codec.h"
#include "engine/operator.h"

namespace millrace::operators {

// RowChanges: what became of some keys' rows, as one batch: +I, -U +U, -D, or nothing where the row
// is as it was.
//
// Threading:  confined to one task.
// Ownership:  rows are views until push. `codec` outlives it.
// Order:      add while not full, push; then again.
class RowChanges {
 public:
  RowChanges(data::SchemaPtr schema, const data::RowCodec& codec)
      : schema_(std::move(schema)), codec_(codec) {}

  // A key's row before and now, as `codec` writes it; null: none.
  void add(const std::string_view* before, const std::string_view* now);
  bool full() const { return rows_.size() + 2 > data::kBatchRowsMax; }
  Result<void> push(engine::Output& output);

 private:
  const data::SchemaPtr schema_;
  const data::RowCodec& codec_;
  std::vector<std::string_view> rows_;
  std::vector<data::Sign> signs_;
};

}  // namespace millrace::operators
