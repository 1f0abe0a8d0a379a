#include "io/network/address.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace millrace::io {
namespace {

constexpr size_t kHostBytesMax = 253;  // of a name, RFC 1035

bool is_address_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
         c == '.';
}

// IPv6, between brackets; the part behind a '%' names an interface.
bool is_bracketed(std::string_view host) {
  const std::string_view digits = host.substr(0, host.find('%'));
  return digits.contains(':') && std::ranges::all_of(digits, is_address_character);
}

bool is_name(std::string_view host) {
  return host.size() <= kHostBytesMax && std::ranges::all_of(host, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '.' || c == '_';
         });
}

std::optional<uint16_t> port_of(std::string_view digits) {
  uint16_t port = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, failed] = std::from_chars(digits.data(), end, port);
  if (failed != std::errc() || stopped != end) return std::nullopt;
  return port;
}

std::optional<Address> address_of(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint16_t> port = port_of(text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host == "*") host = "";
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_bracketed(host)) return std::nullopt;
  } else if (!is_name(host)) {
    return std::nullopt;
  }
  return Address{.host = std::string(host), .port = *port};
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  if (auto address = address_of(text)) return *std::move(address);
  return Error(ErrorCode::kInvalidOption,
               fmt::format("'{}' is not a host and a port from 0 to 65535", text))
      .remedy("Write HOST:PORT, as 127.0.0.1:9092, localhost:9092 or [::1]:9092.");
}

std::string Address::to_string() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace millrace::io
