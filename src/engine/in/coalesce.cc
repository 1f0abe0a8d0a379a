#include "engine/in/coalesce.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace millrace::engine {

data::Batch coalesce(std::vector<data::Batch>& batches) {
  MILLRACE_ASSERT(!batches.empty());
  if (batches.size() == 1) {
    data::Batch only = std::move(batches.front());
    batches.clear();
    return only;
  }
  uint32_t rows = 0;
  bool signs = false;
  for (data::Batch& batch : batches) {
    batch = std::move(batch).compact();
    rows += batch.rows();
    signs |= batch.has_signs();
  }
  MILLRACE_ASSERT(rows <= data::kBatchRowsMax);
  const data::SchemaPtr schema = batches.front().schema();
  std::vector<data::ColumnPtr> columns;
  std::vector<data::ColumnPtr> parts(batches.size());
  for (size_t index = 0; index < batches.front().columns().size(); ++index) {
    std::ranges::transform(batches, parts.begin(),
                           [&](const data::Batch& batch) { return batch.column(index); });
    columns.push_back(data::concatenate(parts));
  }
  std::vector<std::pair<data::RowOriginPtr, uint32_t>> origins;
  for (const data::Batch& batch : batches) origins.emplace_back(batch.origin(), batch.rows());
  data::Batch whole =
      data::Batch(schema, std::move(columns), rows).with_origin(data::concatenate_origins(origins));
  if (signs) {
    Buffer all = Buffer::zeroed(rows);
    std::byte* to = all.mutable_data();
    for (const data::Batch& batch : batches) {
      if (batch.has_signs()) std::memcpy(to, batch.signs(), batch.rows());
      to += batch.rows();
    }
    whole = std::move(whole).with_signs(std::move(all));
  }
  batches.clear();
  return whole;
}

}  // namespace millrace::engine
