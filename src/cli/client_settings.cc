#include "cli/client_settings.h"

#include <fmt/core.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace millrace::cli {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Result<std::string> resolved(io::FileSystem& files, std::string_view reference,
                             const std::string& place) {
  const size_t colon = reference.find(':');
  const std::string_view kind = reference.substr(0, colon);
  const std::string name(colon == reference.npos ? "" : reference.substr(colon + 1));
  if (kind == "env") {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr) return std::string(value);
    return Error(ErrorCode::kInvalidOption, fmt::format("${{env:{}}} is not set", name)).at(place);
  }
  if (kind == "file") {
    const Buffer content = MILLRACE_TRY(io::read_file(files, name));
    std::string value(content.view());
    while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
    return value;
  }
  return Error(ErrorCode::kInvalidOption, fmt::format("${{{}}} stands for nothing", reference))
      .at(place)
      .remedy("Known are ${env:NAME} and ${file:PATH}.");
}

Result<std::string> expanded(io::FileSystem& files, std::string_view value,
                             const std::string& place) {
  std::string text;
  for (;;) {
    const size_t begin = value.find("${");
    const size_t end = begin == value.npos ? value.npos : value.find('}', begin);
    if (end == value.npos) return text.append(value);
    text += value.substr(0, begin);
    text += MILLRACE_TRY(resolved(files, value.substr(begin + 2, end - begin - 2), place));
    value.remove_prefix(end + 1);
  }
}

bool is_secret(std::string_view name) {
  return name.ends_with("password") || name.ends_with("secret") || name.ends_with(".pem");
}

Result<void> add(io::FileSystem& files, std::string_view line, const std::string& place,
                 bool in_sight, ClientSettings& settings) {
  const size_t equals = line.find('=');
  if (equals == line.npos) {
    return Error(ErrorCode::kInvalidOption, fmt::format("'{}' gives no value", line))
        .at(place)
        .remedy("Write name=value, as security.protocol=SSL.");
  }
  const std::string name(trimmed(line.substr(0, equals)));
  const std::string_view value = trimmed(line.substr(equals + 1));
  if (in_sight && is_secret(name) && !value.starts_with("${")) {
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("'{}' on the command line is seen by everybody on this machine", name))
        .at(place)
        .remedy(fmt::format("Write -X '{}=${{env:NAME}}', ${{file:PATH}}, or put it into a file "
                            "that --client-config names.",
                            name));
  }
  settings.emplace_back(name, MILLRACE_TRY(expanded(files, value, place)));
  return {};
}

}  // namespace

Result<ClientSettings> read_client_settings(io::FileSystem& files, const TargetOptions& options) {
  ClientSettings settings;
  if (!options.client_config.empty()) {
    const Buffer content = MILLRACE_TRY(io::read_file(files, options.client_config));
    std::string_view rest = content.view();
    for (int number = 1; !rest.empty(); ++number) {
      const std::string_view line = trimmed(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(std::min(rest.size(), rest.substr(0, rest.find('\n')).size() + 1));
      if (line.empty() || line.starts_with('#')) continue;
      const std::string place = fmt::format("{}:{}", options.client_config, number);
      MILLRACE_TRY(add(files, line, place, false, settings));
    }
  }
  for (const std::string& setting : options.settings) {
    MILLRACE_TRY(add(files, setting, "-X", true, settings));
  }
  return settings;
}

}  // namespace millrace::cli
