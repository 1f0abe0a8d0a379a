#include "io/timed_tasks.h"

#include <algorithm>
#include <utility>

namespace millrace::io {

bool TimedTasks::push(MonotonicTime when, Task task) {
  const uint64_t sequence = next_sequence_++;
  heap_.push_back({when, sequence, std::move(task)});
  std::ranges::push_heap(heap_, later);
  return heap_.front().sequence == sequence;
}

void TimedTasks::take_due(MonotonicTime time, std::vector<Task>& queue) {
  while (!heap_.empty() && heap_.front().when <= time) {
    std::ranges::pop_heap(heap_, later);
    queue.push_back(std::move(heap_.back().task));
    heap_.pop_back();
  }
}

}  // namespace millrace::io
