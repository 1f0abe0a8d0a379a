#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "kafka/api.h"
#include "kafka/wire/writer.h"

namespace millrace::kafka {

struct RequestHeader {
  int16_t api_key = 0;
  int16_t version = 0;
  int32_t correlation_id = 0;
  std::optional<std::string> client_id;
};

struct Request {
  RequestHeader header;
  const Api* api = nullptr;  // nullptr: the key is not known; then there is no body
  Buffer body;
};

// A frame without its length. An API or version that is not known is no failure: `api` says so, or
// its range does; the body of such a request is empty.
// Failure: kMalformedRequest with the byte.
Result<Request> read_request(Buffer frame);

// The frame of a request, with its length: how a client writes it.
std::vector<Buffer> write_request(const RequestHeader& header, const std::vector<Buffer>& body);

// Writes what stands in front of a response's body.
void begin_response(const RequestHeader& header, int16_t api_key, Writer& writer);

// The frame of a response, with its length, around a message of the generated headers. ApiVersions
// has a header without tags in every version, so that any client can read it.
template <class Message>
std::vector<Buffer> write_response(const RequestHeader& header, const Message& message) {
  Writer writer(Message::flexible(header.version));
  begin_response(header, Message::kKey, writer);
  message.encode(writer, header.version);
  return writer.finish(true);
}

}  // namespace millrace::kafka
