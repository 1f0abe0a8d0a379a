#include "operators/project/union_all.h"

#include <utility>

namespace millrace::operators {
namespace {

using engine::Step;

class UnionAll final : public engine::Operator {
 public:
  explicit UnionAll(UnionAllSpec spec) : output_(std::move(spec.output)) {
    traits_.name = "union_all";
    traits_.ports.resize(spec.ports);
  }
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }

  Result<Step> on_batch(engine::Port, data::Batch batch, engine::Output& output) override {
    std::vector<data::ColumnPtr> columns = batch.columns();
    output.push(std::move(batch).with_columns(output_, std::move(columns)));
    return Step::kDone;
  }

 private:
  traits::OperatorTraits traits_;
  const data::SchemaPtr output_;
};

}  // namespace

Result<std::unique_ptr<engine::Operator>> make_union_all(UnionAllSpec spec) {
  return std::make_unique<UnionAll>(std::move(spec));
}

}  // namespace millrace::operators
