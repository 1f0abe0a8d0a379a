#include "expr/vector.h"

#include <algorithm>

namespace millrace::expr {
namespace {

constexpr auto kByRow = [](const RowError& error, uint32_t row) { return error.row < row; };

}  // namespace

const RowError* RowErrors::find(uint32_t row) const {
  const auto at = std::lower_bound(list_.begin(), list_.end(), row, kByRow);
  return at != list_.end() && at->row == row ? &*at : nullptr;
}

void RowErrors::add(uint32_t row, ErrorCode code, std::string message) {
  if (list_.empty() || list_.back().row < row) {
    list_.push_back({row, code, std::move(message)});
    return;
  }
  const auto at = std::lower_bound(list_.begin(), list_.end(), row, kByRow);
  if (at->row != row) list_.insert(at, {row, code, std::move(message)});
}

void RowErrors::merge(const RowErrors& other) {
  if (other.empty()) return;
  if (list_.empty()) {
    list_ = other.list_;
    return;
  }
  std::vector<RowError> both;
  both.reserve(list_.size() + other.size());
  auto theirs = other.list_.begin();
  for (RowError& mine : list_) {
    while (theirs != other.list_.end() && theirs->row < mine.row) both.push_back(*theirs++);
    if (theirs != other.list_.end() && theirs->row == mine.row) ++theirs;
    both.push_back(std::move(mine));
  }
  both.insert(both.end(), theirs, other.list_.end());
  list_ = std::move(both);
}

RowErrors RowErrors::within(const Rows& rows) const {
  if (rows.is_all()) return *this;
  RowErrors inside;
  for (const RowError& error : list_) {
    const uint16_t* const end = rows.selection + rows.count;
    const uint16_t* const at = std::lower_bound(rows.selection, end, error.row);
    if (at != end && *at == error.row) inside.list_.push_back(error);
  }
  return inside;
}

}  // namespace millrace::expr
