#include "connectors/blackhole/blackhole.h"

#include "base/crc32c.h"
#include "data/column.h"

namespace millrace::connectors {
namespace {

// Every byte that a column's rows have, read once.
uint32_t checksum(const data::ColumnPtr& column, uint32_t sum) {
  const data::ColumnPtr flat = data::flatten(column);
  sum = crc32c(flat->values().span(), sum);
  sum = crc32c(flat->validity().span(), sum);
  for (const Buffer& heap : flat->heaps()) sum = crc32c(heap.span(), sum);
  for (const data::ColumnPtr& child : flat->children()) sum = checksum(child, sum);
  return sum;
}

class BlackholeSink final : public engine::Sink {
 public:
  Result<void> open(engine::OpenContext&) override { return {}; }
  Result<engine::Step> on_batch(data::Batch batch, engine::Staging&) override {
    batch = std::move(batch).compact();
    for (const data::ColumnPtr& column : batch.columns()) sum_ = checksum(column, sum_);
    return engine::Step::kDone;
  }
  Result<engine::Step> on_barrier(commit::Epoch, engine::Staging&) override {
    return engine::Step::kDone;
  }
  Result<engine::Step> resume(engine::Staging&) override { return engine::Step::kDone; }
  Result<void> committed(commit::Epoch) override { return {}; }

 private:
  // Volatile: the reading is the point, although nobody asks for the sum.
  volatile uint32_t sum_ = 0;
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
