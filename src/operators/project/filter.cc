#include "operators/project/filter.h"

#include "expr/evaluator.h"
#include "operators/project/reject_errors.h"

namespace millrace::operators {
namespace {

class Filter final : public engine::Operator {
 public:
  explicit Filter(expr::Predicate predicate) : predicate_(std::move(predicate)) {
    traits_.name = "filter";
    traits_.ports.resize(1);
  }

  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<engine::Step> on_batch(engine::Port, data::Batch batch,
                                engine::Output& output) override {
    expr::Predicate::Output passed = predicate_.evaluate(std::move(batch), {.now_us = now_us_});
    if (!passed.errors.empty()) reject_errors(passed.errors, passed.batch, "filter", output);
    output.push(std::move(passed.batch));
    return engine::Step::kDone;
  }

  Result<engine::Step> on_time(engine::Port, engine::TimeDomain domain, engine::Timestamp time,
                               engine::Output&) override {
    if (domain == engine::TimeDomain::kProcessing) now_us_ = time;
    return engine::Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
  expr::Predicate predicate_;
  int64_t now_us_ = 0;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_filter(FilterSpec spec) {
  return std::make_unique<Filter>(
      MILLRACE_TRY(expr::Predicate::compile(std::move(spec.predicate))));
}

}  // namespace millrace::operators
