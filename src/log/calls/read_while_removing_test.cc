// Records that go while they are read, on real threads.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "io/posix_world.h"
#include "log/log_driver.h"
#include "record/batch_header.h"

namespace millrace::log {
namespace {

using commit::PartitionId;

class ReadWhileRemoving : public testing::Test {
 protected:
  ReadWhileRemoving() {
    options_ = small_log();
    options_.folder = testing::TempDir() + "millrace_removing_" + std::to_string(getpid());
    EXPECT_TRUE(io::remove_tree(world_.world().files, options_.folder).has_value());
  }
  ~ReadWhileRemoving() override { (void)io::remove_tree(world_.world().files, options_.folder); }

  io::PosixWorld world_;
  LogOptions options_;
};

// Reads where the partition starts, again and again, and never gets on.
struct StartReader {
  static constexpr int kAhead = 16;
  Log& log;
  const PartitionId large;  // is read first, which takes a while
  const PartitionId partition;
  std::atomic<int64_t> offset = 0;
  std::atomic<bool> stop = false;
  std::atomic<int> given = 0;
  std::atomic<int> gone = 0;
  std::atomic<int> wrong = 0;
  int reads = 0;
  std::string last_wrong;
  io::Notification stopped = {};
  std::unique_ptr<io::Executor> executor = nullptr;  // its tasks use all of the above

  void read() {
    commit::ReadRequest request;
    for (int i = 0; i < 12; ++i) request.partitions.push_back({.partition = large, .offset = 0});
    request.partitions.push_back({.partition = partition, .offset = offset, .bytes_max = 1});
    log.reader().read(std::move(request), *executor,
                      [this](auto answers) { saw((*answers).back()); });
  }
  void saw(const commit::PartitionData& data) {
    bool right = false;
    if (!data.error) {
      right = !data.batches.empty() &&
              record::read_batch_header(data.batches[0].span())->base_offset <= offset;
    } else {
      right = data.error->code() == ErrorCode::kOffsetOutOfRange && data.batches.empty() &&
              data.start_offset > offset;
    }
    ++(!right ? wrong : data.error ? gone : given);
    if (!right) {
      last_wrong = std::to_string(offset) + " of " + std::to_string(data.start_offset) + " to " +
                   std::to_string(data.high_watermark) +
                   (data.error ? data.error->to_string() : "");
    }
    // A little behind the start, which may pass it by meanwhile.
    offset = data.start_offset + reads++ % kAhead;
    if (stop) return stopped.set();
    read();
  }
};

TEST_F(ReadWhileRemoving, WhatGoesIsGivenOrSaidToBeGone) {
  constexpr int kRecords = 2'000;
  LogDriver driver(world_.world(), options_);
  const PartitionId partition = driver.make_partition("t");
  const PartitionId large = driver.make_partition("large");
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(driver.append(large, batch_of({std::string(20'000, 'x')})).has_value());
  }
  for (int i = 0; i < kRecords + StartReader::kAhead; ++i) {
    ASSERT_TRUE(driver.append(partition, batch_of({std::string(100, 'x')})).has_value());
  }
  StartReader reader{.log = driver.log(), .large = large, .partition = partition};
  reader.executor = world_.world().threads.start({.name = "reader"});
  reader.executor->post([&] { reader.read(); });
  for (int64_t start = 1; start <= kRecords; ++start) {
    const auto done = io::await<commit::Lsn>(driver.threads(), [&](auto on_done) {
      driver.log().proposals().propose({commit::delete_records_command(partition, start)},
                                       driver.executor(), std::move(on_done));
    });
    ASSERT_TRUE(done.has_value());
  }
  reader.stop = true;
  world_.world().threads.wait(reader.stopped);
  EXPECT_EQ(reader.wrong, 0) << reader.last_wrong;
  // How many of them there are of each is a matter of what else the machine does.
  EXPECT_GT(reader.given + reader.gone, 0);
}

}  // namespace
}  // namespace millrace::log
