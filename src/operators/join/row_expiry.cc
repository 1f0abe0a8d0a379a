#include "operators/join/row_expiry.h"

#include <algorithm>
#include <string_view>

namespace millrace::operators {
namespace {

// Rows that go within this time go together.
constexpr int64_t kBucketUs = 100'000;

engine::Timestamp bucket_of(engine::Timestamp time) {
  if (time < engine::kTimeMin + kBucketUs) return engine::kTimeMin;
  if (time > engine::kTimeMax - kBucketUs) return engine::kTimeMax;
  const int64_t rest = time % kBucketUs;
  return time - rest + (rest < 0 ? 0 : kBucketUs) - 1;
}

}  // namespace

Result<void> RowExpiry::restore(const state::MultisetTable& table, const data::RowCodec& codec) {
  std::vector<state::Slot> slots;
  table.for_each([&](state::Slot slot) { slots.push_back(slot); });
  std::vector<std::string_view> bytes;
  for (size_t from = 0; from < slots.size(); from += data::kBatchRowsMax) {
    const size_t count = std::min<size_t>(data::kBatchRowsMax, slots.size() - from);
    bytes.clear();
    for (size_t n = 0; n < count; ++n) bytes.push_back(table.bytes(slots[from + n]));
    auto columns = MILLRACE_TRY(codec.decode(bytes));
    read(data::Batch(nullptr, std::move(columns), static_cast<uint32_t>(count)));
    for (size_t n = 0; n < count; ++n) add(static_cast<uint32_t>(n), slots[from + n]);
  }
  return {};
}

void RowExpiry::add_at(engine::Timestamp time, state::Slot element) {
  const engine::Timestamp bucket = bucket_of(time);
  if (last_slots_ == nullptr || bucket != last_bucket_) {
    last_slots_ = &buckets_[bucket];
    last_bucket_ = bucket;
  }
  last_slots_->push_back(element);
}

bool RowExpiry::sweep(engine::Timestamp watermark, size_t rows_max, state::MultisetTable& table) {
  while (!buckets_.empty() && buckets_.begin()->first < watermark) {
    std::vector<state::Slot>& slots = buckets_.begin()->second;
    for (; !slots.empty(); slots.pop_back()) {
      if (rows_max-- == 0) return false;
      table.erase(slots.back());
    }
    buckets_.erase(buckets_.begin());
    last_slots_ = nullptr;
  }
  return true;
}

}  // namespace millrace::operators
