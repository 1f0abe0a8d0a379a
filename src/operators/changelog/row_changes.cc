#include "operators/changelog/row_changes.h"

#include <algorithm>
#include <utility>

namespace millrace::operators {

using data::Sign;

void RowChanges::add(const std::string_view* before, const std::string_view* now) {
  const bool is_pair = before != nullptr && now != nullptr;
  if (is_pair && *before == *now) return;
  if (before != nullptr) {
    rows_.push_back(*before);
    signs_.push_back(is_pair ? Sign::kUpdateBefore : Sign::kDelete);
  }
  if (now != nullptr) {
    rows_.push_back(*now);
    signs_.push_back(is_pair ? Sign::kUpdateAfter : Sign::kInsert);
  }
}

Result<void> RowChanges::push(engine::Output& output) {
  if (rows_.empty()) return {};
  const auto count = static_cast<uint32_t>(rows_.size());
  std::vector<data::ColumnPtr> columns = MILLRACE_TRY(codec_.decode(rows_));
  data::Batch batch(schema_, std::move(columns), count);
  Buffer signs = Buffer::allocate(count);
  std::ranges::copy(signs_, signs.mutable_as<Sign>());
  output.push(std::move(batch).with_signs(std::move(signs)));
  rows_.clear();
  signs_.clear();
  return {};
}

}  // namespace millrace::operators
