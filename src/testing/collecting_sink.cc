#include "testing/collecting_sink.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace millrace::testing {

using engine::Step;

void Collected::add(std::vector<std::string> lines) {
  const std::lock_guard lock(mutex_);
  std::ranges::move(lines, std::back_inserter(lines_));
}

std::vector<std::string> Collected::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

Result<Step> CollectingSink::on_batch(data::Batch batch, engine::Staging& staging) {
  std::string text;
  for (std::string& line : lines_of(batch)) {
    text += line + "\n";
    open_lines_.push_back(std::move(line));
  }
  MILLRACE_TRY(staging.stage(partition_, wrap_batch(text, batch.size())));
  return staging.full() ? Step::kAgain : Step::kDone;
}

Result<Step> CollectingSink::on_barrier(commit::Epoch epoch, engine::Staging&) {
  uncommitted_.emplace_back(epoch, std::exchange(open_lines_, {}));
  return Step::kDone;
}

Result<Step> CollectingSink::resume(engine::Staging& staging) {
  return staging.full() ? Step::kAgain : Step::kDone;
}

Result<void> CollectingSink::committed(commit::Epoch epoch) {
  MILLRACE_ASSERT(!uncommitted_.empty() && uncommitted_.front().first == epoch);
  outside_->add(std::move(uncommitted_.front().second));
  uncommitted_.pop_front();
  return {};
}

engine::PerShard<engine::Sink> collecting_sink(commit::PartitionId partition,
                                               std::shared_ptr<Collected> outside) {
  return [partition, outside](uint32_t) -> Result<std::unique_ptr<engine::Sink>> {
    return std::make_unique<CollectingSink>(partition, outside);
  };
}

std::vector<std::string> committed_lines(const MemoryCommitLog& log,
                                         commit::PartitionId partition) {
  std::vector<std::string> lines;
  for (const Buffer& batch : log.batches(partition)) {
    const std::string text = payload_of(batch);
    for (size_t from = 0; from < text.size();) {
      const size_t to = text.find('\n', from);
      lines.push_back(text.substr(from, to - from));
      from = to + 1;
    }
  }
  return lines;
}

}  // namespace millrace::testing
