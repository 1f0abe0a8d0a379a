#include "operators/window/window_assign.h"

#include <utility>
#include <vector>

#include "operators/rows/selected_rows.h"
#include "operators/window/event_times.h"

namespace millrace::operators {
namespace {

using engine::Step;

constexpr int64_t kWindowTimeBeforeEndUs = 1000;

class WindowAssign final : public engine::Operator {
 public:
  explicit WindowAssign(WindowAssignSpec spec) : spec_(std::move(spec)) {
    traits_.name = "window_assign";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output& output) override {
    batch_ = times_.read(std::move(batch), spec_.time_column, traits_.name, output);
    next_ = 0;
    window_ = 0;
    return resume(output);
  }

  Result<Step> resume(engine::Output& output) override {
    while (next_ < batch_.size()) {
      if (output.full()) return Step::kAgain;
      collect();
      if (!rows_.empty()) output.push(make_batch());
    }
    batch_ = {};
    return Step::kDone;
  }

 private:
  // The next rows of the output, as many as fit into a batch. A row's windows go from the earliest
  // to the latest; window_ is the number of the next one.
  void collect() {
    rows_.clear();
    starts_.clear();
    for (; next_ < batch_.size(); ++next_, window_ = 0) {
      const uint32_t row = batch_.row(next_);
      const int64_t last = last_window_start(spec_.window, times_[row]);
      const int64_t reach = spec_.window.size_us - (times_[row] - last);
      if (reach <= 0) continue;  // between two windows
      const int64_t windows = (reach + spec_.window.slide_us - 1) / spec_.window.slide_us;
      for (; window_ < windows; ++window_) {
        if (rows_.size() == data::kBatchRowsMax) return;
        rows_.push_back(row);
        starts_.push_back(last - (windows - 1 - window_) * spec_.window.slide_us);
      }
    }
  }

  data::Batch make_batch() {
    const auto count = static_cast<uint32_t>(rows_.size());
    data::Batch rows = gather_rows(batch_, rows_);
    std::vector<data::ColumnPtr> columns = rows.columns();
    for (const int64_t shift : {int64_t{0}, spec_.window.size_us, -kWindowTimeBeforeEndUs}) {
      for (int64_t& time : starts_) time += shift;
      columns.push_back(make_time_column(spec_.output->field(columns.size()).type, starts_));
    }
    data::Batch batch =
        data::Batch(spec_.output, std::move(columns), count).with_origin(rows.origin());
    return rows.has_signs() ? std::move(batch).with_signs(rows.sign_buffer()) : batch;
  }

  const WindowAssignSpec spec_;
  traits::OperatorTraits traits_;
  EventTimes times_;
  data::Batch batch_;
  uint32_t next_ = 0;  // of the rows that count
  int64_t window_ = 0;
  std::vector<uint32_t> rows_;
  std::vector<int64_t> starts_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_window_assign(WindowAssignSpec spec) {
  return std::make_unique<WindowAssign>(std::move(spec));
}

}  // namespace millrace::operators
