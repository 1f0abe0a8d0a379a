#include "log/partitions/producer_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "base/assert.h"
#include "base/buffer.h"
#include "base/endian.h"
#include "commit/byte_codec.h"
#include "record/batch_header.h"
#include "record/batch_view.h"

namespace millrace::log {
namespace {

constexpr size_t kMarkerKeyBytes = 4;    // version and type
constexpr size_t kMarkerValueBytes = 6;  // version and coordinator epoch
constexpr size_t kProducerBytesMin = 8 + 2 + 4 + 8 + 8 + 4;
constexpr size_t kBatchBytes = 4 + 4 + 8;

Result<void> read_marker(std::span<const std::byte> bytes, ProducerBatch& batch) {
  const auto wrong = [] {
    return Error(ErrorCode::kCorruptRecord, "a control batch that is not the end of a transaction");
  };
  const auto view =
      MILLRACE_TRY(record::BatchView::read(Buffer::copy_of(bytes), record::Checksum::kTrusted));
  record::Decompressor decompressor;
  auto records = MILLRACE_TRY(view.records(decompressor));
  record::Record record;
  if (!MILLRACE_TRY(records.next(record)) || !record.key || record.key->size() < kMarkerKeyBytes) {
    return wrong();
  }
  const auto type = load_be<int16_t>(record.key->data() + sizeof(int16_t));
  if (type != 0 && type != 1) return wrong();
  batch.marker = type == 1 ? Marker::kCommit : Marker::kAbort;
  if (record.value && record.value->size() >= kMarkerValueBytes) {
    batch.coordinator_epoch = load_be<int32_t>(record.value->data() + sizeof(int16_t));
  }
  return {};
}

void apply_to(ProducerState& state, const ProducerBatch& batch, int64_t base_offset) {
  if (batch.epoch > state.epoch) state.batches.clear();
  state.epoch = std::max(state.epoch, batch.epoch);
  state.silent_since_ms = -1;
  state.timestamp_ms = std::max(state.timestamp_ms, batch.timestamp_ms);
  if (batch.marker != Marker::kNone) {
    state.coordinator_epoch = batch.coordinator_epoch;
    state.open_offset = -1;
    return;
  }
  if (batch.transactional && state.open_offset < 0) state.open_offset = base_offset;
  if (!batch.sequenced()) return;
  state.batches.push_back({batch.first_sequence, batch.last_sequence(), base_offset});
  if (state.batches.size() > ProducerState::kBatchesKept) state.batches.pop_front();
}

int32_t following(int32_t sequence) {
  return sequence == INT32_MAX ? 0 : sequence + 1;
}

Error stale(const ProducerBatch& batch, const ProducerState& state) {
  return {ErrorCode::kStaleProducerEpoch,
          fmt::format("producer {} has epoch {}, the partition knows epoch {}", batch.producer_id,
                      batch.epoch, state.epoch)};
}

Error out_of_order(const ProducerBatch& batch, int32_t expected) {
  return {ErrorCode::kOutOfOrderSequence,
          fmt::format("producer {} sent sequence {}, expected is {}", batch.producer_id,
                      batch.first_sequence, expected)};
}

}  // namespace

Result<std::optional<ProducerBatch>> read_producer(std::span<const std::byte> bytes) {
  const record::BatchHeader header = MILLRACE_TRY(record::read_batch_header(bytes));
  if (header.producer_id < 0) return std::nullopt;
  ProducerBatch batch{.producer_id = header.producer_id,
                      .epoch = header.producer_epoch,
                      .first_sequence = header.base_sequence,
                      .records = header.last_offset_delta + 1,
                      .transactional = header.transactional(),
                      .timestamp_ms = header.max_timestamp_ms};
  if (header.control()) MILLRACE_TRY(read_marker(bytes, batch));
  return batch;
}

const ProducerState* ProducerTable::find(int64_t producer_id) const {
  if (const auto ahead = ahead_.find(producer_id); ahead != ahead_.end()) {
    return &ahead->second.state;
  }
  const auto found = applied_.find(producer_id);
  return found == applied_.end() ? nullptr : &found->second;
}

Result<std::optional<int64_t>> ProducerTable::check(const ProducerBatch& batch) const {
  const ProducerState* state = find(batch.producer_id);
  if (state == nullptr) {
    // It is new, or was silent for too long: what it says is taken.
    const bool lost = batch.counts_from_zero && batch.sequenced() && batch.first_sequence != 0;
    if (lost) return out_of_order(batch, 0);
    return std::nullopt;
  }
  if (batch.epoch < state->epoch) return stale(batch, *state);
  if (batch.marker != Marker::kNone) return std::nullopt;
  if (batch.sequenced()) {
    const bool begins = batch.epoch > state->epoch || state->batches.empty();
    for (const ProducerState::Batch& known : state->batches) {
      // What an ended transaction wrote cannot be what is sent now: it would be acknowledged and
      // lost.
      const bool over =
          batch.transactional && (state->open_offset < 0 || known.base_offset < state->open_offset);
      if (!begins && !over && known.first_sequence == batch.first_sequence &&
          known.last_sequence == batch.last_sequence()) {
        return known.base_offset;
      }
    }
    const int32_t expected = begins ? 0 : following(state->batches.back().last_sequence);
    if (batch.first_sequence != expected) return out_of_order(batch, expected);
  }
  if (!batch.transactional && state->open_offset >= 0) {
    return Error(ErrorCode::kInvalidTransactionState,
                 fmt::format("producer {} has an open transaction, this batch is not part of it",
                             batch.producer_id));
  }
  return std::nullopt;
}

void ProducerTable::admit(const ProducerBatch& batch, int64_t base_offset) {
  const auto [ahead, is_new] = ahead_.try_emplace(batch.producer_id);
  if (is_new) {
    const auto known = applied_.find(batch.producer_id);
    if (known != applied_.end()) ahead->second.state = known->second;
  }
  apply_to(ahead->second.state, batch, base_offset);
  ++ahead->second.pending;
}

void ProducerTable::apply(const ProducerBatch& batch, int64_t base_offset) {
  {
    const std::lock_guard lock(mutex_);
    apply_to(applied_[batch.producer_id], batch, base_offset);
  }
  const auto ahead = ahead_.find(batch.producer_id);
  MILLRACE_ASSERT(ahead != ahead_.end());
  if (--ahead->second.pending == 0) ahead_.erase(ahead);
}

void ProducerTable::expire(int64_t now_ms, int64_t after_ms) {
  for (auto& [id, state] : applied_) {
    if (state.silent_since_ms < 0) state.silent_since_ms = now_ms;
  }
  const std::lock_guard lock(mutex_);
  std::erase_if(applied_, [&](const auto& producer) {
    const auto& [id, state] = producer;
    return state.open_offset < 0 && now_ms - state.silent_since_ms >= after_ms &&
           !ahead_.contains(id);
  });
}

std::vector<commit::PartitionProducer> ProducerTable::describe() const {
  std::vector<commit::PartitionProducer> producers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, state] : applied_) {
      producers.push_back(
          {.id = id,
           .epoch = state.epoch,
           .last_sequence = state.batches.empty() ? -1 : state.batches.back().last_sequence,
           .timestamp_ms = state.timestamp_ms,
           .coordinator_epoch = state.coordinator_epoch,
           .open_offset = state.open_offset});
    }
  }
  std::ranges::sort(producers, {}, &commit::PartitionProducer::id);
  return producers;
}

std::map<int64_t, LastBatch> ProducerTable::last_batches() const {
  std::map<int64_t, LastBatch> last;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, state] : applied_) {
    last[id] = {state.epoch, state.batches.empty() ? -1 : state.batches.back().base_offset};
  }
  return last;
}

std::string ProducerTable::snapshot() const {
  std::vector<int64_t> ids;
  for (const auto& [id, state] : applied_) ids.push_back(id);
  std::ranges::sort(ids);
  commit::ByteWriter to;
  to.number(static_cast<uint32_t>(ids.size()));
  for (const int64_t id : ids) {
    const ProducerState& state = applied_.at(id);
    to.number(id);
    to.number(state.epoch);
    to.number(state.coordinator_epoch);
    to.number(state.timestamp_ms);
    to.number(state.open_offset);
    to.number(static_cast<uint32_t>(state.batches.size()));
    for (const ProducerState::Batch& batch : state.batches) {
      to.number(batch.first_sequence);
      to.number(batch.last_sequence);
      to.number(batch.base_offset);
    }
  }
  return to.take();
}

Result<void> ProducerTable::restore(std::string_view snapshot) {
  MILLRACE_ASSERT(applied_.empty());
  const std::lock_guard lock(mutex_);
  commit::ByteReader from(snapshot);
  for (auto left = from.count(kProducerBytesMin); left > 0; --left) {
    ProducerState& state = applied_[from.number<int64_t>()];
    state.epoch = from.number<int16_t>();
    state.coordinator_epoch = from.number<int32_t>();
    state.timestamp_ms = from.number<int64_t>();
    state.open_offset = from.number<int64_t>();
    for (auto batches = from.count(kBatchBytes); batches > 0; --batches) {
      ProducerState::Batch batch{};
      batch.first_sequence = from.number<int32_t>();
      batch.last_sequence = from.number<int32_t>();
      batch.base_offset = from.number<int64_t>();
      state.batches.push_back(batch);
    }
  }
  if (from.finished()) return {};
  return Error(ErrorCode::kRingDamaged, "the producers in the checkpoint have another layout");
}

}  // namespace millrace::log
