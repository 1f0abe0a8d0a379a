#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

// Refusal: why a part of a request was not done, in the protocol's code and a sentence; by default
// none. A plain value.
struct Refusal {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  std::string message;

  // In the code that the table of errors gives.
  static Refusal of(const Error& error);
  // In another code.
  static Refusal of(kafka::ProtocolError code, const Error& error);

  explicit operator bool() const { return error != kafka::ProtocolError::kNone; }
  // Puts both into a response, or a part of one, that has them under their usual names.
  template <class Response>
  void put(Response& response) const {
    response.error_code = kafka::code_of(error);
    if (*this) response.error_message = message;
  }
};

}  // namespace millrace::broker
