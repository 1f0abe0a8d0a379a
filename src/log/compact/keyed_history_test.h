#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "commit/committed_filter.h"
#include "log/partitions/partition.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::log {

// A record as readers see it.
struct SeenRecord {
  int64_t offset = 0;
  int64_t timestamp_ms = 0;
  std::string key;
  std::optional<std::string> value;
  friend auto operator<=>(const SeenRecord&, const SeenRecord&) = default;
};

// The records of `batches` that count for whoever reads what is committed.
inline std::vector<SeenRecord> committed_records(const std::vector<Buffer>& batches,
                                                 std::vector<AbortedRange> ranges) {
  std::ranges::sort(ranges, {}, &AbortedRange::first_offset);
  std::vector<commit::AbortedTransaction> aborted;
  for (const AbortedRange& range : ranges) {
    aborted.push_back({range.producer_id, range.first_offset});
  }
  commit::CommittedFilter filter(aborted);
  record::Decompressor decompressor;
  std::vector<SeenRecord> seen;
  for (const Buffer& bytes : batches) {
    const auto view = record::BatchView::read(bytes);
    if (!view) return {};
    if (!filter.counts(view->header())) continue;
    auto records = view->records(decompressor);
    record::Record record;
    while (records && *records->next(record)) {
      SeenRecord& each = seen.emplace_back();
      each.offset = record.offset;
      each.timestamp_ms = record.timestamp_ms;
      each.key = record.key ? std::string(*record.key) : "";
      if (record.value) each.value = std::string(*record.value);
    }
  }
  return seen;
}

// The newest value of each key; deleted ones are not there.
inline std::map<std::string, std::string> table_of(const std::vector<SeenRecord>& records) {
  std::map<std::string, std::string> table;
  for (const SeenRecord& record : records) {
    if (record.value) {
      table[record.key] = *record.value;
    } else {
      table.erase(record.key);
    }
  }
  return table;
}

// KeyedHistory: batches with keys as clients may write them: plain, idempotent, in transactions
// that end well or not, in all codecs.
class KeyedHistory {
 public:
  KeyedHistory(uint64_t seed, int keys) : random_(seed), keys_(keys) {}

  uint32_t below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }

  // The next batch, without a base offset; all its records have this time.
  Buffer next(int64_t timestamp_ms) {
    const uint32_t kind = below(10);
    if (kind < 4) return data({}, timestamp_ms);
    const int64_t producer = 1 + below(4);
    Open& open = open_[producer];
    if (kind < 5 && !open.in_transaction) return data(options(producer, open, false), timestamp_ms);
    if (kind < 8 || !open.in_transaction) {
      open.in_transaction = true;
      return data(options(producer, open, true), timestamp_ms);
    }
    return end(producer, below(2) == 0, timestamp_ms);
  }
  // One that no producer wrote.
  Buffer plain(int64_t timestamp_ms) { return data({}, timestamp_ms); }
  // Ends one transaction; nullopt: none is open.
  std::optional<Buffer> end_one(int64_t timestamp_ms) {
    for (auto& [producer, open] : open_) {
      if (open.in_transaction) return end(producer, below(2) == 0, timestamp_ms);
    }
    return std::nullopt;
  }

 private:
  struct Open {
    bool in_transaction = false;
    int32_t next_sequence = 0;
  };

  record::BatchOptions options(int64_t producer, const Open& open, bool transactional) {
    return {.producer_id = producer,
            .producer_epoch = 0,
            .base_sequence = open.next_sequence,
            .transactional = transactional};
  }
  Buffer data(record::BatchOptions options, int64_t timestamp_ms) {
    options.codec = static_cast<record::Codec>(below(record::kCodecCount));
    record::BatchBuilder builder(options);
    const uint32_t count = 1 + below(4);
    const std::vector<record::RecordHeader> headers = {{.key = "h", .value = "1"}};
    for (uint32_t i = 0; i < count; ++i) {
      const std::string key = "key-" + std::to_string(below(static_cast<uint32_t>(keys_)));
      const std::string value = "value-" + std::to_string(written_++);
      const bool deleted = below(4) == 0;
      (void)builder.append(
          {.timestamp_ms = timestamp_ms + below(5),
           .key = key,
           .value = deleted ? std::nullopt : std::optional<std::string_view>(value),
           .headers = headers});
    }
    if (options.producer_id >= 0) {
      open_[options.producer_id].next_sequence += static_cast<int32_t>(count);
    }
    return builder.build();
  }
  Buffer end(int64_t producer, bool commit, int64_t timestamp_ms) {
    open_[producer].in_transaction = false;
    record::BatchBuilder builder(
        {.producer_id = producer, .producer_epoch = 0, .transactional = true, .control = true});
    const std::string key{0, 0, 0, static_cast<char>(commit ? 1 : 0)};
    const std::string value(6, '\0');
    (void)builder.append({.timestamp_ms = timestamp_ms, .key = key, .value = value});
    return builder.build();
  }

  std::mt19937_64 random_;
  const int keys_;
  std::map<int64_t, Open> open_;
  uint64_t written_ = 0;
};

}  // namespace millrace::log
