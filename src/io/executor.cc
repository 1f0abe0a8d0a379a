#include "io/executor.h"

namespace millrace::io {

// Notifies under the lock, and block() always takes it: the waiter may destroy the notification as
// soon as it has seen it set.
void Notification::set() {
  const std::lock_guard lock(mutex_);
  set_.store(true, std::memory_order_release);
  changed_.notify_all();
}

bool Notification::is_set() const {
  return set_.load(std::memory_order_acquire);
}

void Notification::block() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return set_.load(std::memory_order_relaxed); });
}

}  // namespace millrace::io
