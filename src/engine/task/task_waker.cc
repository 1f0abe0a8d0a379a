#include "engine/task/task_waker.h"

#include "engine/task/task.h"

namespace millrace::engine {

void TaskWaker::post_turn() {
  worker_.post([self = shared_from_this()] {
    self->notified_.exchange(false, std::memory_order_acq_rel);
    if (self->task_ != nullptr) self->task_->turn();
  });
}

void TaskWaker::wake_at(io::MonotonicTime when) {
  worker_.post_at(when, [self = shared_from_this()] { self->wake(); });
}

void TaskWaker::post(std::move_only_function<void(Task&)> message) {
  worker_.post([self = shared_from_this(), message = std::move(message)]() mutable {
    if (self->task_ != nullptr) message(*self->task_);
    self->wake();
  });
}

io::Wake TaskWaker::make_wake() {
  return [self = shared_from_this()] { self->wake(); };
}

}  // namespace millrace::engine
