#include "connectors/datagen/field_options.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/nearest.h"
#include "traits/option.h"

namespace millrace::connectors {
namespace {

std::string name_of(const std::string& field, const std::string& option) {
  return fmt::format("fields.{}.{}", field, option);
}

}  // namespace

void FieldOptions::declare(const std::string& field) {
  for (const char* option :
       {"kind", "min", "max", "start", "end", "length", "var-len", "max-past", "null-rate"}) {
    declared_.push_back(name_of(field, option));
  }
}

std::optional<std::string> FieldOptions::take(const std::string& field, const std::string& option) {
  taken_.insert(name_of(field, option));
  const auto found = written_.find(name_of(field, option));
  if (found == written_.end()) return std::nullopt;
  return found->second;
}

Error FieldOptions::invalid(const std::string& field, const std::string& option,
                            const std::string& value, const std::string& expected) {
  return Error(
      ErrorCode::kInvalidOptionValue,
      fmt::format("option '{}' is '{}', but must be {}", name_of(field, option), value, expected));
}

Result<double> FieldOptions::take_share(const std::string& field, const std::string& option) {
  const auto value = take(field, option);
  if (!value) return 0.0;
  const traits::OptionSpec spec{
      .name = option, .type = traits::OptionType::kReal, .min = 0, .max = 1};
  const auto read = traits::read_option_value(spec, *value);
  if (!read) return invalid(field, option, *value, "a number from 0 to 1");
  return std::get<double>(*read);
}

Result<int64_t> FieldOptions::take_count(const std::string& field, const std::string& option,
                                         int64_t fallback, int64_t max) {
  const auto value = take(field, option);
  if (!value) return fallback;
  const traits::OptionSpec spec{.name = option,
                                .type = traits::OptionType::kInteger,
                                .min = 0,
                                .max = static_cast<double>(max)};
  const auto read = traits::read_option_value(spec, *value);
  if (!read) return invalid(field, option, *value, fmt::format("a number from 0 to {}", max));
  return std::get<int64_t>(*read);
}

Result<int64_t> FieldOptions::take_duration_us(const std::string& field,
                                               const std::string& option) {
  const auto value = take(field, option);
  if (!value) return int64_t{0};
  const traits::OptionSpec spec{.name = option, .type = traits::OptionType::kDuration, .min = 0};
  const auto read = traits::read_option_value(spec, *value);
  if (!read) return invalid(field, option, *value, "a duration such as '5 s' or '1 d'");
  return std::get<int64_t>(*read);
}

Result<bool> FieldOptions::take_boolean(const std::string& field, const std::string& option) {
  const auto value = take(field, option);
  if (!value) return false;
  if (*value != "true" && *value != "false") return invalid(field, option, *value, "true or false");
  return *value == "true";
}

Result<void> FieldOptions::all_taken() const {
  for (const auto& [name, value] : written_) {
    if (std::ranges::find(declared_, name) != declared_.end()) continue;
    const std::vector<std::string_view> known(declared_.begin(), declared_.end());
    std::string remedy(nearest_remedy(name, known));
    if (remedy.empty()) remedy = "The options of a field are 'fields.<column>.<option>'.";
    return Error(ErrorCode::kUnknownOption, fmt::format("there is no option '{}'", name))
        .remedy(remedy);
  }
  for (const auto& [name, value] : written_) {
    if (taken_.contains(name)) continue;
    return Error(ErrorCode::kInvalidOptionValue,
                 fmt::format("option '{}' means nothing for this type and kind of field", name))
        .remedy("Remove it, or set 'fields.<column>.kind'.");
  }
  return {};
}

}  // namespace millrace::connectors
