#include "session/row_fold.h"

#include <algorithm>

namespace millrace::session {

RowFold::RowFold(data::SchemaPtr schema) : schema_(std::move(schema)), codec_(*schema_) {}

void RowFold::add(const data::Batch& changes) {
  codec_.encode(changes, encoded_);
  for (uint32_t n = 0; n < changes.size(); ++n) {
    const auto [place, added] = places_.try_emplace(std::string(encoded_[n]), rows_.size());
    if (added) rows_.push_back({std::string(encoded_[n]), 0});
    rows_[place->second].count += data::weight(changes.sign(changes.row(n)));
  }
}

Result<std::vector<data::Batch>> RowFold::finish() {
  std::vector<std::string_view> left;
  for (const Row& row : rows_) {
    for (int64_t copy = 0; copy < row.count; ++copy) left.push_back(row.bytes);
  }
  std::vector<data::Batch> batches;
  for (size_t first = 0; first < left.size(); first += data::kBatchRowsMax) {
    const size_t count = std::min<size_t>(data::kBatchRowsMax, left.size() - first);
    auto columns = MILLRACE_TRY(codec_.decode(std::span(left).subspan(first, count)));
    batches.emplace_back(schema_, std::move(columns), static_cast<uint32_t>(count));
  }
  return batches;
}

}  // namespace millrace::session
