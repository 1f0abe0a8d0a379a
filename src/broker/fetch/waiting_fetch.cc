#include "broker/fetch/waiting_fetch.h"

#include <algorithm>

namespace millrace::broker {
namespace {

struct Gathered {
  uint64_t bytes = 0;
  bool failed = false;  // a partition has an error, which the client should know at once
};

Gathered gathered(const std::vector<commit::PartitionData>& data) {
  Gathered all;
  for (const commit::PartitionData& partition : data) {
    all.failed = all.failed || partition.error.has_value();
    for (const Buffer& batch : partition.batches) all.bytes += batch.bytes();
  }
  return all;
}

}  // namespace

void WaitingFetch::start(commit::Reader& reader, io::Executor& executor, FetchWaits& waits,
                         Wanted wanted, Done done) {
  const auto fetch =
      std::make_shared<WaitingFetch>(reader, executor, waits, std::move(wanted), std::move(done));
  if (fetch->wanted_.wait_ns > 0) waits.add(fetch);
  fetch->read();
}

void WaitingFetch::hurry() {
  executor_.post([self = shared_from_this()] { self->wake(self->round_); });
}

void WaitingFetch::read() {
  reader_.read(wanted_.request, executor_,
               [self = shared_from_this()](auto data) { self->take(std::move(data)); });
}

void WaitingFetch::take(Result<std::vector<commit::PartitionData>> data) {
  const bool enough = !data || [&] {
    const auto [bytes, failed] = gathered(*data);
    return failed || bytes >= wanted_.bytes_min || executor_.now() >= deadline_ || waits_.closed();
  }();
  if (!enough) return wait(*data);
  std::exchange(done_, nullptr)(std::move(data));
}

void WaitingFetch::wait(const std::vector<commit::PartitionData>& data) {
  waiting_ = true;
  const uint64_t round = ++round_;
  for (const commit::PartitionData& partition : data) {
    const bool committed = wanted_.request.isolation == commit::Isolation::kReadCommitted;
    const int64_t shown = committed ? partition.stable_offset : partition.high_watermark;
    watches_.push_back(reader_.watch(partition.partition, shown, wanted_.request.isolation,
                                     executor_, [self = weak_from_this(), round] {
                                       if (const auto fetch = self.lock()) fetch->wake(round);
                                     }));
  }
  if (std::exchange(timer_set_, true)) return;
  // The timer is what keeps the fetch alive while it waits.
  executor_.post_at(deadline_, [self = shared_from_this()] { self->wake(self->round_); });
}

void WaitingFetch::wake(uint64_t round) {
  if (!waiting_ || round != round_) return;
  waiting_ = false;
  watches_.clear();
  read();
}

}  // namespace millrace::broker
