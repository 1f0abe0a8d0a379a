#include "broker/transactions/transaction.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// The last epoch that a producer is given; the one above it is left for a marker that fences it.
constexpr int16_t kEpochMax = INT16_MAX - 1;

bool is_complete(TransactionState state) {
  return state == TransactionState::kCompleteCommit || state == TransactionState::kCompleteAbort;
}

TransactionState completed(bool commit) {
  return commit ? TransactionState::kCompleteCommit : TransactionState::kCompleteAbort;
}

}  // namespace

TransactionStep Transaction::answered(ProtocolError error) const {
  return {.error = error, .producer = {}, .record = {}, .end = {}};
}

TransactionStep Transaction::write(TransactionRecord record, std::optional<TransactionEnd> end) {
  pending_ = true;
  const ProducerIdentity producer{record.producer_id, record.producer_epoch};
  return {.error = ProtocolError::kNone,
          .producer = producer,
          .record = std::move(record),
          .end = std::move(end)};
}

void Transaction::finish(const TransactionStep& step, bool durable) {
  MILLRACE_ASSERT(pending_ && step.record);
  pending_ = false;
  if (!durable) return;
  record_ = *step.record;
  unwritten_ = false;
  reopened_ = false;
}

void Transaction::raise_epoch(TransactionRecord& record, int64_t fresh_id) const {
  if (record.producer_epoch < kEpochMax) {
    ++record.producer_epoch;
    return;
  }
  record.previous_producer_id = record.producer_id;
  record.producer_id = fresh_id;
  record.producer_epoch = 0;
}

TransactionEnd Transaction::complete(TransactionRecord& record, bool commit, int16_t marker_epoch,
                                     int64_t now_ms) const {
  TransactionEnd end{.producer = {record.producer_id, marker_epoch},
                     .commit = commit,
                     .partitions = std::move(record.partitions)};
  record.partitions.clear();
  record.state = completed(commit);
  record.updated_ms = now_ms;
  record.began_ms = -1;
  return end;
}

TransactionStep Transaction::begin_producer(int32_t timeout_ms,
                                            std::optional<ProducerIdentity> known, int64_t fresh_id,
                                            int64_t now_ms) {
  if (pending_) return answered(ProtocolError::kConcurrentTransactions);
  TransactionRecord next = record_;
  next.timeout_ms = timeout_ms;
  next.updated_ms = now_ms;
  if (!exists()) {
    next.producer_id = fresh_id;
    next.producer_epoch = 0;
    last_epoch_ = -1;
    return write(std::move(next), std::nullopt);
  }
  if (known) {
    const bool current = known->id == record_.producer_id && known->epoch == record_.producer_epoch;
    const bool told = known->id == record_.producer_id && known->epoch == last_epoch_;
    const bool rolled = known->id == record_.previous_producer_id && known->epoch == kEpochMax;
    if (!current && (told || rolled)) {
      TransactionStep again = answered(ProtocolError::kNone);
      again.producer = {record_.producer_id, record_.producer_epoch};
      return again;
    }
    if (!current) return answered(ProtocolError::kProducerFenced);
  }
  last_epoch_ = known ? known->epoch : int16_t{-1};
  std::optional<TransactionEnd> end;
  if (record_.state == TransactionState::kOngoing) {
    const auto fencing = static_cast<int16_t>(record_.producer_epoch + 1);
    end = complete(next, false, fencing, now_ms);
  }
  raise_epoch(next, fresh_id);
  next.state = TransactionState::kEmpty;
  return write(std::move(next), std::move(end));
}

ProtocolError Transaction::check(ProducerIdentity producer) const {
  if (!exists() || producer.id != record_.producer_id) {
    return ProtocolError::kInvalidProducerIdMapping;
  }
  return producer.epoch == record_.producer_epoch ? ProtocolError::kNone
                                                  : ProtocolError::kProducerFenced;
}

bool Transaction::covers(const std::set<TransactionPartition>& partitions) const {
  return record_.state == TransactionState::kOngoing && !unwritten_ &&
         std::ranges::includes(record_.partitions, partitions);
}

TransactionStep Transaction::add_partitions(ProducerIdentity producer,
                                            const std::set<TransactionPartition>& partitions,
                                            int16_t client_version, int64_t now_ms) {
  if (const ProtocolError error = check(producer); error != ProtocolError::kNone) {
    return answered(error);
  }
  if (pending_) return answered(ProtocolError::kConcurrentTransactions);
  TransactionStep step = answered(ProtocolError::kNone);
  step.producer = producer;
  if (covers(partitions)) return step;
  if (record_.state != TransactionState::kOngoing) record_.began_ms = now_ms;
  record_.state = TransactionState::kOngoing;
  record_.partitions.insert(partitions.begin(), partitions.end());
  record_.client_version = client_version;
  record_.updated_ms = now_ms;
  unwritten_ = false;
  step.record = record_;
  return step;
}

TransactionStep Transaction::claim(ProducerIdentity producer,
                                   const std::set<TransactionPartition>& partitions, bool joins,
                                   int64_t now_ms) {
  if (joins) return add_partitions(producer, partitions, kOwnEpochs, now_ms);
  const bool known = record_.state == TransactionState::kOngoing &&
                     std::ranges::includes(record_.partitions, partitions);
  const bool good = check(producer) == ProtocolError::kNone && !pending_;
  if (good && !known && !reopened_) return answered(ProtocolError::kTransactionAbortable);
  return add_partitions(producer, partitions, kOneEpoch, now_ms);
}

TransactionStep Transaction::end(ProducerIdentity producer, bool commit, int64_t now_ms) {
  if (const ProtocolError error = check(producer); error != ProtocolError::kNone) {
    return answered(error);
  }
  if (pending_ || held_ > 0) return answered(ProtocolError::kConcurrentTransactions);
  TransactionRecord next = record_;
  if (record_.state == TransactionState::kOngoing) {
    TransactionEnd end = complete(next, commit, producer.epoch, now_ms);
    return write(std::move(next), std::move(end));
  }
  // The same result again: its answer was lost.
  const bool again = record_.state == completed(commit);
  if (!again && reopened_) {
    next.state = completed(commit);
    next.updated_ms = now_ms;
    return write(std::move(next), std::nullopt);
  }
  reopened_ = false;
  TransactionStep step = answered(again ? ProtocolError::kNone : ProtocolError::kInvalidTxnState);
  step.producer = producer;
  return step;
}

bool Transaction::is_retry(ProducerIdentity producer) const {
  if (record_.client_version < kOwnEpochs) return false;
  if (producer.id == record_.producer_id) return producer.epoch == record_.producer_epoch - 1;
  return producer.id == record_.previous_producer_id && producer.epoch == kEpochMax &&
         record_.producer_epoch == 0;
}

TransactionStep Transaction::end_with_new_epoch(ProducerIdentity producer, bool commit,
                                                int64_t fresh_id, int64_t now_ms) {
  const bool retry = exists() && is_retry(producer);
  if (!exists() || (producer.id != record_.producer_id && !retry)) {
    return answered(ProtocolError::kInvalidProducerIdMapping);
  }
  if (pending_) return answered(ProtocolError::kConcurrentTransactions);
  if (retry && is_complete(record_.state)) {
    if (record_.state != completed(commit)) return answered(ProtocolError::kInvalidTxnState);
    TransactionStep again = answered(ProtocolError::kNone);
    again.producer = {record_.producer_id, record_.producer_epoch};
    return again;
  }
  if (producer.epoch != record_.producer_epoch) return answered(ProtocolError::kProducerFenced);
  const bool open = record_.state == TransactionState::kOngoing;
  // A transaction that wrote nothing can be aborted, but there is nothing to commit.
  if (!open && commit) return answered(ProtocolError::kInvalidTxnState);
  TransactionRecord next = record_;
  const auto marker_epoch = static_cast<int16_t>(record_.producer_epoch + 1);
  std::optional<TransactionEnd> end;
  if (open) {
    end = complete(next, commit, marker_epoch, now_ms);
  } else {
    next.state = TransactionState::kCompleteAbort;
    next.updated_ms = now_ms;
  }
  next.client_version = kOwnEpochs;
  raise_epoch(next, fresh_id);
  return write(std::move(next), std::move(end));
}

TransactionStep Transaction::expire(int64_t now_ms) {
  const bool late = record_.state == TransactionState::kOngoing && !pending_ &&
                    now_ms - record_.began_ms >= record_.timeout_ms;
  if (!late) return answered(ProtocolError::kNone);
  TransactionRecord next = record_;
  const auto fencing = static_cast<int16_t>(record_.producer_epoch + 1);
  TransactionEnd end = complete(next, false, fencing, now_ms);
  // The producer must begin anew to learn of it.
  next.producer_epoch = fencing;
  last_epoch_ = -1;
  return write(std::move(next), std::move(end));
}

bool Transaction::start_forgetting(int64_t now_ms, int64_t after_ms) {
  const bool over = record_.state == TransactionState::kEmpty || is_complete(record_.state);
  if (!exists() || !over || pending_ || held_ > 0) return false;
  if (now_ms - record_.updated_ms < after_ms) return false;
  pending_ = true;
  return true;
}

}  // namespace millrace::broker
