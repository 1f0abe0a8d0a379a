#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace millrace::http {

struct RequestLimits {
  uint32_t header_bytes_max = 16 << 10;
  uint64_t body_bytes_max = 1 << 20;
};

// RequestParser: the requests of one connection, one after another.
//
// Threading:  confined to its connection.
// Order:      put bytes until `next` gives a request; take it; go on with what is left.
// Failure:    kMalformedRequest: not HTTP/1.1, or larger than the limits; status() is the answer to
//             give, then the connection must end.
class RequestParser {
 public:
  explicit RequestParser(RequestLimits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  void put(std::string_view bytes) { held_.append(bytes); }
  // nullopt: more bytes are needed.
  Result<std::optional<Request>> next();
  uint16_t status() const { return status_; }

 private:
  struct Parser;
  void restart();

  const RequestLimits limits_;
  std::unique_ptr<Parser> parser_;
  std::string held_;
  uint16_t status_ = 400;
};

}  // namespace millrace::http
