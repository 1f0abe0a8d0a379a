#include "log/compact/batch_filter.h"

#include <algorithm>

namespace millrace::log {

using record::BatchHeader;
using record::BatchView;
using record::Record;

namespace {

constexpr int kHorizonBit = 0x40;
// Larger than what any producer may send, even if its records repeat a lot.
constexpr size_t kRecordsBytesMax = size_t{1} << 30;

int64_t horizon_of(int64_t now_ms, int64_t retention_ms) {
  return retention_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + retention_ms;
}

}  // namespace

AbortedRecords::AbortedRecords(const std::vector<AbortedRange>& ranges) {
  for (const AbortedRange& range : ranges) {
    by_producer_[range.producer_id][range.first_offset] = range.last_offset;
  }
}

bool AbortedRecords::contain(const BatchHeader& header) const {
  if (!header.transactional() || header.control()) return false;
  const auto producer = by_producer_.find(header.producer_id);
  if (producer == by_producer_.end()) return false;
  const auto next = producer->second.upper_bound(header.base_offset);
  return next != producer->second.begin() && std::prev(next)->second > header.base_offset;
}

Result<bool> KeyMapper::map(const Buffer& batch, KeyOffsets& keys, bool beyond) {
  const BatchView view = MILLRACE_TRY(BatchView::read(batch));
  if (view.header().control() || view.header().record_count == 0) return true;
  if (aborted_.contain(view.header())) return true;
  auto records = MILLRACE_TRY(view.records(decompressor_, kRecordsBytesMax));
  Record record;
  while (MILLRACE_TRY(records.next(record))) {
    if (!record.key) continue;
    if (!beyond && !keys.room_for(record.key->size()) && !keys.find(*record.key)) return false;
    keys.put(*record.key, record.offset);
  }
  return true;
}

bool BatchFilter::is_empty_transaction(const BatchHeader& marker) {
  return with_data_.erase(marker.producer_id) == 0;
}

bool BatchFilter::is_last_of_producer(const BatchHeader& header) const {
  if (header.producer_id < 0) return false;
  const auto known = subject_.producers.find(header.producer_id);
  if (known == subject_.producers.end()) return false;
  const LastBatch& last = known->second;
  if (last.base_offset >= 0) return header.base_offset == last.base_offset;
  return header.control() && header.producer_epoch == last.epoch;
}

bool BatchFilter::horizon_passed(const BatchHeader& header) const {
  return header.has_delete_horizon() && header.base_timestamp_ms <= subject_.now_ms;
}

bool BatchFilter::stays(const BatchHeader& header, const Record& record) const {
  if (!record.key) return false;
  const auto newest = keys_.find(*record.key);
  if (newest && *newest > record.offset) return false;
  return record.value || !horizon_passed(header);
}

Result<BatchFilter::Kept> BatchFilter::choose(const BatchView& view) {
  Kept kept;
  auto records = MILLRACE_TRY(view.records(decompressor_, kRecordsBytesMax));
  Record record;
  while (MILLRACE_TRY(records.next(record))) {
    if (!stays(view.header(), record)) {
      kept.all = false;
      continue;
    }
    kept.offsets.push_back(record.offset);
    kept.deletions = kept.deletions || !record.value;
  }
  return kept;
}

Buffer BatchFilter::header_only(const BatchHeader& header) {
  BatchHeader empty = header;
  empty.record_count = 0;
  empty.attributes = static_cast<int16_t>(header.attributes & ~0x07);
  if (header.has_delete_horizon()) {
    empty.attributes = static_cast<int16_t>(empty.attributes & ~kHorizonBit);
    empty.base_timestamp_ms = header.max_timestamp_ms;
  }
  Buffer batch = Buffer::allocate(record::kBatchHeaderBytes);
  record::write_batch_header({batch.mutable_data(), batch.bytes()}, empty);
  return batch;
}

Result<Buffer> BatchFilter::rebuild(const BatchView& view, const Kept& kept, bool set_horizon) {
  BatchHeader header = view.header();
  if (set_horizon) {
    header.attributes = static_cast<int16_t>(header.attributes | kHorizonBit);
    header.base_timestamp_ms = horizon_of(subject_.now_ms, subject_.delete_retention_ms);
  }
  record::BatchBuilder builder(
      {.codec = header.codec(), .base_timestamp_ms = header.base_timestamp_ms});
  auto records = MILLRACE_TRY(view.records(decompressor_, kRecordsBytesMax));
  Record record;
  size_t next = 0;
  std::vector<record::RecordHeader> headers;
  while (next < kept.offsets.size() && MILLRACE_TRY(records.next(record))) {
    if (record.offset != kept.offsets[next]) continue;
    ++next;
    headers.clear();
    for (const record::RecordHeader& each : record.headers) headers.push_back(each);
    MILLRACE_TRY(builder.append_at(static_cast<int32_t>(record.offset - header.base_offset),
                                   {.timestamp_ms = record.timestamp_ms,
                                    .key = record.key,
                                    .value = record.value,
                                    .headers = headers}));
  }
  Buffer batch = builder.build(header.base_offset);
  const BatchHeader built = MILLRACE_TRY(record::read_batch_header(batch.span()));
  header.record_count = built.record_count;
  // Where the batch's own time counts, it stays.
  if (header.timestamp_type() == record::TimestampType::kCreate) {
    header.max_timestamp_ms = built.max_timestamp_ms;
  }
  record::write_batch_header({batch.mutable_data(), batch.bytes()}, header);
  if (set_horizon) {
    horizon_ms_ = std::min(horizon_ms_.value_or(INT64_MAX), header.base_timestamp_ms);
  } else if (kept.deletions) {
    note_horizon(header);
  }
  return batch;
}

void BatchFilter::note_horizon(const BatchHeader& header) {
  if (!header.has_delete_horizon() || horizon_passed(header)) return;
  horizon_ms_ = std::min(horizon_ms_.value_or(INT64_MAX), header.base_timestamp_ms);
}

Result<Buffer> BatchFilter::filter(const Buffer& batch, bool keep_header) {
  const BatchView view = MILLRACE_TRY(BatchView::read(batch));
  const BatchHeader& header = view.header();
  keep_header = keep_header || is_last_of_producer(header);
  const auto emptied = [&] { return keep_header ? header_only(header) : Buffer(); };
  if (header.control()) {
    const bool empty = is_empty_transaction(header);
    if (header.record_count == 0) return emptied();
    if (empty && horizon_passed(header)) {
      markers_gone_.insert(header.base_offset);
      return emptied();
    }
    if (empty && !header.has_delete_horizon()) {
      return rebuild(view, {.offsets = {header.base_offset}}, true);
    }
    note_horizon(header);
    return view.buffer();
  }
  if (header.transactional()) with_data_.insert(header.producer_id);
  if (header.record_count == 0 || aborted_.contain(header)) return emptied();
  const Kept kept = MILLRACE_TRY(choose(view));
  if (kept.offsets.empty()) return emptied();
  const bool set_horizon = kept.deletions && !header.has_delete_horizon();
  if (!kept.all || set_horizon) return rebuild(view, kept, set_horizon);
  if (kept.deletions) note_horizon(header);
  return view.buffer();
}

}  // namespace millrace::log
