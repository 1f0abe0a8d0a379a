#include "operators/project/unnest.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "data/bitmap.h"
#include "data/builder.h"
#include "operators/rows/selected_rows.h"

namespace millrace::operators {
namespace {

using data::ColumnPtr;
using engine::Step;

// `child` as NULL where the group that it is a field of is.
ColumnPtr masked(const data::Column& group, ColumnPtr child) {
  const uint64_t* own = group.validity_words();
  if (own == nullptr) return child;
  child = data::flatten(child);
  Buffer validity = Buffer::allocate(data::bitmap_bytes(group.rows()));
  const uint64_t* inner = child->validity_words();
  for (size_t word = 0; word < data::bitmap_words(group.rows()); ++word) {
    validity.mutable_as<uint64_t>()[word] =
        own[word] & (inner != nullptr ? inner[word] : ~uint64_t{0});
  }
  return child->with_validity(std::move(validity));
}

class Unnest final : public engine::Operator {
 public:
  explicit Unnest(UnnestSpec spec) : spec_(std::move(spec)) {
    traits_.name = "unnest";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output& output) override {
    batch_ = std::move(batch);
    lists_ = data::flatten(batch_.column(spec_.column));
    split_elements();
    next_row_ = 0;
    next_element_ = 0;
    return resume(output);
  }

  Result<Step> resume(engine::Output& output) override {
    while (next_row_ < batch_.size()) {
      if (output.full()) return Step::kAgain;
      collect();
      if (!rows_.empty()) output.push(make_batch());
    }
    batch_ = {};
    lists_ = nullptr;
    elements_.clear();
    return Step::kDone;
  }

 private:
  // The columns that an element becomes, with a NULL behind the last where one is needed.
  void split_elements() {
    elements_.clear();
    const ColumnPtr all = data::flatten(lists_->children()[0]);
    null_element_ = all->rows();
    if (all->width() == data::Width::kGroup) {
      for (const ColumnPtr& child : all->children()) elements_.push_back(masked(*all, child));
    } else {
      elements_.push_back(all);
    }
    if (!spec_.keeps_empty) return;
    for (ColumnPtr& column : elements_) {
      column = data::concatenate({data::flatten(column), data::Column::nulls(column->type(), 1)});
    }
  }

  // The next rows of the output, as many as fit into a batch.
  void collect() {
    rows_.clear();
    places_.clear();
    ordinals_.clear();
    const uint32_t* offsets = lists_->data<uint32_t>();
    while (next_row_ < batch_.size() && rows_.size() < data::kBatchRowsMax) {
      const uint32_t row = batch_.row(next_row_);
      const uint32_t count = lists_->is_null(row) ? 0 : offsets[row + 1] - offsets[row];
      if (count == 0 && spec_.keeps_empty) {
        add(row, null_element_, 0);
      } else {
        const uint32_t room = data::kBatchRowsMax - static_cast<uint32_t>(rows_.size());
        const uint32_t end = std::min(count, next_element_ + room);
        for (; next_element_ < end; ++next_element_) {
          add(row, offsets[row] + next_element_, next_element_ + 1);
        }
        if (end < count) return;
      }
      next_element_ = 0;
      ++next_row_;
    }
  }

  void add(uint32_t row, uint32_t place, int64_t ordinal) {
    rows_.push_back(row);
    places_.push_back(place);
    ordinals_.push_back(ordinal);
  }

  data::Batch make_batch() const {
    const auto count = static_cast<uint32_t>(rows_.size());
    std::vector<ColumnPtr> columns;
    for (const ColumnPtr& column : batch_.columns()) {
      columns.push_back(data::gather(column, rows_.data(), count));
    }
    for (const ColumnPtr& column : elements_) {
      columns.push_back(data::gather(column, places_.data(), count));
    }
    if (spec_.with_ordinality) columns.push_back(make_ordinals());
    data::Batch batch = data::Batch(spec_.output, std::move(columns), count)
                            .with_origin(data::gather_origin(batch_.origin(), rows_));
    Buffer signs = gather_signs(batch_, rows_);
    return signs ? std::move(batch).with_signs(std::move(signs)) : batch;
  }

  ColumnPtr make_ordinals() const {
    data::ColumnBuilder builder(data::TypeKind::kBigint, static_cast<uint32_t>(ordinals_.size()));
    for (const int64_t ordinal : ordinals_) {
      if (ordinal == 0) {
        builder.append_null();
      } else {
        builder.append<int64_t>(ordinal);
      }
    }
    return builder.finish();
  }

  const UnnestSpec spec_;
  traits::OperatorTraits traits_;
  data::Batch batch_;
  ColumnPtr lists_;
  std::vector<ColumnPtr> elements_;
  uint32_t null_element_ = 0;
  uint32_t next_row_ = 0;  // of those that count
  uint32_t next_element_ = 0;
  // The batch that is being made: input row, element and ordinal (0: none) per row.
  std::vector<uint32_t> rows_;
  std::vector<uint32_t> places_;
  std::vector<int64_t> ordinals_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_unnest(UnnestSpec spec) {
  return std::make_unique<Unnest>(std::move(spec));
}

}  // namespace millrace::operators
