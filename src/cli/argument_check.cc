#include "cli/argument_check.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>

namespace millrace::cli {

CLI::Validator whole_number(int64_t min) {
  const auto check = [min](const std::string& text) -> std::string {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && number >= min) return {};
    return fmt::format("'{}' is no whole number from {} on", text, min);
  };
  return {check, ""};
}

void take_one(CLI::Option* option) {
  option->expected(1)->allow_extra_args(false)->take_all();
}

}  // namespace millrace::cli
