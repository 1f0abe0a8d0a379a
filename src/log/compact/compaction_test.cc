// Compaction of a log at work: readers beside it, deletion, retention, crashes anywhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "log/compact/keyed_history_test.h"
#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using Config = std::map<std::string, std::string>;

const Config kEager = {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0"}};

class Compacted : public ::testing::Test {
 protected:
  explicit Compacted(uint64_t seed = 5) : world_({.seed = seed}) {
    options_ = small_log();
    options_.compaction_interval_ns = io::kNsPerSecond;
    options_.compaction_file_bytes = 64 << 10;
    open();
  }
  void open() {
    driver_.emplace(world_.world(), options_);
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
  }
  void crash() {
    world_.files().crash(io::CrashMode::kTear);
    driver_.reset();
    world_.files().recover();
    open();
  }
  PartitionId make(const Config& config, const std::string& name = "t") {
    if (const auto found = driver_->log().topics().describe(name)) return {found->id, 0};
    const auto id = io::await<commit::TopicId>(driver_->threads(), [&](auto done) {
      driver_->log().topics().create({.name = name, .partitions = 1, .config = config},
                                     driver_->executor(), std::move(done));
    });
    EXPECT_TRUE(id.has_value());
    return {*id, 0};
  }
  int64_t put(PartitionId partition, const std::string& key, std::optional<std::string> value,
              int64_t timestamp_ms = -1) {
    record::BatchBuilder builder;
    std::optional<std::string_view> view;
    if (value) view = *value;
    if (timestamp_ms < 0) timestamp_ms = now_ms();
    (void)builder.append({.timestamp_ms = timestamp_ms, .key = key, .value = view});
    const auto done = driver_->append(partition, *commit::RecordBatch::of(builder.build()));
    EXPECT_TRUE(done.has_value()) << done.error().to_string();
    return done ? done->base_offset : -1;
  }
  int64_t now_ms() { return world_.clock().wall_us() / 1000; }
  // Whatever stands in the ring is settled.
  void flush() {
    const PartitionId other = make({}, "other");
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(driver_->append(other, batch_of({std::string(20'000, 'x')})).has_value());
    }
  }
  void wait(int64_t seconds = 3) { world_.threads().run_for(seconds * io::kNsPerSecond); }

  struct Content {
    std::vector<Buffer> batches;
    std::vector<SeenRecord> records;
    int64_t start = 0;
    int64_t end = 0;
  };
  // All that is committed, read in pieces of this size.
  Content read(PartitionId partition, uint64_t bytes = 1 << 20) {
    Content content;
    content.start = -1;
    int64_t offset = 0;
    while (true) {
      auto data = driver_->read({{.partition = partition, .offset = offset, .bytes_max = bytes}});
      if (!data) return content;
      commit::PartitionData& part = (*data)[0];
      if (part.error && part.error->code() == ErrorCode::kOffsetOutOfRange && offset == 0) {
        offset = part.start_offset;
        continue;
      }
      EXPECT_FALSE(part.error.has_value()) << part.error->to_string();
      if (part.error) return content;
      content.start = part.start_offset;
      content.end = part.stable_offset;
      if (part.batches.empty()) break;
      std::vector<AbortedRange> aborted;
      for (const auto& each : part.aborted)
        aborted.push_back({each.producer_id, each.first_offset});
      for (const SeenRecord& record : committed_records(part.batches, aborted)) {
        if (record.offset < offset) continue;
        EXPECT_TRUE(content.records.empty() || content.records.back().offset < record.offset);
        content.records.push_back(record);
      }
      const auto header = record::read_batch_header(part.batches.back().span());
      EXPECT_GE(header->last_offset() + 1, offset + 1) << "a reader gets on";
      offset = header->last_offset() + 1;
      for (Buffer& batch : part.batches) content.batches.push_back(std::move(batch));
    }
    EXPECT_EQ(offset, content.end) << "readers get to the end";
    return content;
  }

  io::SimulatedWorld world_;
  LogOptions options_;
  std::optional<LogDriver> driver_;
};

TEST_F(Compacted, TheNewestOfEachKeyStaysAndOffsetsDoNotChange) {
  const PartitionId partition = make(kEager);
  std::map<std::string, std::string> model;
  std::map<std::string, int64_t> offsets;
  for (int i = 0; i < 2'000; ++i) {
    const std::string key = "key-" + std::to_string(i * 7919 % 50);
    model[key] = std::string(500, static_cast<char>('a' + i % 26));
    offsets[key] = put(partition, key, model[key]);
  }
  flush();
  wait();
  for (int round = 0; round < 3; ++round) {
    const Content content = read(partition, 10'000);
    EXPECT_EQ(table_of(content.records), model);
    EXPECT_EQ(content.records.size(), 50U);
    for (const SeenRecord& record : content.records) {
      EXPECT_EQ(record.offset, offsets[record.key]);
    }
    EXPECT_EQ(content.start, 0);
    EXPECT_EQ(content.end, 2'000);
    if (round == 0) {
      EXPECT_GT(driver_->log().status().compaction.passes, 0U);
      flush();  // a checkpoint names the new files
    }
    crash();
  }
  EXPECT_EQ(put(partition, "more", "1"), 2'000);
}

TEST_F(Compacted, ReadersBeginAnywhere) {
  const PartitionId partition = make(kEager);
  for (int i = 0; i < 1'000; ++i) {
    put(partition, "key-" + std::to_string(i < 500 ? 0 : i), std::string(1'000, 'v'), 10 + i);
  }
  flush();
  wait();
  for (const int64_t offset : {0, 1, 250, 498, 499, 500, 700, 999}) {
    const auto data = driver_->read({{.partition = partition, .offset = offset, .bytes_max = 1}});
    ASSERT_EQ((*data)[0].batches.size(), 1U) << offset;
    const auto header = record::read_batch_header((*data)[0].batches[0].span());
    EXPECT_EQ(header->base_offset, std::max<int64_t>(offset, 499));
  }
  const auto at = io::await<std::vector<Result<int64_t>>>(driver_->threads(), [&](auto done) {
    driver_->log().reader().offsets(
        {{.partition = partition, .kind = commit::OffsetKind::kAtTime, .timestamp_ms = 100},
         {.partition = partition, .kind = commit::OffsetKind::kAtTime, .timestamp_ms = 800}},
        driver_->executor(), std::move(done));
  });
  EXPECT_EQ((*at)[0], 499);
  EXPECT_EQ((*at)[1], 790);
}

TEST_F(Compacted, DeletionsGoWhenTheirTimeIsOver) {
  Config config = kEager;
  config["delete.retention.ms"] = "20000";
  const PartitionId partition = make(config);
  for (int i = 0; i < 100; ++i) put(partition, "key-" + std::to_string(i % 10), "v");
  put(partition, "key-3", std::nullopt);
  put(partition, "last", "v");
  flush();
  wait();
  EXPECT_EQ(read(partition).records.size(), 11U);
  EXPECT_FALSE(table_of(read(partition).records).contains("key-3"));
  wait(30);
  EXPECT_EQ(read(partition).records.size(), 10U) << "without anything that was written since";
}

TEST_F(Compacted, DeletionsGoAfterARestartToo) {
  Config config = kEager;
  config["delete.retention.ms"] = "20000";
  const PartitionId partition = make(config);
  for (int i = 0; i < 100; ++i) put(partition, "key-" + std::to_string(i % 10), "v");
  put(partition, "key-3", std::nullopt);
  put(partition, "last", "v");
  flush();
  wait();
  flush();
  crash();
  EXPECT_EQ(read(partition).records.size(), 11U);
  wait(30);
  EXPECT_EQ(read(partition).records.size(), 10U);
}

TEST_F(Compacted, YoungRecordsStayForTheirLag) {
  Config config = kEager;
  config["min.compaction.lag.ms"] = "60000";
  const PartitionId partition = make(config);
  for (int i = 0; i < 100; ++i) put(partition, "key", "v");
  flush();
  wait();
  EXPECT_EQ(read(partition).records.size(), 100U);
  wait(90);
  EXPECT_EQ(read(partition).records.size(), 1U);
}

TEST_F(Compacted, LittleDirtWaitsUnlessItIsOld) {
  Config config = {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0.5"}};
  const PartitionId partition = make(config);
  config["max.compaction.lag.ms"] = "30000";
  const PartitionId hasty = make(config, "hasty");
  for (const PartitionId id : {partition, hasty}) {
    for (int i = 0; i < 100; ++i) put(id, "key-" + std::to_string(i), std::string(2'000, 'v'));
  }
  flush();
  wait();
  for (const PartitionId id : {partition, hasty}) {
    for (int i = 0; i < 2; ++i) put(id, "key-0", "v");
  }
  flush();
  wait();
  EXPECT_EQ(read(partition).records.size(), 102U);
  EXPECT_EQ(read(hasty).records.size(), 102U);
  wait(60);
  EXPECT_EQ(read(partition).records.size(), 102U);
  EXPECT_EQ(read(hasty).records.size(), 100U);
}

TEST_F(Compacted, OnlyTopicsThatAskForIt) {
  const PartitionId plain = make({{"cleanup.policy", "delete"}});
  const PartitionId both = make({{"cleanup.policy", "compact,delete"},
                                 {"min.cleanable.dirty.ratio", "0"},
                                 {"retention.ms", "3600000"}},
                                "both");
  for (int i = 0; i < 100; ++i) {
    put(plain, "key", "v");
    put(both, "key", "v");
  }
  flush();
  wait();
  EXPECT_EQ(read(plain).records.size(), 100U);
  EXPECT_EQ(read(both).records.size(), 1U);
}

TEST_F(Compacted, TopicsThatSayNothingFollowTheDefaultsOfTheMoment) {
  const PartitionId silent = make({}, "silent");
  const PartitionId own = make({{"cleanup.policy", "delete"}}, "own");
  const PartitionId system = make({}, "__system");
  for (int i = 0; i < 100; ++i) {
    for (const PartitionId id : {silent, own, system}) put(id, "key", "v");
  }
  flush();
  wait();
  EXPECT_EQ(read(silent).records.size(), 100U);
  // Nothing is written meanwhile.
  driver_->log().topics().set_defaults({.deletes = false, .compacts = true, .dirty_ratio_min = 0});
  wait();
  EXPECT_EQ(read(silent).records.size(), 1U);
  EXPECT_EQ(read(own).records.size(), 100U);
  EXPECT_EQ(read(system).records.size(), 100U);
  EXPECT_EQ(read(silent).end, 100);
  flush();  // a checkpoint names the new files
  // Another process, which has not been told of any.
  crash();
  const auto more = [&] {
    for (int i = 0; i < 100; ++i) put(silent, "key", "v");
    flush();
    wait();
  };
  more();
  EXPECT_EQ(read(silent).records.size(), 101U);
  driver_->log().topics().set_defaults({.compacts = true, .dirty_ratio_min = 0});
  wait();
  EXPECT_EQ(read(silent).records.size(), 1U);
  driver_->log().topics().set_defaults({});
  more();
  EXPECT_EQ(read(silent).records.size(), 101U);
}

TEST_F(Compacted, WhatATopicDoesNotSetIsTheDefaultsOfTheMoment) {
  const PartitionId silent = make({{"cleanup.policy", "compact"}}, "silent");
  const PartitionId own = make({{"cleanup.policy", "compact"},
                                {"min.cleanable.dirty.ratio", "1"},
                                {"min.compaction.lag.ms", "0"},
                                {"max.compaction.lag.ms", "9000000000"}},
                               "own");
  const auto fill = [&] {
    for (const PartitionId id : {silent, own}) {
      for (int i = 0; i < 100; ++i) {
        put(id, "key-" + std::to_string(i / 50), std::string(1'000, 'v'));
      }
    }
    flush();
    wait();
  };
  driver_->log().topics().set_defaults({.min_compaction_lag_ms = 60'000, .dirty_ratio_min = 0});
  fill();
  EXPECT_EQ(read(silent).records.size(), 100U);
  wait(90);
  EXPECT_EQ(read(silent).records.size(), 2U);
  EXPECT_EQ(read(own).records.size(), 100U);
  driver_->log().topics().set_defaults({.max_compaction_lag_ms = 60'000, .dirty_ratio_min = 1});
  fill();
  EXPECT_EQ(read(silent).records.size(), 102U);
  wait(90);
  EXPECT_EQ(read(silent).records.size(), 2U);
  EXPECT_EQ(read(own).records.size(), 200U);
  driver_->log().topics().set_defaults({.delete_retention_ms = 20'000, .dirty_ratio_min = 0});
  put(silent, "key-0", std::nullopt);
  put(silent, "last", "v");
  flush();
  wait();
  EXPECT_EQ(read(silent).records.size(), 3U) << "a deletion, the other key, the last";
  wait(30);
  EXPECT_EQ(read(silent).records.size(), 2U);
}

TEST_F(Compacted, NothingIsWhereThereIsNoCompactionAtAll) {
  driver_->log().topics().set_defaults({.compaction = false});
  const PartitionId partition = make(kEager);
  for (int i = 0; i < 100; ++i) put(partition, "key", "v");
  flush();
  wait();
  EXPECT_EQ(read(partition).records.size(), 100U);
  driver_->log().topics().set_defaults({});
  wait();
  EXPECT_EQ(read(partition).records.size(), 1U);
}

TEST_F(Compacted, APassEndsWhenTheSettingsNoLongerAskForIt) {
  const PartitionId partition = make({});
  for (int i = 0; i < 3'000; ++i) {
    put(partition, "key-" + std::to_string(i % 10), std::string(10'000, 'v'));
  }
  flush();
  wait();
  driver_->log().topics().set_defaults({.compacts = true, .dirty_ratio_min = 0});
  world_.threads().run_for(io::kNsPerSecond + 1);
  driver_->log().topics().set_defaults({});
  wait();
  EXPECT_EQ(driver_->log().status().compaction.passes, 0U);
  EXPECT_EQ(driver_->log().status().compaction.passes_failed, 0U);
  EXPECT_GT(driver_->log().status().compaction.bytes_read, 0U);
  driver_->log().topics().set_defaults({.compacts = true, .dirty_ratio_min = 0});
  wait(10);
  EXPECT_EQ(read(partition).records.size(), 10U);
}

TEST_F(Compacted, WhatWasReplacedDoesNotComeBackWhereTheStartWasRaisedInTheMidstOfIt) {
  driver_.reset();
  options_.merge_files_min = 100;
  options_.compaction_file_bytes = 64 << 20;
  open();
  const PartitionId partition = make(kEager);
  const auto remove_before = [&](int64_t offset) {
    const auto done = io::await<commit::Lsn>(driver_->threads(), [&](auto on_done) {
      driver_->log().proposals().propose({commit::delete_records_command(partition, offset)},
                                         driver_->executor(), std::move(on_done));
    });
    ASSERT_TRUE(done.has_value());
  };
  // Compacted extents end elsewhere than settled ones, whose files stay for another topic.
  const PartitionId other = make({}, "other");
  const std::string value(10'000, 'v');
  for (int i = 0; i < 40; ++i) {
    put(partition, "key-" + std::to_string(i < 30 ? i : i - 30), value);
    put(other, "key", "v");
  }
  flush();
  wait();
  ASSERT_EQ(read(partition).records.size(), 30U);
  // Settled: 0-26, 26-32, 32-40; compacted: 0-36, 36-40.
  ASSERT_NO_FATAL_FAILURE(remove_before(36));
  put(partition, "key-6", "newer");
  flush();
  wait();
  flush();  // a checkpoint names the new files
  const auto before = read(partition);
  ASSERT_EQ(before.records.size(), 4U);
  crash();
  const auto after = read(partition);
  EXPECT_EQ(after.records, before.records);
  EXPECT_EQ(after.start, 36);
  EXPECT_EQ(after.end, 41);
  put(partition, "key-7", "newer");
  flush();
  wait();
  EXPECT_EQ(read(partition).records.size(), 4U);
}

TEST_F(Compacted, OldFilesGo) {
  const PartitionId partition = make(kEager);
  for (int i = 0; i < 500; ++i) put(partition, "key", std::string(10'000, 'v'));
  const auto bytes = [&] {
    uint64_t all = 0;
    const std::string folder = std::string(kTestFolder) + "/segments";
    const auto names = world_.files().list(folder);
    for (const std::string& name : *names) all += world_.files().stat(folder + "/" + name)->bytes;
    return all;
  };
  ASSERT_GT(bytes(), 3'000'000U);
  wait();
  for (int i = 0; i < 100; ++i) put(partition, "key", std::string(10'000, 'v'));
  wait();
  EXPECT_LT(bytes(), 2'000'000U);
}

TEST_F(Compacted, DamageIsNeverCompactedAway) {
  const PartitionId partition = make(kEager);
  record::BatchBuilder builder;
  (void)builder.append({.timestamp_ms = 1, .key = "key", .value = "value"});
  Buffer damaged = builder.build();
  damaged.mutable_data()[damaged.bytes() - 2] ^= std::byte{1};
  ASSERT_TRUE(driver_->append(partition, *commit::RecordBatch::of(damaged)).has_value());
  put(partition, "key", "newer");
  flush();
  wait();
  EXPECT_EQ(driver_->log().status().compaction.passes, 0U);
  EXPECT_EQ(driver_->log().status().compaction.passes_failed, 1U);
  const auto data = driver_->read({{.partition = partition, .offset = 0}});
  EXPECT_EQ((*data)[0].batches.size(), 2U);
}

// Random histories, with transactions, several passes, deletion of records and crashes.
class CompactedHistories : public Compacted, public ::testing::WithParamInterface<int> {
 protected:
  CompactedHistories() : Compacted(static_cast<uint64_t>(GetParam())) {}

  struct Subject {
    PartitionId partition;
    KeyedHistory history;
    std::vector<SeenRecord> all;  // what was committed
    std::map<int64_t, std::vector<SeenRecord>> open;
    int64_t start = 0;
  };
  void append(Subject& subject, Buffer batch) {
    const auto header = *record::read_batch_header(batch.span());
    const auto done = driver_->append(subject.partition, *commit::RecordBatch::of(batch));
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
    Buffer placed = Buffer::copy_of(batch.span());
    record::assign_offset({placed.mutable_data(), placed.bytes()}, done->base_offset, 0);
    if (header.control()) {
      auto& open = subject.open[header.producer_id];
      record::Decompressor decompressor;
      const auto view = *record::BatchView::read(placed);
      auto records = *view.records(decompressor);
      record::Record record;
      ASSERT_TRUE(*records.next(record));
      if ((*record.key)[3] == 1) {
        subject.all.insert(subject.all.end(), open.begin(), open.end());
      }
      open.clear();
      return;
    }
    for (const SeenRecord& record : committed_records({placed}, {})) {
      (header.transactional() ? subject.open[header.producer_id] : subject.all).push_back(record);
    }
  }
  // What a job writes: one commit over all subjects, through the ring or through spill files.
  void commit_unit(std::vector<Subject>& subjects, KeyedHistory& dice) {
    const auto job = driver_->open_job("job");
    ASSERT_TRUE(job.has_value());
    const auto last = driver_->log().jobs().recover(job->job)->last_epoch;
    const auto unit = driver_->begin(*job, last.value() + 1);
    ASSERT_TRUE(unit.has_value());
    std::vector<int64_t> ends;
    for (const Subject& subject : subjects) ends.push_back(driver_->ends({subject.partition})[0]);
    std::vector<std::vector<SeenRecord>> written(subjects.size());
    for (uint32_t i = 0, count = 1 + dice.below(60); i < count; ++i) {
      const size_t at = dice.below(static_cast<uint32_t>(subjects.size()));
      Buffer batch = subjects[at].history.plain(now_ms());
      const auto staged = *commit::RecordBatch::of(Buffer::copy_of(batch.span()));
      ASSERT_TRUE(driver_->stage(**unit, subjects[at].partition, staged).has_value());
      record::assign_offset({batch.mutable_data(), batch.bytes()}, ends[at], 0);
      ends[at] += staged.records;
      std::ranges::copy(committed_records({batch}, {}), std::back_inserter(written[at]));
    }
    ASSERT_TRUE(driver_->commit(**unit).has_value());
    for (size_t i = 0; i < subjects.size(); ++i) {
      EXPECT_EQ(driver_->ends({subjects[i].partition})[0], ends[i]);
      std::ranges::copy(written[i], std::back_inserter(subjects[i].all));
    }
  }
  // In the midst of settling and compacting, at any call of the file system.
  void crash_at_work(KeyedHistory& dice) {
    constexpr io::CrashMode kModes[] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                        io::CrashMode::kTear};
    const io::CrashMode mode = kModes[dice.below(3)];
    const PartitionId other = make({}, "other");
    world_.files().inject(
        {.nth = 1 + dice.below(200), .effect = io::FaultEffect::kCrash, .crash = mode});
    for (int i = 0; i < 60; ++i) {
      driver_->log().appender().append(other, batch_of({std::string(20'000, 'x')}),
                                       commit::Acks::kDurable, driver_->executor(),
                                       [](Result<commit::Appended>) {});
      if (dice.below(10) == 0) world_.threads().run_for(200 * io::kNsPerMs);
    }
    wait(2);
    passes_ += driver_->log().status().compaction.passes;
    if (!world_.files().crashed()) {
      world_.files().clear_faults();
      world_.files().crash(mode);
    }
    driver_.reset();
    world_.files().recover();
    open();
  }
  uint64_t passes_ = 0;

  void check(Subject& subject) {
    const Content content = read(subject.partition, 1 + subject.history.below(200'000));
    std::ranges::sort(subject.all, {}, &SeenRecord::offset);
    std::vector<SeenRecord> kept;
    for (const SeenRecord& record : subject.all) {
      if (record.offset >= content.start && record.offset < content.end) kept.push_back(record);
    }
    EXPECT_EQ(content.start, subject.start);
    EXPECT_EQ(table_of(content.records), table_of(kept));
    for (const SeenRecord& record : content.records) {
      EXPECT_TRUE(std::ranges::binary_search(kept, record)) << record.offset;
    }
  }
};

TEST_P(CompactedHistories, SurviveAnything) {
  options_.compaction_key_bytes_max = GetParam() % 3 == 0 ? 2'000 : 1 << 20;
  options_.unit_ring_bytes_max = GetParam() % 2 == 0 ? 2'000 : 1 << 20;
  options_.spill_file_bytes = 4'000;
  crash();
  Config config = kEager;
  config["delete.retention.ms"] = std::to_string(GetParam() % 4 * 1'000);
  std::vector<Subject> subjects;
  for (const char* name : {"one", "two"}) {
    subjects.push_back(
        {make(config, name), KeyedHistory(static_cast<uint64_t>(GetParam()), 20), {}, {}, 0});
  }
  KeyedHistory& dice = subjects[0].history;
  for (int step = 0; step < 40; ++step) {
    for (Subject& subject : subjects) {
      for (uint32_t i = 0, count = dice.below(30); i < count; ++i) {
        append(subject, subject.history.next(now_ms()));
      }
      if (dice.below(2) == 0) {
        while (auto end = subject.history.end_one(now_ms())) append(subject, std::move(*end));
      }
    }
    if (dice.below(4) == 0) commit_unit(subjects, dice);
    if (dice.below(3) == 0) flush();
    if (dice.below(3) == 0) wait(dice.below(5));
    if (dice.below(8) == 0) {
      Subject& subject = subjects[dice.below(2)];
      const int64_t before = subject.start + dice.below(20);
      const auto removed = io::await<commit::Lsn>(driver_->threads(), [&](auto done) {
        driver_->log().proposals().propose(
            {commit::delete_records_command(subject.partition, before)}, driver_->executor(),
            std::move(done));
      });
      if (removed) subject.start = std::max(subject.start, before);
    }
    if (dice.below(4) == 0) crash_at_work(dice);
    for (Subject& subject : subjects) check(subject);
  }
  EXPECT_GT(passes_, 3U) << "there was something to see";
}

INSTANTIATE_TEST_SUITE_P(Seeds, CompactedHistories, ::testing::Range(1, 40));

}  // namespace
}  // namespace millrace::log
