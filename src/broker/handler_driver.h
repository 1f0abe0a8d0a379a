#pragma once

#include <string>
#include <utility>

#include "broker/handler.h"
#include "io/await.h"
#include "kafka/message.h"
#include "kafka/wire/reader.h"

namespace millrace::broker {

// What a handler answered to a request in bytes; for tests only.
inline Answer ask(Handler& handler, io::Threads& threads, io::Executor& executor,
                  kafka::RequestHeader header, Buffer body) {
  Call call{.header = std::move(header),
            .endpoint = {.host = "here", .port = 9092},
            .client_host = "10.0.0.7",
            .executor = &executor};
  auto answer = io::await<Answer>(threads, [&](auto done) {
    executor.post([&handler, call = std::move(call), body = std::move(body),
                   done = std::move(done)]() mutable {
      handler.handle_body(
          std::move(call), std::move(body),
          [done = std::move(done)](Answer answer) mutable { done(std::move(answer)); });
    });
  });
  return answer ? *std::move(answer) : Answer(std::move(answer).error());
}

// The response to a message, through its bytes in `version`; an Error: the connection was closed.
template <class Response, class Request>
Result<Response> ask(Handler& handler, io::Threads& threads, io::Executor& executor,
                     const Request& request, int16_t version) {
  const kafka::RequestHeader header{
      .api_key = Request::kKey, .version = version, .correlation_id = 1, .client_id = "test"};
  std::string body;
  for (const Buffer& part : kafka::encode(request, version)) body += part.view();
  Answer answer = ask(handler, threads, executor, header, Buffer::copy_of(body));
  if (auto* error = std::get_if<Error>(&answer)) return std::move(*error);
  const auto* parts = std::get_if<std::vector<Buffer>>(&answer);
  if (parts == nullptr) return Error(ErrorCode::kCancelled, "no response");
  std::string frame;
  for (const Buffer& part : *parts) frame += part.view();
  const bool tags = Response::flexible(version) && Response::kKey != 18;
  const size_t begin = 2 * sizeof(int32_t) + (tags ? 1 : 0);
  return kafka::decode<Response>(Buffer::copy_of(std::string_view(frame).substr(begin)), version);
}

}  // namespace millrace::broker
