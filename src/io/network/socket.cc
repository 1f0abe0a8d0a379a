#include "io/network/socket.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netdb.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace millrace::io {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

SocketAddress copy_of(const sockaddr* address, socklen_t bytes) {
  SocketAddress copy{.bytes = bytes};
  std::memcpy(&copy.storage, address, bytes);
  return copy;
}

// `flags` of getaddrinfo; its failure is `failed`.
std::vector<SocketAddress> resolve(const Address& address, int flags, int& failed) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  const char* const host = address.host.empty() ? nullptr : address.host.c_str();
  addrinfo* first = nullptr;
  failed = getaddrinfo(host, std::to_string(address.port).c_str(), &hints, &first);
  const std::unique_ptr<addrinfo, FreeAddresses> list(first);
  std::vector<SocketAddress> found;
  if (failed != 0) return found;
  for (const addrinfo* at = first; at != nullptr; at = at->ai_next) {
    if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
    const SocketAddress next = copy_of(at->ai_addr, at->ai_addrlen);
    // Where a name stands twice in the file of hosts, the resolver says it twice.
    if (std::ranges::find(found, next) == found.end()) found.push_back(next);
  }
  return found;
}

Address of_socket(const Socket& socket, decltype(getsockname)* call) {
  SocketAddress address{.bytes = sizeof(sockaddr_storage)};
  call(socket.descriptor(), reinterpret_cast<sockaddr*>(&address.storage), &address.bytes);
  return address_of(*address.get());
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void SocketAddress::set_port(uint16_t port) {
  // It stands at the same place in both.
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  reinterpret_cast<sockaddr_in&>(storage).sin_port = htons(port);
}

bool SocketAddress::operator==(const SocketAddress& other) const {
  return bytes == other.bytes && std::memcmp(&storage, &other.storage, bytes) == 0;
}

Address address_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {.host = text.data(), .port = ntohs(v4.sin_port)};
  }
  if (address.sa_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {.host = text.data(), .port = ntohs(v6.sin6_port)};
  }
  return {};
}

Address local_address(const Socket& socket) {
  return of_socket(socket, getsockname);
}

Address peer_address(const Socket& socket) {
  return of_socket(socket, getpeername);
}

std::optional<std::vector<SocketAddress>> known_addresses(const Address& address, AddressUse use) {
  const int flags = AI_NUMERICHOST | (use == AddressUse::kListen ? AI_PASSIVE : 0);
  int failed = 0;
  if (address.host == "localhost") {
    // Whatever the file of hosts says of it.
    auto both = resolve({.host = "127.0.0.1", .port = address.port}, flags, failed);
    std::ranges::copy(resolve({.host = "::1", .port = address.port}, flags, failed),
                      std::back_inserter(both));
    return both;
  }
  auto found = resolve(address, flags, failed);
  if (failed != 0) return std::nullopt;
  return found;
}

Result<std::vector<SocketAddress>> look_up(const Address& address, AddressUse use) {
  if (auto known = known_addresses(address, use)) return *std::move(known);
  int failed = 0;
  auto found = resolve(address, use == AddressUse::kListen ? AI_PASSIVE : 0, failed);
  if (!found.empty()) return found;
  return Error(ErrorCode::kInvalidOption,
               fmt::format("no address is known for the host '{}': {}", address.host,
                           failed == 0 ? "it has none of IPv4 or IPv6" : gai_strerror(failed)))
      .at(address.to_string())
      .remedy("Check the name, or write an IP address.");
}

Error network_error(int number, std::string_view call, std::string place) {
  const auto code = [&] {
    switch (number) {
      case EADDRINUSE:
        return ErrorCode::kPortInUse;
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
