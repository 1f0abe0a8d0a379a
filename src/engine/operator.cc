#include "engine/operator.h"

#include "base/assert.h"

namespace millrace::engine {

Result<Step> Operator::on_time(Port, TimeDomain, Timestamp, Output&) {
  return Step::kDone;
}

Result<Step> Operator::on_barrier(commit::Epoch, Output&) {
  return Step::kDone;
}

Result<Step> Operator::resume(Output&) {
  assertion_failed("an operator that never suspends was resumed", __FILE__, __LINE__);
}

}  // namespace millrace::engine
