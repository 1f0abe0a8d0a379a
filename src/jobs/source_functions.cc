#include "jobs/source_functions.h"

#include "expr/evaluator.h"
#include "jobs/row_json.h"

namespace millrace::jobs {
namespace {

using engine::Rejection;
using engine::Timestamp;

void reject_all(const expr::RowErrors& errors, const data::Batch& batch,
                std::vector<Rejection>& rejections) {
  for (const expr::RowError& error : errors.list()) {
    rejections.push_back({.code = error.code,
                          .reason = error.message,
                          .table = {},
                          .place = {},
                          .row = row_as_json(batch, error.row),
                          .batch_row = error.row});
  }
}

class ComputedColumns final : public engine::RowProjection {
 public:
  ComputedColumns(data::SchemaPtr schema, expr::Projection projection, bool null_on_error)
      : schema_(std::move(schema)),
        projection_(std::move(projection)),
        null_on_error_(null_on_error) {}

  Result<data::Batch> project(data::Batch batch, std::vector<Rejection>& rejections) override {
    expr::Projection::Output output = projection_.evaluate(batch);
    if (!output.errors.empty() && !null_on_error_) {
      reject_all(output.errors, batch, rejections);
      batch = expr::without_errors(std::move(batch), output.errors);
    }
    return std::move(batch).with_columns(schema_, std::move(output.columns));
  }

 private:
  const data::SchemaPtr schema_;
  expr::Projection projection_;
  const bool null_on_error_;
};

class Condition final : public engine::RowFilter {
 public:
  explicit Condition(expr::Predicate predicate) : predicate_(std::move(predicate)) {}

  Result<data::Batch> filter(data::Batch batch, std::vector<Rejection>& rejections) override {
    const data::Batch before = batch;
    expr::Predicate::Output output = predicate_.evaluate(std::move(batch));
    if (!output.errors.empty()) reject_all(output.errors, before, rejections);
    return std::move(output.batch);
  }

 private:
  expr::Predicate predicate_;
};

// Reads a TIMESTAMP column's values as µs.
class TimeValues {
 public:
  explicit TimeValues(const data::ColumnPtr& column)
      : column_(data::flatten(column)),
        values_(column_->data<int64_t>()),
        validity_(column_->validity_words()),
        divisor_(column_->type().counts_ns() ? 1'000 : 1) {}
  bool is_null(uint32_t row) const {
    return validity_ != nullptr && !data::get_bit(validity_, row);
  }
  Timestamp us(uint32_t row) const {
    if (divisor_ == 1) return values_[row];
    const int64_t value = values_[row];
    return value / divisor_ - (value % divisor_ < 0 ? 1 : 0);
  }

 private:
  data::ColumnPtr column_;
  const int64_t* values_;
  const uint64_t* validity_;
  int64_t divisor_;
};

class ComputedTime final : public engine::EventTime {
 public:
  explicit ComputedTime(expr::Evaluator evaluator) : evaluator_(std::move(evaluator)) {}

  Result<data::Batch> evaluate(data::Batch batch, std::vector<Timestamp>& times,
                               std::vector<Timestamp>& watermarks,
                               std::vector<Rejection>& rejections) override {
    const std::vector<expr::Vector> results = evaluator_.evaluate(batch);
    expr::RowErrors errors;
    for (const expr::Vector& result : results) {
      if (result.errors != nullptr) errors.merge(result.errors->within(expr::rows_of(batch)));
    }
    const TimeValues time(results[0].column);
    const TimeValues watermark(results[1].column);
    times.resize(batch.rows());
    watermarks.resize(batch.rows());
    batch.for_each_row([&](uint32_t row) {
      if (time.is_null(row) && data::retracts(batch.sign(row))) {
        times[row] = watermarks[row] = engine::kTimeMin;
        return;
      }
      if (time.is_null(row) && errors.find(row) == nullptr) {
        errors.add(row, ErrorCode::kNullEventTime, "the event time is NULL");
      }
      times[row] = time.us(row);
      watermarks[row] = watermark.is_null(row) ? engine::kTimeMin : watermark.us(row);
    });
    if (errors.empty()) return batch;
    reject_all(errors, batch, rejections);
    return expr::without_errors(std::move(batch), errors);
  }

  std::string row_as_json(const data::Batch& batch, uint32_t row) const override {
    return jobs::row_as_json(batch, row);
  }

 private:
  expr::Evaluator evaluator_;
};

}  // namespace

Result<std::unique_ptr<engine::RowProjection>> make_row_projection(
    data::SchemaPtr schema, std::vector<expr::ExpressionPtr> columns, bool null_on_error) {
  auto projection = MILLRACE_TRY(expr::Projection::compile(std::move(columns)));
  return std::make_unique<ComputedColumns>(std::move(schema), std::move(projection), null_on_error);
}

Result<std::unique_ptr<engine::RowFilter>> make_row_filter(expr::ExpressionPtr condition) {
  return std::make_unique<Condition>(MILLRACE_TRY(expr::Predicate::compile(std::move(condition))));
}

Result<std::unique_ptr<engine::EventTime>> make_event_time(expr::ExpressionPtr time,
                                                           expr::ExpressionPtr watermark) {
  std::vector<expr::ExpressionPtr> both;
  both.push_back(std::move(time));
  both.push_back(std::move(watermark));
  return std::make_unique<ComputedTime>(MILLRACE_TRY(expr::Evaluator::compile(std::move(both))));
}

}  // namespace millrace::jobs
