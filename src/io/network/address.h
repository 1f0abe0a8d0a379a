#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::io {

// Where a server listens, or is found: a name or an IP address, and a port. A plain value.
struct Address {
  std::string host;   // "localhost", "127.0.0.1", "::1"; without brackets; empty: every interface
  uint16_t port = 0;  // 0: one that is free

  // "host:port", "[::1]:port", ":port" or "*:port" (every interface). kInvalidOption.
  static Result<Address> parse(std::string_view text);
  // As parse reads it.
  std::string to_string() const;
  friend bool operator==(const Address&, const Address&) = default;
};

}  // namespace millrace::io
