#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "io/executor.h"
#include "kafka/request_header.h"

namespace millrace::broker {

struct NoResponse {};  // the request has none (acks 0)

// What a request came to: a frame, nothing, or the end of its connection with the reason.
using Answer = std::variant<std::vector<Buffer>, NoResponse, Error>;

// Runs once, on any thread.
using Respond = io::Completion<Answer>;

// Reply: the answer to one request, typed.
//
// Threading:  any thread, one at a time.
// Order:      one of send, skip, close; once. A reply dropped without any of them closes the
//             connection, so that a client never waits for ever.
template <class Response>
class Reply {
 public:
  Reply(kafka::RequestHeader header, Respond respond)
      : header_(std::move(header)), respond_(std::move(respond)) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (respond_) close(Error(ErrorCode::kInternal, "a request was dropped without an answer"));
  }

  void send(const Response& response) {
    std::exchange(respond_, nullptr)(kafka::write_response(header_, response));
  }
  void skip() { std::exchange(respond_, nullptr)(NoResponse()); }
  void close(Error why) { std::exchange(respond_, nullptr)(std::move(why)); }

 private:
  kafka::RequestHeader header_;
  Respond respond_;
};

}  // namespace millrace::broker
