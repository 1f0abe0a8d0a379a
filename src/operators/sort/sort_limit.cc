#include "operators/sort/sort_limit.h"

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/assert.h"
#include "base/endian.h"
#include "data/row_codec.h"
#include "operators/rows/order_encoding.h"
#include "operators/rows/reject_rows.h"
#include "state/ordered_multiset_table.h"

namespace millrace::operators {
namespace {

using engine::Port;
using engine::Step;
using state::kNoSlot;
using state::Slot;

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
// All rows stand under one key, the empty one.
constexpr std::string_view kKey;
constexpr uint64_t kKeyHash = 0;

// An element: bytes that sort as the row is to be sorted, the row, the length of the former.
using OrderBytes = uint32_t;

std::string_view row_of(std::string_view element) {
  const size_t end = element.size() - sizeof(OrderBytes);
  const auto order = load_be<OrderBytes>(element.data() + end);
  return element.substr(order, end - order);
}

template <class Number>
void append_be(std::string& to, Number number) {
  char bytes[sizeof(Number)];
  store_be(bytes, number);
  to.append(bytes, sizeof(bytes));
}

class SortLimit final : public engine::Operator {
 public:
  explicit SortLimit(SortLimitSpec spec);
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext& context) override;
  Result<Step> on_batch(Port port, data::Batch batch, engine::Output& output) override;
  Result<Step> on_time(Port port, engine::TimeDomain domain, engine::Timestamp time,
                       engine::Output& output) override;
  Result<Step> on_barrier(commit::Epoch epoch, engine::Output& output) override;
  Result<Step> resume(engine::Output& output) override { return emit(output); }

 private:
  bool by_arrival() const { return spec_.keys.empty() && !spec_.by_source; }
  void write_order(const data::Batch& batch, uint32_t row);
  bool comes_too_late() const;
  void append_row(std::string_view bytes);
  void keep();
  void change(const data::Batch& batch, uint32_t row, engine::Output& output);
  Result<Step> emit(engine::Output& output);
  uint64_t take_copies(Slot element, uint64_t room);

  traits::OperatorTraits traits_;
  SortLimitSpec spec_;
  const uint64_t kept_max_;  // rows that may be emitted; append-only input keeps no more
  data::RowCodec codec_;
  std::unique_ptr<state::OrderedMultisetTable> rows_;
  data::EncodedRows encoded_;
  std::string element_;
  uint64_t kept_ = 0;      // rows in rows_, of append-only input
  uint64_t arrivals_ = 0;  // the number of the next row, where the order is that of arrival

  bool ended_ = false;

  // Where emission stands.
  Slot next_ = kNoSlot;
  uint64_t copies_done_ = 0;  // of next_
  uint64_t offset_left_ = 0;
  uint64_t limit_left_ = 0;
  std::vector<std::string_view> views_;
};

uint64_t kept_max(const SortLimitSpec& spec) {
  if (!spec.limit || *spec.limit > kNoLimit - spec.offset) return kNoLimit;
  return *spec.limit + spec.offset;
}

SortLimit::SortLimit(SortLimitSpec spec)
    : spec_(std::move(spec)), kept_max_(kept_max(spec_)), codec_(*spec_.schema) {
  if (spec_.changing_input && spec_.keys.empty()) {
    for (uint32_t column = 0; column < spec_.schema->columns(); ++column) {
      spec_.keys.push_back({.column = column});
    }
  }
  traits_.name = "sort_limit";
  traits_.ports = {{.key_columns = {}, .takes_retractions = spec_.changing_input}};
  traits_.stateful = true;
}

Result<void> SortLimit::open(engine::OpenContext& context) {
  MILLRACE_ASSERT(context.state != nullptr);
  rows_ = MILLRACE_TRY(
      state::OrderedMultisetTable::open(*context.state, commit::StateId(context.state_id)));
  for (Slot slot = rows_->first(kKey); slot != kNoSlot; slot = rows_->next(slot)) {
    kept_ += static_cast<uint64_t>(rows_->count(slot));
  }
  const Slot last = rows_->last(kKey);
  if (by_arrival() && last != kNoSlot) {
    arrivals_ = load_be<uint64_t>(rows_->bytes(last).data()) + 1;
  }
  return {};
}

Result<Step> SortLimit::on_batch(Port, data::Batch batch, engine::Output& output) {
  MILLRACE_ASSERT(!spec_.by_source || batch.origin() != nullptr);
  if (by_arrival() && kept_ >= kept_max_) return Step::kDone;
  bool encoded = false;
  for (uint32_t n = 0; n < batch.size(); ++n) {
    write_order(batch, batch.row(n));
    if (comes_too_late()) continue;
    if (!std::exchange(encoded, true)) codec_.encode(batch, encoded_);
    append_row(encoded_[n]);
    if (spec_.changing_input) {
      change(batch, batch.row(n), output);
    } else {
      keep();
    }
  }
  return Step::kDone;
}

void SortLimit::write_order(const data::Batch& batch, uint32_t row) {
  element_.clear();
  for (const SortKey& key : spec_.keys) {
    append_ordered(element_, *batch.column(key.column), row, {key.descending, key.nulls_first});
  }
  if (spec_.by_source) {
    const auto [rows, number] = batch.origin()->locate(row);
    const data::ReadPosition position = rows->position(number);
    append_be(element_, position.source);
    append_be(element_, position.split);
    append_be(element_, static_cast<uint64_t>(position.row));
  }
  if (by_arrival()) append_be(element_, arrivals_++);
}

// Behind all that will be emitted, whatever the rest of the row is.
bool SortLimit::comes_too_late() const {
  if (spec_.changing_input || kept_ < kept_max_) return false;
  const Slot last = rows_->last(kKey);
  if (last == kNoSlot) return true;
  return std::string_view(element_) > rows_->bytes(last).substr(0, element_.size());
}

void SortLimit::append_row(std::string_view bytes) {
  const auto order = static_cast<OrderBytes>(element_.size());
  element_.append(bytes);
  append_be(element_, order);
}

// Of append-only input: the first kept_max_ rows.
void SortLimit::keep() {
  if (kept_ >= kept_max_) {
    const Slot last = rows_->last(kKey);
    if (last == kNoSlot || element_ >= rows_->bytes(last)) return;
    rows_->add(kKeyHash, kKey, std::string(rows_->bytes(last)), -1);
    --kept_;
  }
  rows_->add(kKeyHash, kKey, element_, 1);
  ++kept_;
}

void SortLimit::change(const data::Batch& batch, uint32_t row, engine::Output& output) {
  const int weight = data::weight(batch.sign(row));
  if (rows_->add(kKeyHash, kKey, element_, weight).after >= 0) return;
  reject_row(batch, row, ErrorCode::kOverRetraction, "The sort holds no such row to remove.",
             traits_.name, output);
}

Result<Step> SortLimit::on_time(Port, engine::TimeDomain domain, engine::Timestamp time,
                                engine::Output&) {
  if (domain == engine::TimeDomain::kEvent && time == engine::kTimeMax) ended_ = true;
  return Step::kDone;
}

// Operators above give what they held back at the barrier behind the end, so that is when all is
// here.
Result<Step> SortLimit::on_barrier(commit::Epoch, engine::Output& output) {
  if (!ended_) return Step::kDone;
  next_ = rows_->first(kKey);
  copies_done_ = 0;
  offset_left_ = spec_.offset;
  limit_left_ = spec_.limit.value_or(kNoLimit);
  return emit(output);
}

// Passes over copies of next_ that OFFSET leaves out, then takes up to `room` of the others.
uint64_t SortLimit::take_copies(Slot element, uint64_t room) {
  const uint64_t copies = static_cast<uint64_t>(rows_->count(element)) - copies_done_;
  const uint64_t skipped = std::min(copies, offset_left_);
  const uint64_t taken = std::min({copies - skipped, limit_left_, room});
  offset_left_ -= skipped;
  limit_left_ -= taken;
  copies_done_ += skipped + taken;
  return taken;
}

Result<Step> SortLimit::emit(engine::Output& output) {
  while (next_ != kNoSlot && limit_left_ > 0) {
    views_.clear();
    while (next_ != kNoSlot && limit_left_ > 0 && views_.size() < data::kBatchRowsMax) {
      const uint64_t taken = take_copies(next_, data::kBatchRowsMax - views_.size());
      views_.insert(views_.end(), taken, row_of(rows_->bytes(next_)));
      if (copies_done_ < static_cast<uint64_t>(rows_->count(next_))) continue;
      next_ = rows_->next(next_);
      copies_done_ = 0;
    }
    if (views_.empty()) break;
    std::vector<data::ColumnPtr> columns = MILLRACE_TRY(codec_.decode(views_));
    output.push({spec_.schema, std::move(columns), static_cast<uint32_t>(views_.size())});
    if (output.full()) return Step::kAgain;
  }
  rows_->erase_key(kKey);
  kept_ = 0;
  return Step::kDone;
}

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_sort_limit(SortLimitSpec spec) {
  return std::make_unique<SortLimit>(std::move(spec));
}

}  // namespace millrace::operators
