#include "operators/rows/selected_rows.h"

#include <cstring>
#include <utility>

namespace millrace::operators {

Buffer gather_signs(const data::Batch& batch, std::span<const uint32_t> rows) {
  if (!batch.has_signs()) return {};
  Buffer signs = Buffer::allocate(rows.size());
  data::Sign* const to = signs.mutable_as<data::Sign>();
  for (size_t n = 0; n < rows.size(); ++n) to[n] = batch.signs()[rows[n]];
  return signs;
}

data::Batch gather_rows(const data::Batch& batch, std::span<const uint32_t> rows) {
  const auto count = static_cast<uint32_t>(rows.size());
  std::vector<data::ColumnPtr> columns;
  columns.reserve(batch.columns().size());
  for (const data::ColumnPtr& column : batch.columns()) {
    columns.push_back(data::gather(column, rows.data(), count));
  }
  data::Batch gathered = data::Batch(batch.schema(), std::move(columns), count)
                             .with_origin(data::gather_origin(batch.origin(), rows));
  Buffer signs = gather_signs(batch, rows);
  if (!signs) return gathered;
  return std::move(gathered).with_signs(std::move(signs));
}

data::Batch select_rows(data::Batch batch, std::span<const uint16_t> rows) {
  Buffer selection = Buffer::allocate(rows.size_bytes());
  if (!rows.empty()) std::memcpy(selection.mutable_data(), rows.data(), rows.size_bytes());
  return std::move(batch).with_selection(std::move(selection), static_cast<uint32_t>(rows.size()));
}

}  // namespace millrace::operators
