#include "jobs/event_time_order.h"

#include <algorithm>
#include <charconv>

#include "expr/evaluator.h"

namespace millrace::jobs {
namespace {

using engine::Position;
using engine::Step;

// Reads its split to the end, sorts, and then gives the rows; a position is how many rows are
// behind it.
class OrderedReader final : public engine::SplitReader, private engine::Emit {
 public:
  OrderedReader(data::SchemaPtr schema, std::unique_ptr<engine::SplitReader> reader,
                expr::Evaluator time, expr::Evaluator made, data::SchemaPtr made_schema,
                uint32_t skip)
      : schema_(std::move(schema)),
        made_schema_(std::move(made_schema)),
        reader_(std::move(reader)),
        time_(std::move(time)),
        made_(std::move(made)),
        next_(skip) {}

  Result<Step> poll(uint32_t rows_max, engine::Emit& emit) override {
    while (!sorted_) {
      const Step step = MILLRACE_TRY(reader_->poll(data::kBatchRowsMax, *this));
      if (step == Step::kWait) return step;
      if (step == Step::kDone) sort();
    }
    for (engine::Rejection& rejection : rejections_) {
      emit.reject(std::move(rejection), std::to_string(next_));
    }
    rejections_.clear();
    if (next_ >= order_.size()) return Step::kDone;
    const auto count = std::min<uint32_t>(std::min(rows_max, data::kBatchRowsMax),
                                          static_cast<uint32_t>(order_.size()) - next_);
    std::vector<data::ColumnPtr> columns;
    for (const data::ColumnPtr& column : columns_) {
      columns.push_back(data::gather(column, order_.data() + next_, count));
    }
    const int64_t first = next_;
    next_ += count;
    emit.rows(data::Batch(schema_, std::move(columns), count), std::to_string(next_), first);
    return Step::kAgain;
  }

 private:
  void rows(data::Batch batch, Position, int64_t) override {
    batches_.push_back(std::move(batch).compact());
  }
  void reject(engine::Rejection rejection, Position) override {
    // Told once: a resumed reader has told them already.
    if (next_ == 0) rejections_.push_back(std::move(rejection));
  }

  void sort() {
    std::vector<int64_t> times;
    for (data::Batch& batch : batches_) add_times(batch, times);
    for (size_t index = 0; index < schema_->columns() && !batches_.empty(); ++index) {
      std::vector<data::ColumnPtr> parts;
      for (const data::Batch& batch : batches_) parts.push_back(batch.column(index));
      columns_.push_back(data::concatenate(parts));
    }
    batches_.clear();
    for (uint32_t row = 0; row < times.size(); ++row) order_.push_back(row);
    std::ranges::stable_sort(order_, {}, [&](uint32_t row) { return times[row]; });
    sorted_ = true;
  }

  void add_times(const data::Batch& batch, std::vector<int64_t>& times) {
    data::Batch made = batch;
    if (!made_.expressions().empty()) {
      std::vector<data::ColumnPtr> columns;
      for (expr::Vector& vector : made_.evaluate(batch))
        columns.push_back(std::move(vector.column));
      made = data::Batch(made_schema_, std::move(columns), batch.rows());
    }
    const data::ColumnPtr column = data::flatten(time_.evaluate(made)[0].column);
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      times.push_back(column->is_null(row) ? engine::kTimeMin : column->data<int64_t>()[row]);
    }
  }

  const data::SchemaPtr schema_;
  const data::SchemaPtr made_schema_;
  const std::unique_ptr<engine::SplitReader> reader_;
  expr::Evaluator time_;
  expr::Evaluator made_;
  uint32_t next_;
  bool sorted_ = false;
  std::vector<data::Batch> batches_;
  std::vector<engine::Rejection> rejections_;
  std::vector<data::ColumnPtr> columns_;
  std::vector<uint32_t> order_;
};

class OrderedSource final : public engine::Source {
 public:
  OrderedSource(std::shared_ptr<engine::Source> source, std::vector<expr::ExpressionPtr> made,
                data::SchemaPtr made_schema, expr::ExpressionPtr time)
      : source_(std::move(source)),
        made_(std::move(made)),
        made_schema_(std::move(made_schema)),
        time_(std::move(time)) {}

  data::SchemaPtr schema() const override { return source_->schema(); }
  Result<std::vector<engine::Split>> splits() override { return source_->splits(); }
  bool bounded() const override { return source_->bounded(); }
  // Sorting has lost the rows' numbers.
  std::string place(const engine::Split& split, int64_t) const override { return split.name; }

  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split& split,
                                                    const Position& from, io::Wake wake) override {
    uint32_t skip = 0;
    std::from_chars(from.data(), from.data() + from.size(), skip);
    auto reader = MILLRACE_TRY(source_->open(split, {}, std::move(wake)));
    auto time = MILLRACE_TRY(expr::Evaluator::compile({time_}));
    auto made = MILLRACE_TRY(expr::Evaluator::compile(made_));
    return std::make_unique<OrderedReader>(schema(), std::move(reader), std::move(time),
                                           std::move(made), made_schema_, skip);
  }

 private:
  const std::shared_ptr<engine::Source> source_;
  const std::vector<expr::ExpressionPtr> made_;
  const data::SchemaPtr made_schema_;
  const expr::ExpressionPtr time_;
};

}  // namespace

std::shared_ptr<engine::Source> order_by_event_time(std::shared_ptr<engine::Source> source,
                                                    std::vector<expr::ExpressionPtr> made,
                                                    data::SchemaPtr made_schema,
                                                    expr::ExpressionPtr time) {
  return std::make_shared<OrderedSource>(std::move(source), std::move(made), std::move(made_schema),
                                         std::move(time));
}

}  // namespace millrace::jobs
