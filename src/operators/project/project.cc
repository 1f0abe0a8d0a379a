#include "operators/project/project.h"

#include "expr/evaluator.h"
#include "operators/project/reject_errors.h"

namespace millrace::operators {
namespace {

class Project final : public engine::Operator {
 public:
  Project(expr::Projection projection, data::SchemaPtr output)
      : projection_(std::move(projection)), schema_(std::move(output)) {
    traits_.name = "project";
    traits_.ports.resize(1);
  }

  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<engine::Step> on_batch(engine::Port, data::Batch batch,
                                engine::Output& output) override {
    expr::Projection::Output made = projection_.evaluate(batch, {.now_us = now_us_});
    if (!made.errors.empty()) {
      reject_errors(made.errors, batch, "project", output);
      batch = expr::without_errors(std::move(batch), made.errors);
    }
    output.push(std::move(batch).with_columns(schema_, std::move(made.columns)));
    return engine::Step::kDone;
  }

  Result<engine::Step> on_time(engine::Port, engine::TimeDomain domain, engine::Timestamp time,
                               engine::Output&) override {
    if (domain == engine::TimeDomain::kProcessing) now_us_ = time;
    return engine::Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
  expr::Projection projection_;
  const data::SchemaPtr schema_;
  int64_t now_us_ = 0;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_project(ProjectSpec spec) {
  return std::make_unique<Project>(
      MILLRACE_TRY(expr::Projection::compile(std::move(spec.expressions))),
      std::move(spec.output));
}

}  // namespace millrace::operators
