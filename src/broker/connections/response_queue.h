#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "broker/reply.h"

namespace millrace::broker {

// ResponseQueue: answers in the order of their requests, whatever the order in which they come.
//
// Threading:  confined to its connection.
class ResponseQueue {
 public:
  // A request was taken; returns its number.
  uint64_t open(size_t request_bytes);
  // Its answer came.
  void answer(uint64_t request, Answer answer);

  // The frames that may go out now, in one chain; empty: none. After an Error none follow.
  std::vector<Buffer> take_ready(io::MonotonicTime now);
  // Why the connection must end, once all before it has gone out.
  const std::optional<Error>& ended() const { return ended_; }
  // Some answer is an Error: what is asked from now on is never answered.
  bool ending() const { return ending_; }

  // How long the client must keep still after what was taken; then 0.
  int64_t take_throttle_ns() { return std::exchange(throttle_ns_, 0); }

  size_t in_flight() const { return slots_.size(); }
  size_t in_flight_bytes() const { return in_flight_bytes_; }

 private:
  struct Slot {
    size_t request_bytes;
    std::optional<Answer> answer;
  };
  std::deque<Slot> slots_;
  uint64_t first_ = 0;  // number of the slot in front
  size_t in_flight_bytes_ = 0;
  int64_t throttle_ns_ = 0;
  std::optional<Error> ended_;
  bool ending_ = false;
};

}  // namespace millrace::broker
