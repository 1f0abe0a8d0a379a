#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/network/address.h"

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

// SocketAddress: an IPv4 or IPv6 address with a port, as the system wants it. A plain value.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  void set_port(uint16_t port);
  bool operator==(const SocketAddress& other) const;
};

// "127.0.0.1", 9092; empty for another kind of address.
Address address_of(const sockaddr& address);
Address local_address(const Socket& socket);
Address peer_address(const Socket& socket);

// What `host` stands for: to listen at, or to connect to.
enum class AddressUse : uint8_t { kListen, kConnect };
// nullopt: the name must be looked up.
std::optional<std::vector<SocketAddress>> known_addresses(const Address& address, AddressUse use);
// Asks the system's resolver, which blocks. kInvalidOption.
Result<std::vector<SocketAddress>> look_up(const Address& address, AddressUse use);

// What `errno` says about `call` on `place`.
Error network_error(int number, std::string_view call, std::string place);

}  // namespace millrace::io
