#pragma once

#include <memory>
#include <vector>

#include "data/builder.h"
#include "data/key_encoding.h"
#include "engine/operator.h"
#include "state/keyed_table.h"

namespace millrace::testing {

// CountByKey: (key, count) per value of one BIGINT column, once per epoch, with retraction of the
// count before: a small stateful operator for tests of the engine.
class CountByKey final : public engine::Operator {
 public:
  explicit CountByKey(uint32_t key_column);
  const traits::OperatorTraits& traits() const override { return traits_; }
  Result<void> open(engine::OpenContext& context) override;
  Result<engine::Step> on_batch(engine::Port port, data::Batch batch,
                                engine::Output& output) override;
  Result<engine::Step> on_barrier(commit::Epoch epoch, engine::Output& output) override;
  Result<engine::Step> resume(engine::Output& output) override;

  static data::SchemaPtr output_schema();

 private:
  struct Counts {
    int64_t now;
    int64_t emitted;
  };
  struct Pending {
    bool is_pending;
  };
  Result<engine::Step> emit(engine::Output& output);

  traits::OperatorTraits traits_;
  const uint32_t key_column_;
  state::KeyedTable* counts_ = nullptr;
  data::KeyHasher hasher_;
  std::vector<uint64_t> hashes_;
  std::vector<state::Slot> changed_;
  size_t next_changed_ = 0;
};

}  // namespace millrace::testing
