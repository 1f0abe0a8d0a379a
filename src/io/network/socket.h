#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/result.h"
#include "io/network/address.h"

struct sockaddr;

namespace millrace::io {

// Socket: a file descriptor of one's own. A movable value; closed when it goes.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();
  int descriptor() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

// "127.0.0.1", 9092; empty for another kind of address.
Address address_of(const sockaddr& address);
Address local_address(const Socket& socket);
Address peer_address(const Socket& socket);

// What `errno` says about `call` on `place`.
Error network_error(int number, std::string_view call, std::string place);

}  // namespace millrace::io
