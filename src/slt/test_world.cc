#include "slt/test_world.h"

#include <fmt/core.h>

#include <charconv>

#include "io/file_system.h"

namespace millrace::slt {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

Result<void> apply(TestWorld& world, std::string_view key, std::string_view value,
                   std::string place) {
  if (key == "workers") {
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), world.workers);
    if (error == std::errc() && end == value.data() + value.size() && world.workers > 0) return {};
    return Error(ErrorCode::kInvalidOptionValue, fmt::format("'{}' is no number of workers", value))
        .at(std::move(place));
  }
  if (key == "crash") {
    if (value != "barriers" && value != "pushes") {
      return Error(ErrorCode::kInvalidOptionValue, fmt::format("'{}' is no place to crash", value))
          .at(std::move(place))
          .remedy("Write crash = barriers, or crash = pushes for more of them.");
    }
    world.crash_at_barriers = true;
    world.crash_at_pushes = value == "pushes";
    return {};
  }
  world.settings.emplace_back(key, value);
  return {};
}

}  // namespace

Result<TestWorld> parse_world(std::string_view text, std::string_view file_name) {
  TestWorld world;
  world.name = io::file_name(file_name);
  if (world.name.ends_with(".world")) world.name.resize(world.name.size() - 6);
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    std::string place = fmt::format("{}:{}", file_name, number);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
      return Error(ErrorCode::kSyntaxError, fmt::format("'{}' sets nothing", line))
          .at(std::move(place))
          .remedy("A line of a world is name = value.");
    }
    MILLRACE_TRY(apply(world, trim(line.substr(0, equals)), trim(line.substr(equals + 1)), place));
  }
  return world;
}

}  // namespace millrace::slt
