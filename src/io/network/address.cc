#include "io/network/address.h"

#include <fmt/core.h>

#include <charconv>

namespace millrace::io {

Result<Address> Address::parse(std::string_view text) {
  const auto wrong = [&] {
    return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no address", text))
        .remedy("Write host:port, as 127.0.0.1:9092 or [::1]:9092.");
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return wrong();
  }
  Address address{.host = std::string(host), .port = 0};
  const auto [end, failed] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (failed != std::errc() || digits.empty() || end != digits.data() + digits.size()) {
    return wrong();
  }
  return address;
}

std::string Address::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace millrace::io
