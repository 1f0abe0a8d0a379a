#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "log/log_driver.h"

namespace millrace::log {

// BackupHistory: a log at random work, and what it must hold at each LSN; for tests only. Records
// of clients, epochs of a job with output, state, snapshots and spill files, deleted records, a
// compacted topic; settling and merging happen meanwhile.
class BackupHistory {
 public:
  BackupHistory(uint64_t seed, io::World world, LogOptions options)
      : random_(seed), world_(world), driver_(world, options) {
    for (uint32_t i = 0; i < kPartitions; ++i) {
      partitions_.push_back(driver_.make_partition("t", i, kPartitions));
    }
    const auto id = io::await<commit::TopicId>(driver_.threads(), [&](auto done) {
      driver_.log().topics().create(
          {.name = "keyed",
           .partitions = 1,
           .config = {{"cleanup.policy", "compact"}, {"min.cleanable.dirty.ratio", "0"}}},
          driver_.executor(), std::move(done));
    });
    keyed_ = {*id, 0};
    job_ = driver_.open_job("job");
  }

  static LogOptions options() {
    LogOptions chosen = small_log();
    chosen.ring_bytes = chosen.ring_bytes_max = 512 << 10;
    chosen.unit_ring_bytes_max = 24 << 10;
    chosen.spill_file_bytes = 128 << 10;
    chosen.settle_idle_ns = io::kNsPerMs;
    chosen.own_file_bytes = 48 << 10;
    chosen.merge_files_min = 3;
    chosen.compaction_interval_ns = 10 * io::kNsPerMs;
    return chosen;
  }

  LogDriver& driver() { return driver_; }
  // Of what somebody was told.
  commit::Lsn acknowledged() const { return acknowledged_; }

  // Something happens, or some of what is under way.
  void step() {
    const uint64_t kind = random_() % 100;
    if (kind < 45) {
      append(random_() % kPartitions);
    } else if (kind < 55) {
      append_keyed();
    } else if (kind < 62) {
      epoch();
    } else if (kind < 64) {
      delete_records(random_() % kPartitions);
    } else if (kind < 66) {
      run_for(static_cast<int64_t>(random_() % 20) * io::kNsPerMs);
    } else {
      for (uint64_t i = random_() % 20; i > 0; --i) run_one();
    }
  }
  void run_for(int64_t duration_ns) { simulated().run_for(duration_ns); }
  void finish() {
    simulated().run_until_idle();
    for (size_t i = 0; i < kPartitions; ++i) absorb(i);
  }

  // REQUIRES: finish was called after the moment.
  void check(LogDriver& restored, commit::Lsn lsn) {
    for (size_t i = 0; i < kPartitions; ++i) check_partition(restored, i, lsn);
    std::map<std::string, std::string> expected;
    for (const auto& [at, record] : keyed_records_) {
      if (at <= lsn) expected[record.first] = record.second;
    }
    std::map<std::string, std::string> found;
    for (const std::string& text : restored.values(keyed_)) {
      const std::string value = text.substr(text.find(':') + 1);
      found[value.substr(0, value.find('='))] = value;
    }
    ASSERT_EQ(found, expected) << "the compacted topic";
    check_job(restored, lsn);
  }

 private:
  static constexpr uint32_t kPartitions = 3;

  io::SimulatedThreads& simulated() { return static_cast<io::SimulatedThreads&>(world_.threads); }
  void run_one() { (void)simulated().run_one(); }

  std::string new_value(std::string prefix) {
    std::string value = std::move(prefix) + std::to_string(next_value_++) + "/";
    value.resize(value.size() + random_() % 6000, 'v');
    return value;
  }
  void acknowledge(commit::Lsn lsn) { acknowledged_ = std::max(acknowledged_, lsn); }

  void append(size_t index) {
    const std::string value = new_value("a");
    driver_.log().appender().append(partitions_[index], batch_of({value}), commit::Acks::kDurable,
                                    driver_.executor(),
                                    [this, value](Result<commit::Appended> appended) {
                                      if (!appended) return;
                                      lsn_of_[value] = appended->lsn;
                                      acknowledge(appended->lsn);
                                    });
  }

  void append_keyed() {
    const std::string key = "k" + std::to_string(random_() % 20);
    const std::string value = new_value(key + "=");
    record::BatchBuilder builder;
    (void)builder.append({.timestamp_ms = 1, .key = key, .value = value});
    driver_.log().appender().append(keyed_, *commit::RecordBatch::of(builder.build()),
                                    commit::Acks::kDurable, driver_.executor(),
                                    [this, key, value](Result<commit::Appended> appended) {
                                      if (!appended) return;
                                      keyed_records_[appended->lsn] = {key, value};
                                      acknowledge(appended->lsn);
                                    });
  }

  static std::map<std::string, std::string> last_of_each(uint64_t epoch) {
    std::map<std::string, std::string> keys;
    for (uint64_t i = 1; i <= epoch; ++i) keys["of" + std::to_string(i % 50)] = std::to_string(i);
    return keys;
  }

  void adopt_snapshot(commit::Unit& unit) {
    auto writer = driver_.log().jobs().begin_snapshot({.job = job_->job,
                                                       .incarnation = job_->incarnation,
                                                       .task = commit::TaskId(2),
                                                       .begun = commit::Epoch(epoch_),
                                                       .replaces = {}});
    commit::DeltaBuilder slice;
    for (const auto& [key, value] : last_of_each(epoch_)) {
      slice.put(commit::KeyGroup(2), commit::StateId(1), key, value);
    }
    ASSERT_TRUE(driver_.until_accepted([&, delta = slice.finish()](io::Wake wake) {
      return (*writer)->write(delta, std::move(wake));
    }));
    const auto id = io::await<commit::SnapshotId>(driver_.threads(), [&](auto done) {
      (*writer)->finish(driver_.executor(), std::move(done));
    });
    ASSERT_TRUE(id && unit.adopt_snapshot(*id));
  }

  void epoch() {
    if (in_epoch_) return;  // its waits let others work
    in_epoch_ = true;
    const uint64_t epoch = epoch_ + 1;
    auto unit = driver_.begin(*job_, epoch);
    ASSERT_TRUE(unit.has_value());
    std::vector<std::string> outputs;
    for (uint64_t i = 0; i < 1 + random_() % 30; ++i) {
      outputs.push_back(new_value("e" + std::to_string(epoch) + "."));
      const commit::PartitionId to = partitions_[random_() % kPartitions];
      ASSERT_TRUE(driver_.stage(**unit, to, batch_of({outputs.back()})));
    }
    commit::DeltaBuilder delta;
    delta.put(commit::KeyGroup(2), commit::StateId(1), "of" + std::to_string(epoch % 50),
              std::to_string(epoch));
    ASSERT_TRUE(driver_.stage_state(**unit, commit::TaskId(2), delta.finish()));
    if (random_() % 6 == 0) adopt_snapshot(**unit);
    if (random_() % 8 != 0) {  // else it is destroyed, which aborts
      commit::Positions positions;
      positions.splits.push_back({.source = "s", .split = "f", .position = std::to_string(epoch)});
      const auto committed = driver_.commit(**unit, positions);
      ASSERT_TRUE(committed.has_value()) << committed.error().to_string();
      for (const std::string& value : outputs) lsn_of_[value] = committed->lsn;
      epochs_[committed->lsn] = epoch_ = epoch;
      acknowledge(committed->lsn);
    }
    in_epoch_ = false;
  }

  void delete_records(size_t index) {
    absorb(index);
    if (all_[index].empty()) return;
    const int64_t before = static_cast<int64_t>(random_() % (all_[index].size() + 1));
    if (before <= starts_[index]) return;
    const auto lsn = io::await<commit::Lsn>(driver_.threads(), [&](auto done) {
      driver_.log().proposals().propose(
          {commit::delete_records_command(partitions_[index], before)}, driver_.executor(),
          std::move(done));
    });
    if (!lsn) return;
    starts_[index] = std::max(starts_[index], before);
    deletions_[index][*lsn] = before;
    acknowledge(*lsn);
  }

  // Notes what the partition has by now.
  void absorb(size_t index) {
    const auto from = std::max(static_cast<int64_t>(all_[index].size()), starts_[index]);
    const auto values = driver_.values(partitions_[index], from);
    // Another one may have been faster, while this one waited.
    for (const std::string& text : values) {
      const size_t colon = text.find(':');
      const auto offset = static_cast<size_t>(std::stoll(text.substr(0, colon)));
      if (offset < all_[index].size()) continue;
      ASSERT_EQ(offset, all_[index].size()) << text.substr(0, 200);
      all_[index].push_back(text.substr(colon + 1));
    }
  }

  void check_partition(LogDriver& restored, size_t index, commit::Lsn lsn) {
    int64_t start = 0;
    for (const auto& [at, before] : deletions_[index]) {
      if (at <= lsn) start = std::max(start, before);
    }
    std::vector<std::string> expected;
    for (size_t offset = 0; offset < all_[index].size(); ++offset) {
      const std::string& value = all_[index][offset];
      ASSERT_TRUE(lsn_of_.contains(value));
      if (lsn_of_[value] > lsn || static_cast<int64_t>(offset) < start) continue;
      expected.push_back(std::to_string(offset) + ":" + value);
    }
    const auto data = restored.read({{.partition = partitions_[index], .offset = 0}});
    ASSERT_TRUE(data.has_value());
    ASSERT_EQ((*data)[0].start_offset, start);
    ASSERT_EQ(restored.values(partitions_[index], start), expected) << "partition " << index;
  }

  void check_job(LogDriver& restored, commit::Lsn lsn) {
    uint64_t epoch = 0;
    for (const auto& [at, number] : epochs_) {
      if (at <= lsn) epoch = number;
    }
    const auto recovered = restored.log().jobs().recover(job_->job);
    ASSERT_TRUE(recovered.has_value()) << recovered.error().to_string();
    ASSERT_EQ(recovered->last_epoch.value(), epoch);
    if (epoch == 0) return;
    ASSERT_EQ(recovered->positions.splits[0].position, std::to_string(epoch));
    const auto state = restored.state(job_->job);
    ASSERT_TRUE(state.has_value()) << state.error().to_string();
    std::map<std::string, std::string> expected;
    for (const auto& [key, value] : last_of_each(epoch)) expected["2/1/" + key] = value;
    ASSERT_EQ((std::map<std::string, std::string>(state->begin(), state->end())), expected);
  }

  std::mt19937_64 random_;
  io::World world_;
  LogDriver driver_;
  std::vector<commit::PartitionId> partitions_;
  commit::PartitionId keyed_;
  std::map<std::string, commit::Lsn> lsn_of_;  // of every value that was acknowledged
  std::vector<std::string> all_[kPartitions];  // every value that the partition ever had
  std::map<commit::Lsn, int64_t> deletions_[kPartitions];
  int64_t starts_[kPartitions] = {};
  std::map<commit::Lsn, std::pair<std::string, std::string>> keyed_records_;
  std::map<commit::Lsn, uint64_t> epochs_;
  Result<commit::OpenedJob> job_ = commit::OpenedJob();
  uint64_t epoch_ = 0;
  bool in_epoch_ = false;
  commit::Lsn acknowledged_;
  uint64_t next_value_ = 0;
};

}  // namespace millrace::log
