#include "server/server_options.h"

#include <fmt/core.h>

#include <utility>

#include "base/nearest.h"

namespace millrace::server {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace

Result<void> read_listen(std::string_view text, ServerOptions& options) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return Error(ErrorCode::kInvalidOption, fmt::format("'{}' names no door", text))
        .at("--listen")
        .remedy("Write --listen kafka=127.0.0.1:9092, or --listen http=off.");
  }
  const std::string_view name = text.substr(0, equals);
  const std::string_view value = text.substr(equals + 1);
  const bool kafka = name == "kafka";
  if (!kafka && name != "http") {
    const std::vector<std::string_view> names = {"kafka", "http"};
    return Error(ErrorCode::kInvalidOption, fmt::format("there is no door '{}'", name))
        .at("--listen")
        .remedy(nearest_remedy(name, names));
  }
  if (kafka && !std::exchange(options.kafka_chosen, true)) options.kafka.clear();
  if (value == "off") {
    kafka ? options.kafka.clear() : options.http.reset();
    return {};
  }
  auto address = io::Address::parse(value);
  if (!address) return std::move(address).error().at("--listen");
  if (kafka) {
    options.kafka.push_back(*std::move(address));
  } else {
    options.http = *std::move(address);
  }
  return {};
}

Result<void> check_exposure(const ServerOptions& options) {
  if (options.insecure) return {};
  std::vector<io::Address> doors = options.kafka;
  if (options.http) doors.push_back(*options.http);
  for (const io::Address& door : doors) {
    if (is_loopback(door.host)) continue;
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("{} can be reached by others, and nobody has to say who he is",
                             door.to_string()))
        .at("--listen")
        .remedy("Listen at 127.0.0.1, or say --insecure if this is meant.");
  }
  return {};
}

}  // namespace millrace::server
