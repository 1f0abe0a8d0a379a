#pragma once

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/error.h"
#include "broker/metrics/answer_errors.h"
#include "broker/metrics/api_counters.h"
#include "broker/quotas/toll.h"
#include "io/executor.h"
#include "kafka/request_header.h"

namespace millrace::broker {

struct NoResponse {};  // the request has none (acks 0)

// What a request came to: a frame, nothing, or the end of its connection with the reason.
struct Answer : std::variant<std::vector<Buffer>, NoResponse, Error> {
  using variant::variant;
  int64_t throttle_ms = 0;  // for so long nothing is read from the client after it
  Counted counted;          // to be ended when it goes out
};

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
  Reply(kafka::RequestHeader header, Respond respond, TollPtr toll = nullptr,
        ApiCounter* counter = nullptr)
      : header_(std::move(header)),
        respond_(std::move(respond)),
        toll_(std::move(toll)),
        counter_(counter) {}
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) = delete;
  ~Reply() {
    if (respond_) close(Error(ErrorCode::kInternal, "a request was dropped without an answer"));
  }

  void send(const Response& response) {
    Answer answer = kafka::write_response(header_, response);
    if (toll_ != nullptr) throttle(response, answer);
    if (counter_ != nullptr) {
      for_each_error(response, [this](int16_t code) { counter_->count_error(code); });
    }
    std::exchange(respond_, nullptr)(std::move(answer));
  }
  void skip() {
    Answer answer = NoResponse();
    if (toll_ != nullptr) answer.throttle_ms = toll_->pay(0);
    std::exchange(respond_, nullptr)(std::move(answer));
  }
  void close(Error why) { std::exchange(respond_, nullptr)(std::move(why)); }

 private:
  void throttle(const Response& response, Answer& answer) {
    size_t bytes = 0;
    for (const Buffer& part : std::get<std::vector<Buffer>>(answer)) bytes += part.bytes();
    answer.throttle_ms = toll_->pay(bytes);
    if constexpr (requires { response.throttle_ms; }) {
      if (answer.throttle_ms == 0) return;
      Response told = response;
      told.throttle_ms = static_cast<int32_t>(answer.throttle_ms);
      static_cast<Answer::variant&>(answer) = kafka::write_response(header_, told);
    }
  }

  kafka::RequestHeader header_;
  Respond respond_;
  TollPtr toll_;
  ApiCounter* counter_;
};

}  // namespace millrace::broker
