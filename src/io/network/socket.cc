#include "io/network/socket.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace millrace::io {

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Address address_of(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return {.host = text, .port = ntohs(v4.sin_port)};
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    return {.host = text, .port = ntohs(v6.sin6_port)};
  }
  return {};
}

Address local_address(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&storage), &bytes);
  return address_of(reinterpret_cast<const sockaddr&>(storage));
}

Address peer_address(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  getpeername(socket.descriptor(), reinterpret_cast<sockaddr*>(&storage), &bytes);
  return address_of(reinterpret_cast<const sockaddr&>(storage));
}

Error network_error(int number, std::string_view call, std::string place) {
  const auto code = [&] {
    switch (number) {
      case EADDRINUSE:
        return ErrorCode::kInUse;
      case EACCES:
      case EPERM:
        return ErrorCode::kPermissionDenied;
      default:
        return ErrorCode::kIoFailed;
    }
  }();
  return Error(code, fmt::format("{}: {}", call, std::strerror(number))).at(std::move(place));
}

}  // namespace millrace::io
