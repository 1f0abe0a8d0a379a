#include "cli/help_options.h"

#include <fmt/core.h>

#include <algorithm>
#include <string>

#include "cli/output.h"
#include "connectors/builtin.h"
#include "formats/builtin.h"
#include "traits/connector_traits.h"

namespace millrace::cli {
namespace {

using traits::OptionSpec;
using traits::OptionType;

std::string value_text(const OptionSpec& option) {
  switch (option.type) {
    case OptionType::kText:
      return "text";
    case OptionType::kBoolean:
      return "true, false";
    case OptionType::kInteger:
      return "integer";
    case OptionType::kReal:
      return "number";
    case OptionType::kDuration:
      return "duration";
    case OptionType::kBytes:
      return "bytes";
    case OptionType::kTimestamp:
      return "timestamp";
    case OptionType::kSecret:
      return "secret";
    case OptionType::kChoice:
      break;
  }
  std::string choices;
  for (const char c : option.choices) choices += c == '|' ? std::string(", ") : std::string(1, c);
  return choices;
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

void append_options(std::string& to, traits::OptionTable options) {
  if (options.empty()) return;
  to += "\n| option | value | default | description |\n|---|---|---|---|\n";
  for (const OptionSpec& option : options) {
    const std::string_view fallback = option.required ? "required" : option.default_value;
    to += fmt::format("| {} | {} | {} | {} |\n", option.name, cell(value_text(option)),
                      cell(fallback), cell(option.documentation));
  }
}

std::string_view sink_text(const traits::SinkTraits& sink) {
  if (sink.changes) return "changes of every kind";
  if (sink.upserts) return "appended rows, or with a PRIMARY KEY the newest row of a key";
  return sink.inserts ? "appended rows" : "";
}

std::string connector_text(const traits::ConnectorTraits& connector) {
  std::string text = fmt::format("{}\n\n", connector.summary);
  text += connector.source ? "Can be read.\n" : "Cannot be read.\n";
  const std::string_view takes = sink_text(connector.sink);
  text += takes.empty() ? "Cannot be written.\n" : fmt::format("Takes {}.\n", takes);
  if (connector.format == traits::FormatUse::kRequired) text += "Needs 'format'.\n";
  if (connector.format == traits::FormatUse::kOptional) {
    text += fmt::format("'format' is {} unless it says otherwise.\n", connector.default_format);
  }
  append_options(text, connector.options);
  if (connector.metadata.empty()) return text;
  text += "\n| metadata | type | written | description |\n|---|---|---|---|\n";
  for (const traits::MetadataColumn& column : connector.metadata) {
    text += fmt::format("| {} | {} | {} | {} |\n", column.key, column.type.to_string(),
                        column.writable ? "yes" : "no", column.documentation);
  }
  return text;
}

std::string format_text(const traits::FormatTraits& format) {
  std::string text = fmt::format("{}\n\n", format.summary);
  text += format.decodes ? "Can be read.\n" : "Cannot be read.\n";
  text += format.encodes ? "Can be written.\n" : "Cannot be written.\n";
  if (!format.records) text += "For files only.\n";
  append_options(text, format.options);
  return text;
}

template <class Things>
std::string summaries(const Things& things) {
  std::string text;
  for (const auto& thing : things.all()) {
    text += fmt::format("{:<12}{}\n", thing->traits().name, thing->traits().summary);
  }
  return text;
}

}  // namespace

std::optional<ExitCode> explain_options(std::string_view word) {
  std::string text;
  if (word == "connectors") {
    text = summaries(connectors::builtin_connectors());
  } else if (word == "formats") {
    text = summaries(formats::builtin_formats());
  } else if (word == "table") {
    text = "Options that every table has, whatever its connector.\n";
    append_options(text, traits::table_options());
  } else if (const auto connector = connectors::builtin_connectors().find(word)) {
    text = connector_text((*connector)->traits());
  } else {
    const formats::Formats formats = formats::builtin_formats();
    const auto format = formats.find(word);
    if (!format) return std::nullopt;
    text = format_text((*format)->traits());
  }
  write_out(text);
  return ExitCode::kOk;
}

std::vector<std::string> explained_options() {
  std::vector<std::string> names = {"connectors", "formats", "table"};
  const connectors::Connectors connectors = connectors::builtin_connectors();
  for (const auto* connector : connectors.all()) names.emplace_back(connector->traits().name);
  const formats::Formats formats = formats::builtin_formats();
  for (const auto& format : formats.all()) names.emplace_back(format->traits().name);
  return names;
}

}  // namespace millrace::cli
