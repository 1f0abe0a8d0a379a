#pragma once

#include <vector>

#include "data/builder.h"
#include "engine/operator.h"

namespace millrace::testing {

// TimeRecorder: any number of inputs whose column 0 is a BIGINT; emits for each row (port, value,
// watermark of the port, watermark of all ports, tick) as of the moment it came, and a row with a
// NULL value whenever a port's watermark has advanced, if asked to. NULL stands for "none yet".
class TimeRecorder final : public engine::Operator {
 public:
  struct Options {
    size_t ports = 1;
    bool times = false;
  };
  explicit TimeRecorder(Options options);
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext&) override { return {}; }
  Result<engine::Step> on_batch(engine::Port port, data::Batch batch,
                                engine::Output& output) override;
  Result<engine::Step> on_time(engine::Port port, engine::TimeDomain domain, engine::Timestamp time,
                               engine::Output& output) override;

  // (port, value, port_watermark, watermark, tick)
  static data::SchemaPtr output_schema();

 private:
  void append(data::BatchBuilder& builder, engine::Port port, data::Value value) const;

  const Options options_;
  traits::OperatorTraits traits_;
  std::vector<engine::Timestamp> watermarks_;
  engine::Timestamp tick_ = engine::kTimeMin;
};

}  // namespace millrace::testing
