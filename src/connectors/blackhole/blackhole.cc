#include "connectors/blackhole/blackhole.h"

#include "connectors/blackhole/row_checksum.h"

namespace millrace::connectors {
namespace {

class BlackholeSink final : public engine::Sink {
 public:
  Result<void> open(engine::OpenContext&) override { return {}; }
  Result<engine::Step> on_batch(data::Batch batch, engine::Staging&) override {
    sum_ = row_checksum(std::move(batch), sum_);
    return engine::Step::kDone;
  }
  Result<engine::Step> on_barrier(commit::Epoch, engine::Staging&) override {
    return engine::Step::kDone;
  }
  Result<engine::Step> resume(engine::Staging&) override { return engine::Step::kDone; }
  Result<void> committed(commit::Epoch) override { return {}; }

 private:
  // Volatile: the reading is the point, although nobody asks for the sum.
  volatile uint64_t sum_ = 0;
};

class BlackholeConnector final : public Connector {
 public:
  const traits::ConnectorTraits& traits() const override {
    static const traits::ConnectorTraits kTraits = {
        .name = "blackhole",
        .summary = "Reads every row once and keeps nothing.",
        .sink = {.inserts = true, .upserts = true, .changes = true},
    };
    return kTraits;
  }
  Result<std::unique_ptr<engine::Sink>> sink(const SinkRequest&, Outside&) const override {
    return std::make_unique<BlackholeSink>();
  }
};

}  // namespace

const Connector& blackhole_connector() {
  static const BlackholeConnector kConnector;
  return kConnector;
}

}  // namespace millrace::connectors
