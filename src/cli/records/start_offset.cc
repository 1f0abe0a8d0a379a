#include "cli/records/start_offset.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "data/datetime_text.h"

namespace millrace::cli {
namespace {

constexpr int64_t kUsPerMs = 1'000;

std::optional<int64_t> read_number(std::string_view text) {
  int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<int64_t> read_time_ms(std::string_view text) {
  if (const auto number = read_number(text)) return number;
  const auto time = data::parse_timestamp(text, data::TimeUnit::kUs);
  return time ? std::optional(time->value / kUsPerMs) : std::nullopt;
}

}  // namespace

int64_t StartOffset::in(int64_t start, int64_t end) const {
  return std::clamp(kind == Kind::kFromEnd ? end - std::min(number, end) : number, start, end);
}

Result<StartOffset> parse_start_offset(std::string_view text) {
  using enum StartOffset::Kind;
  if (text == "start" || text == "beginning" || text == "earliest") return StartOffset{kNumber, 0};
  if (text == "end" || text == "latest") return StartOffset{kFromEnd, 0};
  if (text.starts_with('@')) {
    if (const auto time = read_time_ms(text.substr(1))) return StartOffset{kTime, *time};
  } else if (const auto number = read_number(text)) {
    if (!text.starts_with('-')) return StartOffset{kNumber, *number};
    return StartOffset{kFromEnd, *number == std::numeric_limits<int64_t>::min() ? 0 : -*number};
  }
  return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no offset", text))
      .at("--offset")
      .remedy(
          "Write start, end, a number, -N for the last N, or a time: @2024-02-29, "
          "@'2024-02-29 23:56:05', @1709251200000.");
}

}  // namespace millrace::cli
