#include "log/compact/batch_filter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "log/compact/keyed_history_test.h"

namespace millrace::log {
namespace {

// A partition as a list of batches, with what a partition knows of its transactions.
struct Written {
  std::vector<Buffer> batches;
  std::vector<AbortedRange> aborted;
  std::map<int64_t, int64_t> open;
  std::map<int64_t, LastBatch> last;
  int64_t end = 0;

  void add(Buffer batch) {
    record::assign_offset({batch.mutable_data(), batch.bytes()}, end, 3);
    const auto header = *record::read_batch_header(batch.span());
    if (header.control()) {
      record::Decompressor decompressor;
      const auto view = *record::BatchView::read(batch);
      auto records = *view.records(decompressor);
      record::Record record;
      EXPECT_TRUE(*records.next(record));
      if ((*record.key)[3] == 0)
        aborted.push_back({header.producer_id, open[header.producer_id], end});
      open.erase(header.producer_id);
    } else if (header.producer_id >= 0) {
      last[header.producer_id] = {header.producer_epoch, end};
      if (header.transactional()) open.try_emplace(header.producer_id, end);
    }
    end = header.last_offset() + 1;
    batches.push_back(std::move(batch));
  }
  int64_t stable() const {
    int64_t stable = end;
    for (const auto& [producer, first] : open) stable = std::min(stable, first);
    return stable;
  }
};

struct Passed {
  size_t cleaned = 0;  // batches from the start on
  std::optional<int64_t> horizon_ms;
};

// One pass over the batches below the stable offset; those before `dirty` were cleaned before.
Passed compact(Written& log, size_t dirty, size_t key_bytes, int64_t now_ms, int64_t retention_ms) {
  const CompactionSubject subject{.aborted = log.aborted,
                                  .producers = log.last,
                                  .now_ms = now_ms,
                                  .delete_retention_ms = retention_ms};
  size_t end = 0;
  const int64_t stable = log.stable();
  while (end < log.batches.size() &&
         record::read_batch_header(log.batches[end].span())->last_offset() < stable) {
    ++end;
  }
  KeyOffsets keys(key_bytes);
  KeyMapper mapper(subject);
  for (size_t i = dirty; i < end; ++i) {
    if (*mapper.map(log.batches[i], keys, i == dirty)) continue;
    end = i;
  }
  BatchFilter filter(keys, subject);
  std::vector<Buffer> kept;
  for (size_t i = 0; i < end; ++i) {
    Buffer batch = *filter.filter(log.batches[i], i + 1 == end);
    if (!batch.empty()) kept.push_back(std::move(batch));
  }
  const Passed passed{kept.size(), filter.horizon_ms()};
  kept.insert(kept.end(), log.batches.begin() + static_cast<ptrdiff_t>(end), log.batches.end());
  log.batches = std::move(kept);
  std::erase_if(log.aborted, [&](const AbortedRange& range) {
    return filter.markers_gone().contains(range.last_offset);
  });
  return passed;
}

// Whoever kept its place finds the same batches there, with what they say of their producers.
void expect_same_places(const std::vector<Buffer>& before, const std::vector<Buffer>& after) {
  std::map<int64_t, record::BatchHeader> places;
  for (const Buffer& batch : before) {
    const auto header = *record::read_batch_header(batch.span());
    places[header.base_offset] = header;
  }
  int64_t next = 0;
  for (const Buffer& batch : after) {
    const auto header = *record::read_batch_header(batch.span());
    ASSERT_GE(header.base_offset, next);
    next = header.last_offset() + 1;
    ASSERT_TRUE(places.contains(header.base_offset));
    const record::BatchHeader& was = places[header.base_offset];
    EXPECT_EQ(header.last_offset(), was.last_offset());
    EXPECT_EQ(header.producer_id, was.producer_id);
    EXPECT_EQ(header.producer_epoch, was.producer_epoch);
    EXPECT_EQ(header.base_sequence, was.base_sequence);
    EXPECT_EQ(header.leader_epoch, was.leader_epoch);
    EXPECT_EQ(header.transactional(), was.transactional());
    EXPECT_EQ(header.control(), was.control());
    if (header.record_count != 0) {
      EXPECT_EQ(header.codec(), was.codec());
    }
  }
}

class RandomHistories : public ::testing::TestWithParam<int> {};

TEST_P(RandomHistories, KeepTheNewestOfEachKeyThroughManyPasses) {
  KeyedHistory history(static_cast<uint64_t>(GetParam()), 12);
  Written log;
  std::vector<SeenRecord> all;  // every committed record that ever was
  std::map<int64_t, SeenRecord> originals;
  int64_t now_ms = 1'000'000;
  size_t cleaned = 0;
  for (int round = 0; round < 12; ++round) {
    std::vector<Buffer> fresh;
    const int64_t before = log.end;
    for (uint32_t i = 0, count = 5 + history.below(40); i < count; ++i) {
      log.add(history.next(now_ms + i));
    }
    while (auto end = history.end_one(now_ms + 50)) log.add(std::move(*end));
    for (const SeenRecord& record : committed_records(log.batches, log.aborted)) {
      if (record.offset < before) continue;
      all.push_back(record);
      originals[record.offset] = record;
    }
    const auto table = table_of(all);
    const std::vector<Buffer> batches = log.batches;
    const bool tight = history.below(3) == 0;
    const int64_t retention_ms = 1000 * history.below(3);
    now_ms += 1500;
    const Passed passed = compact(log, cleaned, tight ? 3'000 : 1 << 20, now_ms, retention_ms);
    cleaned = passed.cleaned;
    expect_same_places(batches, log.batches);
    const auto left = committed_records(log.batches, log.aborted);
    EXPECT_EQ(table_of(left), table) << "round " << round;
    for (const SeenRecord& record : left) EXPECT_EQ(record, originals[record.offset]);
    EXPECT_EQ(record::read_batch_header(log.batches.back().span())->last_offset() + 1, log.end);
    std::set<std::string> seen;
    const auto clean = committed_records(
        {log.batches.begin(), log.batches.begin() + static_cast<ptrdiff_t>(cleaned)}, log.aborted);
    for (const SeenRecord& record : clean) {
      EXPECT_TRUE(seen.insert(record.key).second) << record.key << " twice in round " << round;
    }
  }
  // Nothing comes any more: two passes later deletions, markers and headers are gone but for the
  // last ones.
  for (int i = 0; i < 3; ++i) {
    now_ms += 10'000;
    cleaned = compact(log, cleaned, 1 << 20, now_ms, 1000).cleaned;
  }
  const auto left = committed_records(log.batches, log.aborted);
  EXPECT_EQ(left.size(), table_of(all).size());
  EXPECT_EQ(table_of(left), table_of(all));
  // A marker stays as long as a record of its transaction, or a header, a producer's last batch.
  EXPECT_LE(log.aborted.size(), log.last.size());
  EXPECT_LE(log.batches.size(), 2 * (left.size() + log.last.size()) + 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHistories, ::testing::Range(1, 100));

Buffer keyed(std::vector<std::pair<std::string, std::optional<std::string>>> records,
             record::BatchOptions options = {}) {
  record::BatchBuilder builder(options);
  int64_t timestamp_ms = 100;
  for (const auto& [key, value] : records) {
    std::optional<std::string_view> view;
    if (value) view = *value;
    (void)builder.append({.timestamp_ms = timestamp_ms++, .key = key, .value = view});
  }
  return builder.build();
}

TEST(BatchFilter, ADeletionStaysUntilItsHorizonWhichStandsInItsBatch) {
  Written log;
  log.add(keyed({{"a", "1"}, {"b", "1"}}));
  log.add(keyed({{"a", std::nullopt}, {"c", "1"}}));
  log.add(keyed({{"d", "1"}}));
  EXPECT_EQ(compact(log, 0, 1 << 20, 1'000, 500).horizon_ms, 1'500);
  ASSERT_EQ(log.batches.size(), 3U);
  const auto header = *record::read_batch_header(log.batches[1].span());
  EXPECT_TRUE(header.has_delete_horizon());
  EXPECT_EQ(header.base_timestamp_ms, 1'500);
  EXPECT_EQ(header.max_timestamp_ms, 101);
  const auto seen = committed_records(log.batches, {});
  ASSERT_EQ(seen.size(), 4U);
  EXPECT_EQ(seen[1], (SeenRecord{2, 100, "a", std::nullopt}));
  EXPECT_EQ(compact(log, 3, 1 << 20, 1'499, 500).horizon_ms, 1'500) << "it does not move";
  EXPECT_EQ(committed_records(log.batches, {}).size(), 4U);
  EXPECT_EQ(compact(log, 3, 1 << 20, 1'500, 500).horizon_ms, std::nullopt);
  EXPECT_EQ(committed_records(log.batches, {}).size(), 3U);
}

TEST(BatchFilter, WhatHasNoKeyGoes) {
  Written log;
  record::BatchBuilder builder;
  (void)builder.append({.timestamp_ms = 1, .key = std::nullopt, .value = "v"});
  log.add(builder.build());
  log.add(keyed({{"a", "1"}}));
  compact(log, 0, 1 << 20, 1'000, 0);
  EXPECT_EQ(log.batches.size(), 1U);
}

TEST(BatchFilter, TheLastBatchOfAProducerStaysAsAHeader) {
  Written log;
  log.add(keyed(
      {{"a", "1"}, {"b", "1"}},
      {.codec = record::Codec::kZstd, .producer_id = 7, .producer_epoch = 2, .base_sequence = 5}));
  log.add(keyed({{"a", "2"}, {"b", "2"}}));
  compact(log, 0, 1 << 20, 1'000, 0);
  ASSERT_EQ(log.batches.size(), 2U);
  const auto header = *record::read_batch_header(log.batches[0].span());
  EXPECT_EQ(header.record_count, 0);
  EXPECT_EQ(header.last_offset_delta, 1);
  EXPECT_EQ(header.producer_id, 7);
  EXPECT_EQ(header.producer_epoch, 2);
  EXPECT_EQ(header.base_sequence, 5);
  EXPECT_TRUE(record::BatchView::read(log.batches[0]).has_value());
  log.last.clear();
  compact(log, 2, 1 << 20, 1'000, 0);
  EXPECT_EQ(log.batches.size(), 1U);
}

TEST(BatchFilter, ADamagedBatchIsAnError) {
  Written log;
  log.add(keyed({{"a", "1"}}));
  Buffer damaged = Buffer::copy_of(log.batches[0].span());
  damaged.mutable_data()[damaged.bytes() - 1] ^= std::byte{1};
  const CompactionSubject subject;
  KeyOffsets keys(1 << 20);
  EXPECT_EQ(KeyMapper(subject).map(damaged, keys, true).error().code(), ErrorCode::kCorruptRecord);
  EXPECT_EQ(BatchFilter(keys, subject).filter(damaged, false).error().code(),
            ErrorCode::kCorruptRecord);
}

TEST(KeyOffsets, RemembersTheNewestOffsetOfEachKeyWithinItsBound) {
  KeyOffsets keys(100'000);
  std::map<std::string, int64_t> model;
  int64_t offset = 0;
  while (true) {
    const std::string key = "key-" + std::to_string(offset * 7919 % 5'000);
    if (!model.contains(key) && !keys.room_for(key.size())) break;
    keys.put(key, offset);
    model[key] = offset++;
  }
  EXPECT_GT(model.size(), 500U);
  EXPECT_LE(keys.bytes(), 100'000U);
  EXPECT_EQ(keys.keys(), model.size());
  for (const auto& [key, newest] : model) EXPECT_EQ(keys.find(key), newest);
  EXPECT_EQ(keys.find("another"), std::nullopt);
  keys.put("key-0", -5);
  EXPECT_EQ(keys.find("key-0"), model["key-0"]) << "offsets never fall";
  keys.put("", 3);
  EXPECT_EQ(keys.find(""), 3);
}

}  // namespace
}  // namespace millrace::log
