#include "broker/settings/setting.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "base/nearest.h"

namespace millrace::broker {
namespace {

using enum SettingType;

constexpr size_t kValueBytesMax = 32'767;

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) return true;
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return false;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool in_bounds(const Setting& setting, double number) {
  return setting.max < setting.min || (setting.min <= number && number <= setting.max);
}

bool fits(const Setting& setting, std::string_view value) {
  const bool any = setting.choices.empty();
  switch (setting.type) {
    case kBoolean:
      return (value == "true" || value == "false") && (any || is_choice(setting.choices, value));
    case kString:
      return any || is_choice(setting.choices, value);
    case kList:
      return any || std::ranges::all_of(words_of(value), [&](std::string_view word) {
               return is_choice(setting.choices, word);
             });
    case kInt:
    case kLong: {
      const auto number = parse<int64_t>(value);
      return number && in_bounds(setting, static_cast<double>(*number));
    }
    case kDouble: {
      const auto number = parse<double>(value);
      return number && in_bounds(setting, *number);
    }
  }
  return false;
}

std::string expected(const Setting& setting) {
  if (!setting.choices.empty()) {
    return fmt::format("{} {}", setting.type == kList ? "a list of" : "one of", setting.choices);
  }
  if (setting.type == kBoolean) return "true or false";
  return fmt::format("a number of {:.17g} to {:.17g}", setting.min, setting.max);
}

}  // namespace

const Setting* find_setting(std::span<const Setting> table, std::string_view name) {
  const auto found = std::ranges::lower_bound(table, name, {}, &Setting::name);
  return found != table.end() && found->name == name ? &*found : nullptr;
}

Result<void> check_value(const Setting& setting, std::string_view value) {
  if (value.size() > kValueBytesMax) {
    return Error(ErrorCode::kInvalidOptionValue,
                 fmt::format("a value has at most {} bytes", kValueBytesMax))
        .at(std::string(setting.name));
  }
  if (fits(setting, value)) return {};
  return Error(ErrorCode::kInvalidOptionValue,
               fmt::format("'{}' is not {}", value, expected(setting)))
      .at(std::string(setting.name));
}

Result<void> check_setting(std::span<const Setting> table, std::string_view owner,
                           std::string_view name, std::string_view value) {
  if (const Setting* setting = find_setting(table, name)) return check_value(*setting, value);
  std::vector<std::string_view> names;
  for (const Setting& known : table) names.push_back(known.name);
  return Error(ErrorCode::kUnknownOption, fmt::format("{} has no setting '{}'", owner, name))
      .remedy(nearest_remedy(name, names));
}

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) words.push_back(word);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return words;
}

}  // namespace millrace::broker
