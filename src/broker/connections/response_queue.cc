#include "broker/connections/response_queue.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"

namespace millrace::broker {
namespace {

void count(const Answer& answer, io::MonotonicTime now) {
  const auto& [counter, began] = answer.counted;
  if (counter == nullptr) return;
  size_t bytes = 0;
  if (const auto* frame = std::get_if<std::vector<Buffer>>(&answer)) {
    for (const Buffer& part : *frame) bytes += part.bytes();
  }
  counter->end(bytes, now - began);
}

}  // namespace

uint64_t ResponseQueue::open(size_t request_bytes) {
  slots_.push_back({request_bytes, std::nullopt});
  in_flight_bytes_ += request_bytes;
  return first_ + slots_.size() - 1;
}

void ResponseQueue::answer(uint64_t request, Answer answer) {
  MILLRACE_ASSERT(request >= first_ && request - first_ < slots_.size());
  Slot& slot = slots_[request - first_];
  MILLRACE_ASSERT(!slot.answer.has_value());
  slot.answer = std::move(answer);
  ending_ = ending_ || std::holds_alternative<Error>(*slot.answer);
}

std::vector<Buffer> ResponseQueue::take_ready(io::MonotonicTime now) {
  std::vector<Buffer> ready;
  while (!ended_ && !slots_.empty() && slots_.front().answer) {
    Answer& answer = *slots_.front().answer;
    count(answer, now);
    throttle_ns_ = std::max(throttle_ns_, answer.throttle_ms * io::kNsPerMs);
    if (auto* frame = std::get_if<std::vector<Buffer>>(&answer)) {
      ready.insert(ready.end(), std::make_move_iterator(frame->begin()),
                   std::make_move_iterator(frame->end()));
    } else if (auto* error = std::get_if<Error>(&answer)) {
      ended_ = std::move(*error);
    }
    in_flight_bytes_ -= slots_.front().request_bytes;
    slots_.pop_front();
    ++first_;
  }
  return ready;
}

}  // namespace millrace::broker
