#include "traits/option.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include "base/nearest.h"

namespace millrace::traits {
namespace {

using Typed = std::variant<std::monostate, bool, int64_t, double>;

struct Unit {
  std::string_view name;
  double factor;
};

constexpr Unit kDurationUnits[] = {
    {"", 1e3},         {"us", 1},       {"µs", 1},        {"micros", 1},   {"ms", 1e3},
    {"milli", 1e3},    {"millis", 1e3}, {"s", 1e6},       {"sec", 1e6},    {"second", 1e6},
    {"seconds", 1e6},  {"m", 6e7},      {"min", 6e7},     {"minute", 6e7}, {"minutes", 6e7},
    {"h", 3.6e9},      {"hour", 3.6e9}, {"hours", 3.6e9}, {"d", 8.64e10},  {"day", 8.64e10},
    {"days", 8.64e10},
};

constexpr Unit kByteUnits[] = {
    {"", 1},          {"b", 1},
    {"bytes", 1},     {"k", 1024},
    {"kb", 1e3},      {"kib", 1024},
    {"m", 1048576},   {"mb", 1e6},
    {"mib", 1048576}, {"g", 1073741824},
    {"gb", 1e9},      {"gib", 1073741824},
    {"tb", 1e12},     {"tib", 1099511627776},
};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result) {
    if (letter >= 'A' && letter <= 'Z') letter += 'a' - 'A';
  }
  return result;
}

template <class T>
std::optional<T> read_number(std::string_view text) {
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int64_t> read_quantity(std::string_view text, std::span<const Unit> units) {
  const size_t digits = text.find_first_not_of("+-.0123456789");
  const std::optional<double> number = read_number<double>(trim(text.substr(0, digits)));
  if (!number) return std::nullopt;
  const std::string unit = digits == std::string_view::npos ? "" : lower(trim(text.substr(digits)));
  for (const Unit& known : units) {
    if (known.name != unit) continue;
    const double value = *number * known.factor;
    if (!(std::abs(value) < 9.2e18)) return std::nullopt;
    return std::llround(value);
  }
  return std::nullopt;
}

// Takes `digits` digits and then `after` (0: nothing) from the front.
std::optional<int> take_digits(std::string_view& text, size_t digits, char after) {
  if (text.size() < digits) return std::nullopt;
  const std::optional<int> value = read_number<int>(text.substr(0, digits));
  text.remove_prefix(digits);
  if (!value || *value < 0) return std::nullopt;
  if (after != 0) {
    if (text.empty() || text.front() != after) return std::nullopt;
    text.remove_prefix(1);
  }
  return value;
}

std::optional<int64_t> read_fraction_us(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() != '.' || text.size() < 2 || text.size() > 7) return std::nullopt;
  std::string digits(text.substr(1));
  if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  digits.resize(6, '0');
  return read_number<int64_t>(digits);
}

std::optional<int64_t> read_timestamp_us(std::string_view text) {
  const auto year = take_digits(text, 4, '-');
  const auto month = take_digits(text, 2, '-');
  const auto day = take_digits(text, 2, 0);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  if (text.empty()) return days * 86'400'000'000;
  if (text.front() != ' ' && text.front() != 'T') return std::nullopt;
  text.remove_prefix(1);
  const auto hour = take_digits(text, 2, ':');
  const auto minute = take_digits(text, 2, ':');
  const auto second = take_digits(text, 2, 0);
  if (!text.empty() && text.back() == 'Z') text.remove_suffix(1);
  const auto fraction = read_fraction_us(text);
  if (!hour || !minute || !second || !fraction) return std::nullopt;
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return ((days * 24 + *hour) * 60 + *minute) * 60'000'000 + *second * 1'000'000LL + *fraction;
}

std::string number_text(double value) {
  std::string text = std::to_string(static_cast<int64_t>(value));
  return static_cast<double>(static_cast<int64_t>(value)) == value ? text : std::to_string(value);
}

std::string range_text(const OptionSpec& option, std::string what) {
  const bool low = std::isfinite(option.min);
  const bool high = std::isfinite(option.max);
  if (low && high) {
    return what + " between " + number_text(option.min) + " and " + number_text(option.max);
  }
  if (low) return what + ", " + number_text(option.min) + " or more";
  if (high) return what + ", " + number_text(option.max) + " or less";
  return what;
}

std::string expected_text(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::kText:
    case OptionType::kSecret:
      return "a text";
    case OptionType::kBoolean:
      return "'true' or 'false'";
    case OptionType::kInteger:
      return range_text(option, "a whole number");
    case OptionType::kReal:
      return range_text(option, "a number");
    case OptionType::kDuration:
      return "a duration such as '5 s', '200 ms' or '1 min'";
    case OptionType::kBytes:
      return "a size such as '64 KiB', '1 MB' or '512'";
    case OptionType::kTimestamp:
      return "a time such as '2024-02-29 23:56:05'";
    case OptionType::kChoice:
      break;
  }
  std::string text = "one of '";
  for (const char letter : option.choices) {
    if (letter == '|') {
      text += "', '";
    } else {
      text += letter;
    }
  }
  return text + "'";
}

bool is_choice(std::string_view choices, std::string_view value) {
  while (!choices.empty()) {
    const size_t end = choices.find('|');
    if (choices.substr(0, end) == value) return true;
    choices = end == std::string_view::npos ? "" : choices.substr(end + 1);
  }
  return false;
}

bool in_range(const OptionSpec& option, double value) {
  return value >= option.min && value <= option.max;
}

template <class T>
std::optional<Typed> as_typed(const OptionSpec& option, const std::optional<T>& value) {
  if (!value || !in_range(option, static_cast<double>(*value))) return std::nullopt;
  return Typed(*value);
}

std::optional<Typed> read_typed(const OptionSpec& option, std::string_view value) {
  switch (option.type) {
    case OptionType::kText:
    case OptionType::kSecret:
      return Typed();
    case OptionType::kBoolean:
      if (lower(value) == "true") return Typed(true);
      if (lower(value) == "false") return Typed(false);
      return std::nullopt;
    case OptionType::kInteger:
      return as_typed(option, read_number<int64_t>(value));
    case OptionType::kReal:
      return as_typed(option, read_number<double>(value));
    case OptionType::kDuration:
      return as_typed(option, read_quantity(value, kDurationUnits));
    case OptionType::kBytes:
      return as_typed(option, read_quantity(value, kByteUnits));
    case OptionType::kTimestamp:
      return as_typed(option, read_timestamp_us(value));
    case OptionType::kChoice:
      if (is_choice(option.choices, value)) return Typed();
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_family(const OptionSpec& option) {
  return option.name.ends_with(".*");
}

bool fits(const OptionSpec& option, std::string_view name) {
  if (!is_family(option)) return option.name == name;
  const std::string_view prefix = option.name.substr(0, option.name.size() - 1);
  return name.size() > prefix.size() && name.starts_with(prefix);
}

const OptionSpec* find_option(std::span<const OptionTable> tables, std::string_view name) {
  for (const OptionTable& table : tables) {
    for (const OptionSpec& option : table) {
      if (fits(option, name)) return &option;
    }
  }
  return nullptr;
}

Error unknown_option(std::span<const OptionTable> tables, const WrittenOption& option,
                     std::string_view subject) {
  std::vector<std::string_view> names;
  for (const OptionTable& table : tables) {
    for (const OptionSpec& known : table) names.push_back(known.name);
  }
  return Error(ErrorCode::kUnknownOption,
               std::string(subject) + " has no option '" + option.name + "'")
      .at(option.name_place)
      .remedy(nearest_remedy(option.name, names));
}

}  // namespace

Result<Typed> read_option_value(const OptionSpec& option, std::string_view value) {
  std::optional<Typed> typed = read_typed(option, trim(value));
  const char* expected = typed && option.check != nullptr ? option.check(value) : nullptr;
  if (typed && expected == nullptr) return *std::move(typed);
  const std::string shown =
      option.type == OptionType::kSecret ? "the value" : "'" + std::string(value) + "'";
  return Error(ErrorCode::kInvalidOptionValue,
               "option '" + std::string(option.name) + "' takes " +
                   (expected != nullptr ? expected : expected_text(option)) + ", not " + shown);
}

Result<Options> Options::parse(std::span<const OptionTable> tables,
                               std::span<const WrittenOption> written, std::string_view subject,
                               std::string_view place) {
  Options options;
  for (const OptionTable& table : tables) {
    for (const OptionSpec& option : table) {
      if (is_family(option)) continue;
      Entry& entry = options.entries_[std::string(option.name)];
      entry.type = option.type;
      if (option.default_value.empty()) continue;
      const auto typed = read_typed(option, option.default_value);
      MILLRACE_ASSERT(typed.has_value());
      entry.present = true;
      entry.text = option.default_value;
      entry.typed = *typed;
    }
  }
  for (const WrittenOption& option : written) {
    const OptionSpec* known = find_option(tables, option.name);
    if (known == nullptr) return unknown_option(tables, option, subject);
    Entry& entry = options.entries_[option.name];
    if (entry.written) {
      return Error(ErrorCode::kInvalidOptionValue, "option '" + option.name + "' is given twice")
          .at(option.name_place);
    }
    auto typed = read_option_value(*known, option.value);
    if (!typed) return std::move(typed).error().at(option.value_place);
    entry = {known->type, true, true, option.value, *std::move(typed)};
  }
  for (const OptionTable& table : tables) {
    for (const OptionSpec& option : table) {
      if (!option.required || is_family(option) || options.has(option.name)) continue;
      return Error(ErrorCode::kMissingOption,
                   std::string(subject) + " needs option '" + std::string(option.name) + "'")
          .at(std::string(place))
          .remedy("Add '" + std::string(option.name) +
                  "' = '…' to WITH: " + std::string(option.documentation));
    }
  }
  return options;
}

bool Options::has(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.present;
}

bool Options::written(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.written;
}

const std::string& Options::text(std::string_view name) const {
  const auto found = entries_.find(name);
  MILLRACE_ASSERT(found != entries_.end());
  return found->second.text;
}

const Options::Entry& Options::entry(std::string_view name, OptionType type) const {
  const auto found = entries_.find(name);
  MILLRACE_ASSERT(found != entries_.end() && found->second.present && found->second.type == type);
  return found->second;
}

bool Options::boolean(std::string_view name) const {
  return std::get<bool>(entry(name, OptionType::kBoolean).typed);
}
int64_t Options::integer(std::string_view name) const {
  return std::get<int64_t>(entry(name, OptionType::kInteger).typed);
}
double Options::real(std::string_view name) const {
  return std::get<double>(entry(name, OptionType::kReal).typed);
}
int64_t Options::duration_us(std::string_view name) const {
  return std::get<int64_t>(entry(name, OptionType::kDuration).typed);
}
int64_t Options::bytes(std::string_view name) const {
  return std::get<int64_t>(entry(name, OptionType::kBytes).typed);
}
int64_t Options::timestamp_us(std::string_view name) const {
  return std::get<int64_t>(entry(name, OptionType::kTimestamp).typed);
}

std::map<std::string, std::string> Options::family(std::string_view prefix) const {
  std::map<std::string, std::string> result;
  for (const auto& [name, entry] : entries_) {
    if (entry.written && name.starts_with(prefix)) result.emplace(name, entry.text);
  }
  return result;
}

std::map<std::string, std::string> Options::all_written() const {
  return family("");
}

}  // namespace millrace::traits
