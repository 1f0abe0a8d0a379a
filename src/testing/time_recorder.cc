#include "testing/time_recorder.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::testing {
namespace {

data::Value time_value(engine::Timestamp time) {
  return time == engine::kTimeMin ? data::Value() : data::Value(time);
}

}  // namespace

using engine::Step;

TimeRecorder::TimeRecorder(Options options)
    : options_(options), watermarks_(options.ports, engine::kTimeMin) {
  traits_.name = "time_recorder";
  traits_.ports.resize(options.ports);
}

data::SchemaPtr TimeRecorder::output_schema() {
  static const data::SchemaPtr schema =
      data::make_schema({{"port", data::TypeKind::kBigint, false},
                         {"value", data::TypeKind::kBigint, true},
                         {"port_watermark", data::TypeKind::kBigint, true},
                         {"watermark", data::TypeKind::kBigint, true},
                         {"tick", data::TypeKind::kBigint, true}});
  return schema;
}

void TimeRecorder::append(data::BatchBuilder& builder, engine::Port port, data::Value value) const {
  builder.append_row({int64_t{port}, std::move(value), time_value(watermarks_[port]),
                      time_value(*std::ranges::min_element(watermarks_)), time_value(tick_)});
}

Result<Step> TimeRecorder::on_batch(engine::Port port, data::Batch batch, engine::Output& output) {
  data::BatchBuilder builder(output_schema(), batch.size());
  batch.for_each_row([&](uint32_t row) { append(builder, port, batch.column(0)->value(row)); });
  output.push(builder.finish());
  return Step::kDone;
}

Result<Step> TimeRecorder::on_time(engine::Port port, engine::TimeDomain domain,
                                   engine::Timestamp time, engine::Output& output) {
  if (domain == engine::TimeDomain::kProcessing) {
    MILLRACE_ASSERT(time >= tick_ || options_.ports > 1);
    tick_ = std::max(tick_, time);
    return Step::kDone;
  }
  MILLRACE_ASSERT(time >= watermarks_[port]);
  const bool advanced = time > watermarks_[port];
  watermarks_[port] = time;
  if (!options_.times || !advanced) return Step::kDone;
  data::BatchBuilder builder(output_schema(), 1);
  append(builder, port, data::Value());
  output.push(builder.finish());
  return Step::kDone;
}

}  // namespace millrace::testing
