#include "engine/out/channel.h"

#include <bit>

#include "base/assert.h"

namespace millrace::engine {
namespace {

constexpr uint32_t kSignalSlots = 24;

}  // namespace

Channel::Channel(uint32_t credit, std::shared_ptr<TaskWaker> producer,
                 std::shared_ptr<TaskWaker> consumer)
    : credit_(credit),
      slots_(std::bit_ceil(credit + kSignalSlots)),
      producer_(std::move(producer)),
      consumer_(std::move(consumer)),
      ring_(slots_) {
  MILLRACE_ASSERT(credit > 0);
}

void Channel::push(Event event) {
  const bool batch = event.is_batch();
  MILLRACE_ASSERT(has_room(batch));
  ring_[tail_ & (slots_ - 1)] = std::move(event);
  if (batch) batches_.fetch_add(1, std::memory_order_seq_cst);
  tail_published_.store(++tail_, std::memory_order_release);
  consumer_->wake();
}

bool Channel::wait_for_room(bool batch) {
  // Either the consumer sees the flag after it has taken something, or we see that it has.
  producer_waits_.store(true, std::memory_order_seq_cst);
  const uint32_t batches = batches_.load(std::memory_order_seq_cst);
  const uint32_t head = head_.load(std::memory_order_seq_cst);
  return (batch && batches >= credit_) || tail_ - head >= slots_ - 1;
}

void Channel::pop() {
  Event& event = ring_[head_cached_ & (slots_ - 1)];
  if (event.is_batch()) {
    event.batch = {};
    batches_.fetch_sub(1, std::memory_order_seq_cst);
  }
  head_.store(++head_cached_, std::memory_order_seq_cst);
  if (producer_waits_.load(std::memory_order_seq_cst)) {
    producer_waits_.store(false, std::memory_order_seq_cst);
    producer_->wake();
  }
}

}  // namespace millrace::engine
