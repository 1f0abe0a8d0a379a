// Readers for whom is read ahead, beside all that moves what they read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;

struct Reader {
  size_t topic = 0;
  int64_t offset = 0;
};

// What was acknowledged, by topic and offset, beside the log itself.
class ReadAheadTest : public testing::TestWithParam<uint64_t> {
 protected:
  // The first two topics keep all.
  static constexpr size_t kCompacted = 2;
  static constexpr size_t kBounded = 3;
  static constexpr size_t kAgedAndCompacted = 4;
  static constexpr size_t kKeptBytes = 600'000;
  static constexpr int64_t kKeptMs = 5'000;
  static bool compacts(size_t topic) { return topic == kCompacted || topic == kAgedAndCompacted; }
  static bool forgets(size_t topic) { return topic >= kBounded; }

  ReadAheadTest() : world_({.seed = GetParam()}), random_(GetParam()) {
    options_ = small_log();
    options_.read_ahead_bytes_max = 3 << 20;
    options_.merge_files_min = 2;
    options_.own_file_bytes = 256 << 10;
    options_.compaction_interval_ns = io::kNsPerSecond;
    options_.retention_interval_ns = io::kNsPerSecond;
    open();
    for (size_t i = 0; i <= kAgedAndCompacted; ++i) make(i);
  }
  void open() {
    driver_.emplace(world_.world(), options_);
    ASSERT_TRUE(driver_->is_open()) << driver_->open_error()->to_string();
  }
  void crash() {
    taken_ += driver_->log().status().reads.from_ahead.bytes;
    world_.files().crash(io::CrashMode::kTear);
    driver_.reset();
    world_.files().recover();
    world_.files().clear_faults();
    open();
  }
  void make(size_t topic) {
    std::map<std::string, std::string> config;
    if (compacts(topic)) {
      config = {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0"}};
    }
    if (topic == kBounded) config["retention.bytes"] = std::to_string(kKeptBytes);
    if (topic == kAgedAndCompacted) {
      config["cleanup.policy"] = "compact,delete";
      config["retention.ms"] = std::to_string(kKeptMs);
    }
    const auto id = io::await<commit::TopicId>(driver_->threads(), [&](auto done) {
      driver_->log().topics().create(
          {.name = "t" + std::to_string(topic), .partitions = 1, .config = std::move(config)},
          driver_->executor(), std::move(done));
    });
    ASSERT_TRUE(id.has_value());
    topics_.push_back({*id, 0});
    model_.emplace_back();
    starts_.push_back(0);
  }
  uint64_t below(uint64_t end) { return random_() % end; }

  void append(size_t topic, size_t bytes = 20'000) {
    record::BatchBuilder builder;
    const size_t records = 1 + below(3);
    for (size_t i = 0; i < records; ++i) {
      const std::string key = "k" + std::to_string(below(40));
      const std::string value = std::to_string(random_()) + std::string(bytes / records, 'x');
      (void)builder.append(
          {.timestamp_ms = world_.clock().wall_us() / 1000, .key = key, .value = value});
      model_[topic].push_back({key, value, world_.clock().wall_us() / 1000});
    }
    const auto done = driver_->append(topics_[topic], *commit::RecordBatch::of(builder.build()));
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
    ASSERT_EQ(done->base_offset + static_cast<int64_t>(records),
              static_cast<int64_t>(model_[topic].size()));
  }
  void remove_before(size_t topic) {
    const auto end = static_cast<int64_t>(model_[topic].size());
    const int64_t to = starts_[topic] + (end - starts_[topic]) / 3;
    const auto done = io::await<commit::Lsn>(driver_->threads(), [&](auto on_done) {
      driver_->log().proposals().propose({commit::delete_records_command(topics_[topic], to)},
                                         driver_->executor(), std::move(on_done));
    });
    ASSERT_TRUE(done.has_value()) << done.error().to_string();
    starts_[topic] = to;
  }
  std::map<std::string, int64_t> newest_of(size_t topic) const {
    std::map<std::string, int64_t> newest;
    for (size_t at = 0; at < model_[topic].size(); ++at) {
      newest[model_[topic][at].key] = static_cast<int64_t>(at);
    }
    return newest;
  }
  // Where a partition starts is where it was told to, or where retention says; never back.
  void check_start(size_t topic, int64_t start) {
    ASSERT_TRUE(forgets(topic) || start == starts_[topic]);
    ASSERT_GE(start, starts_[topic]);
    if (start == starts_[topic]) return;
    starts_[topic] = start;
    const auto& written = model_[topic];
    if (topic == kBounded) {
      size_t kept = 0;
      for (size_t at = static_cast<size_t>(start); at < written.size(); ++at) {
        kept += written[at].value.size() + kRecordBytes;
      }
      ASSERT_GE(kept, kKeptBytes);
      return;
    }
    // What compaction took first does not count.
    const int64_t now_ms = world_.clock().wall_us() / 1000;
    for (const auto& [key, offset] : newest_of(topic)) {
      if (offset >= start) continue;
      ASSERT_GE(now_ms - written[static_cast<size_t>(offset)].timestamp_ms, kKeptMs) << key;
    }
  }
  // What is given is what was written, and nothing is left out.
  void check(Reader& reader, const commit::PartitionData& data) {
    ASSERT_NO_FATAL_FAILURE(check_start(reader.topic, data.start_offset));
    const bool outside = reader.offset < data.start_offset;
    ASSERT_EQ(outside, data.error && data.error->code() == ErrorCode::kOffsetOutOfRange);
    if (data.error) {
      if (data.error->code() == ErrorCode::kOffsetOutOfRange) {
        reader.offset = starts_[reader.topic];
      } else {
        ASSERT_EQ(data.error->code(), ErrorCode::kIoFailed) << data.error->to_string();
        ++failed_;
      }
      return;
    }
    const auto& written = model_[reader.topic];
    for (const Buffer& bytes : data.batches) {
      const auto view = record::BatchView::read(bytes);
      ASSERT_TRUE(view.has_value()) << view.error().to_string();
      record::Decompressor decompressor;
      auto records = view->records(decompressor);
      record::Record record;
      while (records && *records->next(record)) {
        if (record.offset < reader.offset) continue;
        ASSERT_TRUE(compacts(reader.topic) || record.offset == reader.offset);
        ASSERT_LT(record.offset, static_cast<int64_t>(written.size()));
        ASSERT_EQ(*record.value, written[static_cast<size_t>(record.offset)].value);
        reader.offset = record.offset + 1;
        seen_[{reader.topic, record.offset}] = true;
      }
      reader.offset = std::max(reader.offset, view->header().last_offset() + 1);
    }
  }
  void step(std::vector<Reader*> readers, uint64_t bytes) {
    std::vector<commit::PartitionRead> reads;
    for (const Reader* reader : readers) {
      reads.push_back(
          {.partition = topics_[reader->topic], .offset = reader->offset, .bytes_max = bytes});
    }
    const auto data = driver_->read(std::move(reads));
    ASSERT_TRUE(data.has_value());
    for (size_t i = 0; i < readers.size(); ++i) check(*readers[i], (*data)[i]);
    ASSERT_LE(driver_->log().status().reads.ahead_held_bytes, options_.read_ahead_bytes_max);
  }
  void read_to_end(size_t topic, uint64_t bytes) {
    Reader reader{.topic = topic, .offset = starts_[topic]};
    while (reader.offset < static_cast<int64_t>(model_[topic].size())) {
      const int64_t before = reader.offset;
      ASSERT_NO_FATAL_FAILURE(step({&reader}, bytes));
      ASSERT_GT(reader.offset, before);
    }
  }
  // Of each key the newest is there, if it is behind the start.
  void expect_newest(size_t topic) {
    for (const auto& [key, offset] : newest_of(topic)) {
      if (offset < starts_[topic]) continue;
      EXPECT_TRUE(seen_.contains({topic, offset})) << topic << " " << key;
    }
  }
  void fail_a_read() {
    world_.files().inject(
        {.call = io::FileCall::kRead, .nth = 1 + below(3), .path_part = "segments"});
  }

  io::SimulatedWorld world_;
  std::mt19937_64 random_;
  LogOptions options_;
  std::optional<LogDriver> driver_;
  std::vector<PartitionId> topics_;
  struct Written {
    std::string key;
    std::string value;
    int64_t timestamp_ms = 0;
  };
  static constexpr size_t kRecordBytes = 100;  // what a batch has besides, at most
  std::vector<std::vector<Written>> model_;
  std::vector<int64_t> starts_;
  std::map<std::pair<size_t, int64_t>, bool> seen_;
  int failed_ = 0;
  uint64_t taken_ = 0;  // of what was read ahead, before the last crash
};

TEST_P(ReadAheadTest, WhatIsReadIsWhatWasWrittenWhateverGoesOnBesides) {
  std::vector<Reader> readers(15);
  for (size_t i = 0; i < readers.size(); ++i) readers[i].topic = i % topics_.size();
  for (int round = 0; round < 2'000; ++round) {
    const uint64_t what = below(100);
    if (what < 35) {
      ASSERT_NO_FATAL_FAILURE(append(below(topics_.size())));
    } else if (what < 90) {
      std::vector<Reader*> some{&readers[below(readers.size())]};
      Reader& other = readers[below(readers.size())];
      if (other.topic != some[0]->topic) some.push_back(&other);
      ASSERT_NO_FATAL_FAILURE(step(some, uint64_t{20'000} << below(7)));
    } else if (what < 93) {
      Reader& reader = readers[below(readers.size())];
      reader.offset = starts_[reader.topic];
    } else if (what < 94) {
      ASSERT_NO_FATAL_FAILURE(remove_before(below(kCompacted)));
    } else if (what < 96) {
      fail_a_read();
    } else if (what < 99) {
      world_.threads().run_for(static_cast<int64_t>(below(3)) * io::kNsPerSecond);
    } else {
      ASSERT_NO_FATAL_FAILURE(crash());
    }
  }
  world_.files().clear_faults();
  EXPECT_GT(taken_ + driver_->log().status().reads.from_ahead.bytes, 1'000'000U);
  seen_.clear();
  for (size_t topic = 0; topic < topics_.size(); ++topic) {
    ASSERT_NO_FATAL_FAILURE(read_to_end(topic, 300'000));
  }
  EXPECT_GT(starts_[kBounded], 0);
  EXPECT_GT(starts_[kAgedAndCompacted], 0);
  for (const size_t topic : {kCompacted, kAgedAndCompacted}) {
    ASSERT_NO_FATAL_FAILURE(expect_newest(topic));
  }
}

TEST_P(ReadAheadTest, WhoReadsOnIsGivenWhatWasReadBefore) {
  for (int i = 0; i < 400; ++i) ASSERT_NO_FATAL_FAILURE(append(0));
  const uint64_t calls = world_.files().calls();
  ASSERT_NO_FATAL_FAILURE(read_to_end(0, 500'000));
  EXPECT_GT(driver_->log().status().reads.from_ahead.bytes, 4'000'000U);
  // Eight megabytes: a call for about a megabyte, and those of the tail in the ring.
  EXPECT_LT(world_.files().calls() - calls, 120U);
}

TEST_P(ReadAheadTest, WhatReadersAreGivenIsCountedByWhereItWas) {
  const auto reads = [&] { return driver_->log().status().reads; };
  ASSERT_NO_FATAL_FAILURE(append(0));
  Reader first;
  ASSERT_NO_FATAL_FAILURE(step({&first}, 500'000));
  EXPECT_EQ(reads().from_ring.batches, 1U);
  EXPECT_GT(reads().from_ring.bytes, 20'000U);
  EXPECT_EQ(reads().ahead_hits + reads().ahead_misses + reads().file_bytes_read, 0U);
  for (int i = 0; i < 200; ++i) ASSERT_NO_FATAL_FAILURE(append(0));
  Reader reader;
  ASSERT_NO_FATAL_FAILURE(step({&reader}, 500'000));
  EXPECT_EQ(reads().ahead_misses, 1U) << "nobody could know of it";
  EXPECT_GE(reads().from_files.bytes, 500'000U);
  EXPECT_EQ(reads().from_ahead.bytes, 0U);
  const uint64_t after_one = reads().file_bytes_read;
  EXPECT_GE(after_one, reads().from_files.bytes);
  ASSERT_NO_FATAL_FAILURE(step({&reader}, 500'000));
  EXPECT_GT(reads().ahead_held_bytes, 0U);
  while (reader.offset < static_cast<int64_t>(model_[0].size())) {
    ASSERT_NO_FATAL_FAILURE(step({&reader}, 500'000));
  }
  EXPECT_GE(reads().ahead_hits, 3U);
  EXPECT_GT(reads().from_ahead.bytes, 1'500'000U);
  EXPECT_EQ(reads().from_ring.batches + reads().from_files.batches + reads().from_ahead.batches,
            202U);
  EXPECT_GE(reads().file_bytes_read, reads().from_files.bytes + reads().from_ahead.bytes);
  // Without room nothing is read ahead.
  crash();
  options_.read_ahead_bytes_max = 0;
  driver_.reset();
  open();
  ASSERT_NO_FATAL_FAILURE(read_to_end(0, 500'000));
  EXPECT_EQ(reads().ahead_hits + reads().from_ahead.batches + reads().ahead_held_bytes, 0U);
  EXPECT_GT(reads().ahead_misses, 5U);
}

TEST_P(ReadAheadTest, ManyReadersShareOneBoundAndNoneIsLost) {
  for (int i = 0; i < 300; ++i) ASSERT_NO_FATAL_FAILURE(append(i % 2));
  std::vector<Reader> readers(1'000);
  for (size_t i = 0; i < readers.size(); ++i) {
    readers[i].topic = i % 2;
    readers[i].offset = static_cast<int64_t>(below(model_[i % 2].size()));
  }
  for (int round = 0; round < 4; ++round) {
    for (Reader& reader : readers) ASSERT_NO_FATAL_FAILURE(step({&reader}, 60'000));
  }
  EXPECT_EQ(failed_, 0);
}

TEST_P(ReadAheadTest, ADamagedBlockAheadIsNamedWhenItIsReachedAndNeverGiven) {
  for (int i = 0; i < 300; ++i) ASSERT_NO_FATAL_FAILURE(append(0));
  const std::string folder = std::string(kTestFolder) + "/segments";
  std::string largest;
  uint64_t bytes = 0;
  const auto names = world_.files().list(folder).value();
  for (const std::string& name : names) {
    const uint64_t size = world_.files().stat(folder + "/" + name)->bytes;
    if (size > bytes) largest = folder + "/" + name, bytes = size;
  }
  world_.files().flip_bit(largest, bytes / 2, 3);
  Reader reader;
  std::optional<Error> error;
  for (int i = 0; i < 200; ++i) {
    auto data =
        driver_->read({{.partition = topics_[0], .offset = reader.offset, .bytes_max = 100'000}});
    ASSERT_TRUE(data.has_value());
    error = (*data)[0].error;
    if (error) break;
    ASSERT_NO_FATAL_FAILURE(check(reader, (*data)[0]));
  }
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code(), ErrorCode::kCorruptRecord);
  EXPECT_THAT(error->place(), testing::StartsWith(largest));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReadAheadTest, testing::Range<uint64_t>(1, 13));

}  // namespace
}  // namespace millrace::log
