#include "operators/aggregate/net_changes.h"

#include <algorithm>
#include <utility>

#include "operators/rows/reject_rows.h"
#include "operators/rows/selected_rows.h"

namespace millrace::operators {

using data::Sign;

NetChanges::NetChanges(const AggregateSet& set) : set_(set), codec_(set.result_types()) {}

void NetChanges::add(state::Slot slot, const GroupImage* before, const GroupImage* now) {
  const bool is_pair = before != nullptr && now != nullptr;
  if (is_pair && set_.same(*before, *now)) return;
  has_pairs_ |= is_pair;
  if (before != nullptr) {
    add_image(slot, *before, is_pair ? Sign::kUpdateBefore : Sign::kDelete);
  }
  if (now != nullptr) add_image(slot, *now, is_pair ? Sign::kUpdateAfter : Sign::kInsert);
}

void NetChanges::add_image(state::Slot slot, const GroupImage& image, Sign sign) {
  has_signs_ |= sign != Sign::kInsert;
  images_.push_back(image);
  signs_.push_back(sign);
  slots_.push_back(slot);
}

void NetChanges::push(const data::SchemaPtr& schema, std::vector<data::ColumnPtr> leading,
                      std::string_view name, engine::Output& output) {
  expr::RowErrors errors;
  std::vector<data::ColumnPtr> results = set_.results(images_, errors);
  const bool is_whole = !has_pairs_ && errors.empty();
  const std::vector<uint16_t> kept =
      is_whole ? std::vector<uint16_t>() : kept_rows(results, errors);
  leading.insert(leading.end(), results.begin(), results.end());
  data::Batch batch(schema, std::move(leading), rows());
  for (const expr::RowError& error : errors.list()) {
    if (data::retracts(signs_[error.row])) continue;
    reject_row(batch, error.row, error.code, error.message, name, output);
  }
  if (has_signs_) {
    Buffer signs = Buffer::allocate(rows());
    std::ranges::copy(signs_, signs.mutable_as<Sign>());
    batch = std::move(batch).with_signs(std::move(signs));
  }
  if (!is_whole) batch = select_rows(std::move(batch), kept);
  output.push(std::move(batch));
  images_.clear();
  signs_.clear();
  slots_.clear();
  has_pairs_ = has_signs_ = false;
}

// Those that have a result, and not the same one as their other half.
std::vector<uint16_t> NetChanges::kept_rows(const std::vector<data::ColumnPtr>& results,
                                            const expr::RowErrors& errors) {
  codec_.encode(results, nullptr, rows(), encoded_);
  std::vector<uint16_t> kept;
  for (uint32_t at = 0; at < rows(); ++at) {
    const bool failed = errors.find(at) != nullptr;
    if (signs_[at] != Sign::kUpdateBefore) {
      if (!failed) kept.push_back(static_cast<uint16_t>(at));
      continue;
    }
    const bool after_failed = errors.find(at + 1) != nullptr;
    if (failed) signs_[at + 1] = Sign::kInsert;
    if (after_failed) signs_[at] = Sign::kDelete;
    if (!failed && !after_failed && encoded_[at] == encoded_[at + 1]) {
      ++at;
    } else if (!failed) {
      kept.push_back(static_cast<uint16_t>(at));
    }
  }
  return kept;
}

}  // namespace millrace::operators
