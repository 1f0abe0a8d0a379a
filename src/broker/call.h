#pragma once

#include <cstdint>
#include <string>

#include "broker/metrics/api_counters.h"
#include "broker/quotas/toll.h"
#include "io/executor.h"
#include "kafka/request_header.h"

namespace millrace::broker {

// How clients reach the broker by the door that a request came through.
struct Endpoint {
  std::string host;
  uint16_t port = 0;
};

// Call: one request, without its body. A plain value.
//
// Ownership:  the executor outlives the answer.
struct Call {
  kafka::RequestHeader header;
  Endpoint endpoint;
  std::string client_host;           // the peer's address
  io::Executor* executor = nullptr;  // the connection's: the handler is called on it
  TollPtr toll;                      // null: no quota is for this client
  ApiCounter* counter = nullptr;     // of its API; null: nothing is counted

  int16_t version() const { return header.version; }
};

}  // namespace millrace::broker
