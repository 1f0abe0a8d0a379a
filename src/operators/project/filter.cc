#include "operators/project/filter.h"

#include <utility>
#include <vector>

#include "expr/evaluator.h"
#include "operators/rows/reject_rows.h"

namespace millrace::operators {
namespace {

using engine::Port;
using engine::Step;

class Filter final : public engine::Operator {
 public:
  Filter(expr::Predicate predicate, std::vector<uint32_t> read)
      : predicate_(std::move(predicate)), read_(std::move(read)) {
    traits_.name = "filter";
    traits_.ports.resize(1);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<Step> on_batch(Port, data::Batch batch, engine::Output& output) override {
    expr::Predicate::Output result = predicate_.evaluate(std::move(batch), moment_);
    reject_uncomputed(result.batch, result.errors, traits_.name, read_, output);
    output.push(std::move(result.batch));
    return Step::kDone;
  }

  Result<Step> on_time(Port, engine::TimeDomain domain, engine::Timestamp time,
                       engine::Output&) override {
    const bool is_tick = domain == engine::TimeDomain::kProcessing && time != engine::kTimeMax;
    if (is_tick) moment_.now_us = time;
    return Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
  expr::Predicate predicate_;
  const std::vector<uint32_t> read_;
  expr::Moment moment_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_filter(FilterSpec spec) {
  std::vector<uint32_t> read = expr::columns_of(*spec.predicate);
  expr::Predicate predicate = MILLRACE_TRY(expr::Predicate::compile(std::move(spec.predicate)));
  return std::make_unique<Filter>(std::move(predicate), std::move(read));
}

}  // namespace millrace::operators
