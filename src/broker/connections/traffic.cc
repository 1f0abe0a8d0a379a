#include "broker/connections/traffic.h"

#include <utility>

#include "base/assert.h"

namespace millrace::broker {

bool Traffic::fits(size_t bytes) const {
  return bytes_ + bytes <= bytes_max_ || bytes_ <= bytes_max_ / 2;
}

bool Traffic::try_take(size_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!waiters_.empty() || !fits(bytes)) return false;
  bytes_ += bytes;
  return true;
}

void Traffic::take(size_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ += bytes;
}

void Traffic::give_back(size_t bytes) {
  const std::lock_guard lock(mutex_);
  MILLRACE_ASSERT(bytes_ >= bytes);
  bytes_ -= bytes;
  grant();
}

void Traffic::wait(size_t bytes, io::Executor& executor, io::Task granted) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  waiters_.push_back({.bytes = bytes, .executor = &executor, .granted = std::move(granted)});
  grant();
}

void Traffic::grant() {
  while (!waiters_.empty() && fits(waiters_.front().bytes)) {
    Waiter front = std::move(waiters_.front());
    waiters_.pop_front();
    bytes_ += front.bytes;
    front.executor->post(std::move(front.granted));
  }
}

void Traffic::close() {
  std::deque<Waiter> dropped;
  const std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(waiters_);
}

size_t Traffic::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

size_t Traffic::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiters_.size();
}

}  // namespace millrace::broker
