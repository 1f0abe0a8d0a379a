#pragma once

#include <cstdint>
#include <utility>

#include "base/buffer.h"
#include "broker/call.h"
#include "broker/reply.h"
#include "kafka/message.h"

namespace millrace::broker {

// Handler: what one API does.
//
// Threading:  called on the executors of connections, several at once: synchronised inside.
// Ownership:  outlives the connections.
// Failure:    a body that cannot be decoded closes the connection; all else is in the response.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual int16_t key() const = 0;
  virtual void handle_body(Call call, Buffer body, Respond respond) = 0;
};

// TypedHandler: a Handler whose body is decoded. Derive from it, implement `handle`.
template <class RequestType, class ResponseType>
class TypedHandler : public Handler {
 public:
  using Request = RequestType;
  using Response = ResponseType;

  int16_t key() const final { return Request::kKey; }
  void handle_body(Call call, Buffer body, Respond respond) override {
    auto request = kafka::decode<Request>(std::move(body), call.version());
    if (!request) return respond(std::move(request).error());
    Reply<Response> reply(call.header, std::move(respond), call.toll, call.counter);
    handle(std::move(call), *std::move(request), std::move(reply));
  }

 protected:
  // Must not block; may answer later.
  virtual void handle(Call call, Request request, Reply<Response> reply) = 0;
};

}  // namespace millrace::broker
