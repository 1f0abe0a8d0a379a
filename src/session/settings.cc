#include "session/settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/nearest.h"

namespace millrace::session {
namespace {

struct Setting {
  std::string_view name;
  std::string_view fallback;
  std::string_view takes;  // "a|b", or what a number is
  int64_t min = 0;         // of a number
  int64_t max = 0;         // 0: no number
  std::string_view documentation;
};

constexpr auto kSettings = std::to_array<Setting>({
    {"batch.rows", "4096", "a number of rows", 1, 4096, "Rows of a batch at the most."},
    {"epoch.interval", "200 ms", "a duration such as '200 ms'", 0, 0, "How often a job commits."},
    {"job.name", "", "", 0, 0, "Names the next jobs; else the statement does."},
    {"optimizer", "on", "on|off", 0, 0, "Optional rules of the planner."},
    {"parallelism", "", "a number of shards", 1, 4096, "Shards of a job; by default the cores."},
    {"sql.dialect", "default", "default|flink", 0, 0, "Whose arithmetic holds."},
    {"timezone", "UTC", "UTC", 0, 0, "The session's zone."},
    {"delivery", "exactly-once", "exactly-once", 0, 0, "What outputs promise."},
});

const Setting* find(std::string_view key) {
  const auto found = std::ranges::find(kSettings, key, &Setting::name);
  return found == kSettings.end() ? nullptr : &*found;
}

Error unknown(std::string_view key) {
  std::vector<std::string_view> names;
  for (const Setting& setting : kSettings) names.push_back(setting.name);
  return Error(ErrorCode::kUnknownSetting, fmt::format("there is no setting '{}'", key))
      .remedy(nearest_remedy(key, names));
}

std::optional<int64_t> read_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "200 ms", "1 s", "1 min"; a bare number is of milliseconds.
std::optional<int64_t> read_duration_us(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = read_number(text.substr(0, digits));
  if (!number || *number <= 0) return std::nullopt;
  std::string_view unit = text.substr(digits);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  if (unit.empty() || unit == "ms") return *number * 1'000;
  if (unit == "s") return *number * 1'000'000;
  if (unit == "min") return *number * 60'000'000;
  return std::nullopt;
}

// The names that UTC goes by.
bool is_utc(std::string_view zone) {
  constexpr auto kNames = std::to_array<std::string_view>(
      {"utc", "etc/utc", "gmt", "etc/gmt", "z", "zulu", "universal", "0", "+00", "+00:00"});
  std::string lower(zone);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kNames, lower) != kNames.end();
}

bool accepts(const Setting& setting, std::string_view value) {
  if (setting.name == "timezone") return is_utc(value);
  if (setting.name == "epoch.interval") return read_duration_us(value).has_value();
  if (setting.max != 0) {
    const auto number = read_number(value);
    return number && *number >= setting.min && *number <= setting.max;
  }
  if (setting.takes.empty()) return true;
  std::string_view rest = setting.takes;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('|'), rest.size());
    if (rest.substr(0, end) == value) return true;
    rest.remove_prefix(std::min(rest.size(), end + 1));
  }
  return false;
}

}  // namespace

Result<void> Settings::set(std::string_view key, std::string_view value) {
  const Setting* setting = find(key);
  if (setting == nullptr) return unknown(key);
  if (!accepts(*setting, value)) {
    return Error(ErrorCode::kInvalidOptionValue,
                 fmt::format("'{}' is no value of setting '{}'", value, key))
        .remedy(setting->max != 0 ? fmt::format("It takes {} from {} to {}.", setting->takes,
                                                setting->min, setting->max)
                                  : fmt::format("It takes {}.", setting->takes));
  }
  written_[std::string(key)] = value;
  return {};
}

Result<void> Settings::reset(std::string_view key) {
  if (find(key) == nullptr) return unknown(key);
  const auto written = written_.find(key);
  if (written != written_.end()) written_.erase(written);
  return {};
}

std::string Settings::text(std::string_view key) const {
  const auto written = written_.find(key);
  return written != written_.end() ? written->second : std::string(find(key)->fallback);
}

Result<std::string> Settings::value(std::string_view key) const {
  if (find(key) == nullptr) return unknown(key);
  return text(key);
}

std::vector<Settings::Row> Settings::rows() const {
  std::vector<Row> rows;
  for (const Setting& setting : kSettings) {
    const bool cores = setting.name == "parallelism" && text(setting.name).empty();
    rows.push_back({std::string(setting.name),
                    cores ? std::to_string(parallelism_) : text(setting.name),
                    std::string(setting.documentation)});
  }
  return rows;
}

uint32_t Settings::parallelism() const {
  const auto number = read_number(text("parallelism"));
  return number ? static_cast<uint32_t>(*number) : parallelism_;
}

int64_t Settings::epoch_interval_us() const {
  return read_duration_us(text("epoch.interval")).value_or(200'000);
}

uint32_t Settings::batch_rows_max() const {
  return static_cast<uint32_t>(read_number(text("batch.rows")).value_or(4096));
}

plan::PlanOptions Settings::plan_options() const {
  return {
      .dialect = text("sql.dialect") == "flink" ? plan::Dialect::kFlink : plan::Dialect::kDefault,
      .optimize = text("optimizer") == "on"};
}

}  // namespace millrace::session
