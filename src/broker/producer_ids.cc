#include "broker/producer_ids.h"

#include <utility>

namespace millrace::broker {
namespace {

constexpr int64_t kBlock = 1'000;

}  // namespace

void ProducerIds::next(io::Completion<Result<int64_t>> done) {
  std::unique_lock lock(mutex_);
  if (next_ < end_) {
    const int64_t id = next_++;
    lock.unlock();
    return done(id);
  }
  waiting_.push_back(std::move(done));
  const bool first = waiting_.size() == 1;
  lock.unlock();
  if (first) reserve();
}

void ProducerIds::reserve() {
  const int64_t first = machine_.producer_ids_end();
  proposals_.propose({IdentityMachine::reserve_producer_ids(first, kBlock)}, executor_,
                     [this, first](Result<commit::Lsn> done) { reserved(first, std::move(done)); });
}

void ProducerIds::reserved(int64_t first, Result<commit::Lsn> done) {
  std::deque<io::Completion<Result<int64_t>>> served;
  std::unique_lock lock(mutex_);
  if (done) {
    next_ = first;
    end_ = first + kBlock;
  }
  while (!waiting_.empty() && (!done || next_ + static_cast<int64_t>(served.size()) < end_)) {
    served.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  const int64_t given = next_;
  if (done) next_ += static_cast<int64_t>(served.size());
  const bool more = !waiting_.empty();
  lock.unlock();
  int64_t id = given;
  for (auto& each : served) each(done ? Result<int64_t>(id++) : Result<int64_t>(done.error()));
  if (more) reserve();
}

}  // namespace millrace::broker
