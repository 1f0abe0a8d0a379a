#include "operators/project/project.h"

#include <set>
#include <utility>
#include <vector>

#include "expr/evaluator.h"
#include "operators/rows/reject_rows.h"

namespace millrace::operators {
namespace {

using engine::Port;
using engine::Step;

class Project final : public engine::Operator {
 public:
  Project(data::SchemaPtr output, expr::Projection projection, std::vector<uint32_t> read)
      : output_(std::move(output)), projection_(std::move(projection)), read_(std::move(read)) {
    traits_.name = "project";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<Step> on_batch(Port, data::Batch batch, engine::Output& output) override {
    expr::Projection::Output result = projection_.evaluate(batch, moment_);
    for (size_t index = 0; index < result.columns.size(); ++index) {
      forbid_nulls(batch, *result.columns[index], output_->field(index), result.errors);
    }
    if (!result.errors.empty()) {
      reject_uncomputed(batch, result.errors, traits_.name, read_, output);
      batch = expr::without_errors(std::move(batch), result.errors);
    }
    output.push(std::move(batch).with_columns(output_, std::move(result.columns)));
    return Step::kDone;
  }

  Result<Step> on_time(Port, engine::TimeDomain domain, engine::Timestamp time,
                       engine::Output&) override {
    const bool is_tick = domain == engine::TimeDomain::kProcessing && time != engine::kTimeMax;
    if (is_tick) moment_.now_us = time;
    return Step::kDone;
  }

 private:
  static void forbid_nulls(const data::Batch& batch, const data::Column& column,
                           const data::Field& field, expr::RowErrors& errors) {
    if (field.nullable || !column.may_have_nulls()) return;
    expr::RowErrors nulls;
    batch.for_each_row([&](uint32_t row) {
      if (!column.is_null(row) || errors.find(row) != nullptr) return;
      nulls.add(row, ErrorCode::kNullNotAllowed, "'" + field.name + "' must not be NULL");
    });
    errors.merge(nulls);
  }

  traits::OperatorTraits traits_;
  const data::SchemaPtr output_;
  expr::Projection projection_;
  const std::vector<uint32_t> read_;
  expr::Moment moment_;
};

// Columns of the input by which a row may fail.
std::vector<uint32_t> columns_read(const std::vector<expr::ExpressionPtr>& expressions,
                                   const data::Schema& output) {
  std::set<uint32_t> columns;
  for (size_t index = 0; index < expressions.size(); ++index) {
    const expr::Expression& expression = *expressions[index];
    const bool must_have_value = !output.field(index).nullable && expression.nullable();
    if (!must_have_value && !expr::may_fail(expression)) continue;
    const auto own = expr::columns_of(expression);
    columns.insert(own.begin(), own.end());
  }
  return {columns.begin(), columns.end()};
}

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_project(ProjectSpec spec) {
  std::vector<uint32_t> read = columns_read(spec.expressions, *spec.output);
  expr::Projection projection =
      MILLRACE_TRY(expr::Projection::compile(std::move(spec.expressions)));
  return std::make_unique<Project>(std::move(spec.output), std::move(projection), std::move(read));
}

}  // namespace millrace::operators
