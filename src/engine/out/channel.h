#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/task/event.h"
#include "engine/task/task_waker.h"

namespace millrace::engine {

// Channel: a bounded ring of events from one task to another. Batches are bounded by the credit;
// signals have slots of their own, so that they pass where rows cannot.
//
// Threading:  one producing and one consuming task.
// Order:      first in, first out. REQUIRES: push only with room for that kind of event.
class Channel {
 public:
  Channel(uint32_t credit, std::shared_ptr<TaskWaker> producer,
          std::shared_ptr<TaskWaker> consumer);

  // Producer.
  bool has_room(bool batch) const {
    if (batch && batches_.load(std::memory_order_acquire) >= credit_) return false;
    return tail_ - head_.load(std::memory_order_acquire) < slots_ - 1;
  }
  void push(Event event);
  // Asks to be woken when something is taken out. False: there is room by now.
  bool wait_for_room(bool batch);

  // Consumer: the next event, or null.
  Event* front() {
    if (head_cached_ == tail_published_.load(std::memory_order_acquire)) return nullptr;
    return &ring_[head_cached_ & (slots_ - 1)];
  }
  void pop();

 private:
  const uint32_t credit_;
  const uint32_t slots_;  // a power of two
  const std::shared_ptr<TaskWaker> producer_;
  const std::shared_ptr<TaskWaker> consumer_;
  std::vector<Event> ring_;

  alignas(64) uint32_t tail_ = 0;  // producer's
  std::atomic<uint32_t> tail_published_{0};
  alignas(64) uint32_t head_cached_ = 0;  // consumer's
  std::atomic<uint32_t> head_{0};
  alignas(64) std::atomic<uint32_t> batches_{0};
  std::atomic<bool> producer_waits_{false};
};

}  // namespace millrace::engine
