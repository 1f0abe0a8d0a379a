#include "broker/transactions/marker.h"

#include "base/assert.h"
#include "base/endian.h"
#include "record/batch_builder.h"

namespace millrace::broker {

commit::RecordBatch make_marker(ProducerIdentity producer, bool commit, int64_t now_ms,
                                int32_t coordinator_epoch) {
  record::BatchBuilder builder({.producer_id = producer.id,
                                .producer_epoch = producer.epoch,
                                .transactional = true,
                                .control = true,
                                .capacity_bytes = 128});
  char key[2 * sizeof(int16_t)] = {};  // version, type
  store_be<int16_t>(key + sizeof(int16_t), commit ? 1 : 0);
  char value[sizeof(int16_t) + sizeof(int32_t)] = {};  // version, coordinator epoch
  store_be<int32_t>(value + sizeof(int16_t), coordinator_epoch);
  const auto appended = builder.append({.timestamp_ms = now_ms,
                                        .key = std::string_view(key, sizeof key),
                                        .value = std::string_view(value, sizeof value),
                                        .headers = {}});
  MILLRACE_ASSERT(appended.has_value());
  auto batch = commit::RecordBatch::of(builder.build());
  MILLRACE_ASSERT(batch.has_value());
  return *std::move(batch);
}

}  // namespace millrace::broker
