// Crashes at any I/O call, drawn from a seed, with a checker of what was acknowledged.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "log/log_driver.h"

namespace millrace::log {
namespace {

using commit::PartitionId;
using commit::TaskId;

// What a client knows: what it sent, and what was acknowledged.
struct Sent {
  std::string value;
  bool acknowledged = false;
};

class CrashRun {
 public:
  explicit CrashRun(uint64_t seed) : random_(seed), world_({.seed = seed}) {
    options_.ring_bytes = options_.ring_bytes_max = 512 << 10;
    options_.unit_ring_bytes_max = 24 << 10;
    options_.spill_file_bytes = 128 << 10;
    options_.settle_idle_ns = io::kNsPerMs;
    options_.own_file_bytes = 48 << 10;
    options_.merge_files_min = 3;
    options_.retention_interval_ns = 4 * io::kNsPerMs;
  }

  // Opens what the last crash has left, checks it, works until the next one.
  void run(int rounds) {
    for (int round = 0; round < rounds && !testing::Test::HasFailure(); ++round) {
      run_once();
      world_.files().recover();
    }
  }

  int commits() const { return commits_; }

 private:
  void run_once() {
    LogDriver driver(world_.world(), options_);
    ASSERT_TRUE(driver.is_open()) << driver.open_error()->to_string();
    check(driver);
    partitions_ = {driver.make_partition("t", 0, 3), driver.make_partition("t", 1, 3),
                   driver.make_partition("t", 2, 3)};
    world_.files().inject({.nth = 1 + random_() % (random_() % 4 == 0 ? 1500 : 300),
                           .effect = io::FaultEffect::kCrash,
                           .crash = modes_[random_() % 3]});
    work(driver);
    if (!world_.files().crashed()) {
      world_.files().clear_faults();
      world_.files().crash(modes_[random_() % 3]);
    }
    // Whoever waits is answered, or dropped with the log.
    world_.threads().run_until_idle();
  }

  static constexpr io::CrashMode modes_[3] = {io::CrashMode::kProcess, io::CrashMode::kLoseUnsynced,
                                              io::CrashMode::kTear};

  std::string new_value() {
    std::string value = std::to_string(next_value_++) + "/";
    value.resize(value.size() + random_() % 6000, 'v');
    return value;
  }

  void append(LogDriver& driver, size_t index) {
    auto& log = sent_[index];
    log.push_back({new_value()});
    const size_t at = log.size() - 1;
    const auto acks = random_() % 4 == 0 ? commit::Acks::kCarried : commit::Acks::kDurable;
    driver.log().appender().append(partitions_[index], batch_of({log[at].value}), acks,
                                   driver.executor(),
                                   [this, index, at](Result<commit::Appended> appended) {
                                     if (appended) sent_[index][at].acknowledged = true;
                                   });
  }

  // What task 2 holds after `epoch`: in each of fifty keys the last epoch that wrote it.
  static std::map<std::string, std::string> last_of_each(uint64_t epoch) {
    std::map<std::string, std::string> keys;
    for (uint64_t i = 1; i <= epoch; ++i) keys["of" + std::to_string(i % 50)] = std::to_string(i);
    return keys;
  }

  // Task 2 as of the last epoch, in two slices.
  bool adopt_snapshot(LogDriver& driver, commit::Unit& unit) {
    auto writer = driver.log().jobs().begin_snapshot({.job = job_->job,
                                                      .incarnation = job_->incarnation,
                                                      .task = TaskId(2),
                                                      .begun = commit::Epoch(epoch_),
                                                      .replaces = {}});
    if (!writer) return false;
    commit::DeltaBuilder slices[2];
    for (const auto& [key, value] : last_of_each(epoch_)) {
      slices[value.size() % 2].put(commit::KeyGroup(2), commit::StateId(1), key, value);
    }
    for (commit::DeltaBuilder& slice : slices) {
      if (!driver.until_accepted([&, delta = slice.finish()](io::Wake wake) {
            return (*writer)->write(delta, std::move(wake));
          })) {
        return false;
      }
    }
    const auto id = io::await<commit::SnapshotId>(driver.threads(), [&](auto done) {
      (*writer)->finish(driver.executor(), std::move(done));
    });
    return id && unit.adopt_snapshot(*id);
  }

  // One epoch: output to all partitions, a counter in the state, a position.
  void epoch(LogDriver& driver) {
    if (!job_) {
      const auto opened = driver.open_job("job");
      if (!opened) return;
      job_ = *opened;
      epoch_ = driver.log().jobs().recover(job_->job)->last_epoch.value();
    }
    const uint64_t epoch = epoch_ + 1;
    auto unit = driver.begin(*job_, epoch);
    if (!unit) return;
    auto& outputs = outputs_[epoch];
    outputs.clear();
    for (uint64_t i = 0; i < 1 + random_() % 20; ++i) {
      const size_t index = random_() % 3;
      outputs.emplace_back(
          index, "e" + std::to_string(epoch) + "." + std::to_string(i) + "/" + new_value());
      if (!driver.stage(**unit, partitions_[index], batch_of({outputs.back().second}))) return;
    }
    commit::DeltaBuilder delta;
    delta.put(commit::KeyGroup(1), commit::StateId(1), "epoch", std::to_string(epoch));
    if (!driver.stage_state(**unit, TaskId(1), delta.finish())) return;
    delta.put(commit::KeyGroup(2), commit::StateId(1), "of" + std::to_string(epoch % 50),
              std::to_string(epoch));
    if (!driver.stage_state(**unit, TaskId(2), delta.finish())) return;
    if (random_() % 8 == 0) return;  // a destroyed unit aborts
    if (random_() % 6 == 0 && !adopt_snapshot(driver, **unit)) return;
    commit::Positions positions;
    positions.splits.push_back({.source = "s", .split = "f", .position = std::to_string(epoch)});
    const auto committed = driver.commit(**unit, positions);
    if (!committed) return;
    epoch_ = acknowledged_epoch_ = epoch;
    ++commits_;
  }

  void work(LogDriver& driver) {
    job_.reset();
    for (int step = 0; step < 400 && !world_.files().crashed(); ++step) {
      for (uint64_t i = random_() % 4; i > 0; --i) append(driver, random_() % 3);
      if (random_() % 3 == 0) epoch(driver);
      if (random_() % 50 == 0) job_.reset();  // a new incarnation
      if (random_() % 4 == 0) world_.threads().run_until_idle();
      if (random_() % 40 == 0) world_.threads().run_for(20 * io::kNsPerMs);
    }
  }

  void check(LogDriver& driver) {
    uint64_t epoch = 0;
    if (const auto job = driver.open_job("job")) {
      const auto recovered = driver.log().jobs().recover(job->job);
      ASSERT_TRUE(recovered.has_value()) << recovered.error().to_string();
      epoch = recovered->last_epoch.value();
      ASSERT_GE(epoch, acknowledged_epoch_);
      if (epoch > 0) {
        ASSERT_EQ(recovered->positions.splits.size(), 1U);
        ASSERT_EQ(recovered->positions.splits[0].position, std::to_string(epoch));
        const auto state = driver.state(job->job);
        ASSERT_TRUE(state.has_value()) << state.error().to_string();
        std::map<std::string, std::string> expected{{"1/1/epoch", std::to_string(epoch)}};
        for (const auto& [key, value] : last_of_each(epoch)) expected["2/1/" + key] = value;
        ASSERT_EQ((std::map<std::string, std::string>(state->begin(), state->end())), expected);
      }
      acknowledged_epoch_ = epoch;
    }
    for (size_t index = 0; index < partitions_.size(); ++index) {
      check_partition(driver, index, epoch);
    }
  }

  void check_partition(LogDriver& driver, size_t index, uint64_t epoch) {
    const auto found = driver.values(partitions_[index]);
    std::vector<Sent>& sent = sent_[index];
    std::vector<std::string> outputs;
    for (const auto& [number, values] : outputs_) {
      for (const auto& [to, value] : values) {
        if (to == index && number <= epoch) outputs.push_back(value);
      }
    }
    size_t next_sent = 0;
    size_t next_output = 0;
    for (size_t offset = 0; offset < found.size(); ++offset) {
      const size_t colon = found[offset].find(':');
      ASSERT_EQ(found[offset].substr(0, colon), std::to_string(offset)) << "a hole";
      const std::string value = found[offset].substr(colon + 1);
      if (value[0] == 'e') {
        ASSERT_LT(next_output, outputs.size());
        ASSERT_EQ(value, outputs[next_output]) << "output out of order, twice or never committed";
        ++next_output;
        continue;
      }
      while (next_sent < sent.size() && sent[next_sent].value != value) {
        ASSERT_FALSE(sent[next_sent].acknowledged) << "lost: " << sent[next_sent].value;
        ++next_sent;
      }
      ASSERT_LT(next_sent, sent.size()) << "out of order or twice: " << value.substr(0, 9);
      ++next_sent;
    }
    ASSERT_EQ(next_output, outputs.size()) << "an epoch is there in part";
    for (; next_sent < sent.size(); ++next_sent) ASSERT_FALSE(sent[next_sent].acknowledged);
    // What was never acknowledged and is not there will never come.
    std::set<std::string> there;
    for (const std::string& text : found) there.insert(text.substr(text.find(':') + 1));
    std::erase_if(sent, [&](const Sent& one) { return !there.contains(one.value); });
    for (Sent& one : sent) one.acknowledged = true;
    std::erase_if(outputs_, [&](const auto& item) { return item.first > epoch; });
  }

  std::mt19937_64 random_;
  io::SimulatedWorld world_;
  LogOptions options_ = small_log();
  std::vector<PartitionId> partitions_;
  std::vector<Sent> sent_[3];
  std::map<uint64_t, std::vector<std::pair<size_t, std::string>>> outputs_;
  std::optional<commit::OpenedJob> job_;
  uint64_t epoch_ = 0;
  uint64_t acknowledged_epoch_ = 0;
  uint64_t next_value_ = 0;
  int commits_ = 0;
};

// Forty seeds; `--gtest_shuffle --gtest_random_seed=N` takes others.
TEST(Crash, AtAnyIoWhatWasAcknowledgedIsThereOnceInOrder) {
  int commits = 0;
  constexpr uint64_t kSeeds = 40;
  const auto runs = static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed());
  for (uint64_t seed = 1 + runs * kSeeds; seed <= (runs + 1) * kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    CrashRun run(seed);
    run.run(12);
    commits += run.commits();
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(commits, 100);
}

}  // namespace
}  // namespace millrace::log
