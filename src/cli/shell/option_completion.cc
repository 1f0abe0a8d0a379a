#include "cli/shell/option_completion.h"

#include <algorithm>
#include <map>

#include "cli/shell/completion.h"
#include "connectors/builtin.h"
#include "formats/builtin.h"
#include "traits/connector_traits.h"

namespace millrace::cli {
namespace {

using Token = StatementScan::Token;
using Written = std::map<std::string, std::string>;

// The first token inside of the WITH ( that is still open.
std::optional<size_t> open_with(const std::vector<Token>& tokens) {
  int closed = 0;
  for (size_t at = tokens.size(); at > 0; --at) {
    if (tokens[at - 1].is(")")) ++closed;
    if (!tokens[at - 1].is("(")) continue;
    if (closed-- > 0) continue;
    const bool with = at > 1 && tokens[at - 2].is("WITH");
    return with ? std::optional(at) : std::nullopt;
  }
  return std::nullopt;
}

Written written_options(const std::vector<Token>& tokens, size_t from) {
  Written options;
  for (size_t at = from; at + 2 < tokens.size(); ++at) {
    const bool texts = tokens[at].kind == Token::Kind::kText &&
                       tokens[at + 2].kind == Token::Kind::kText && tokens[at + 1].is("=");
    if (texts) options[tokens[at].text] = tokens[at + 2].text;
  }
  return options;
}

std::vector<traits::OptionTable> tables_for(const Written& written) {
  std::vector<traits::OptionTable> tables = {traits::table_options()};
  const auto chosen = [&](const char* name, std::string_view candidate) {
    const auto found = written.find(name);
    return found == written.end() || found->second == candidate;
  };
  const connectors::Connectors connectors = connectors::builtin_connectors();
  for (const auto* connector : connectors.all()) {
    if (chosen("connector", connector->traits().name)) {
      tables.push_back(connector->traits().options);
    }
  }
  const formats::Formats formats = formats::builtin_formats();
  for (const auto& format : formats.all()) {
    if (chosen("format", format->traits().name)) tables.push_back(format->traits().options);
  }
  return tables;
}

std::vector<std::string> values_of(const std::string& option, const Written& written) {
  std::vector<std::string> values;
  if (option == "connector") {
    const connectors::Connectors connectors = connectors::builtin_connectors();
    for (const auto* connector : connectors.all()) values.emplace_back(connector->traits().name);
  }
  if (option == "format") {
    const formats::Formats formats = formats::builtin_formats();
    for (const auto& format : formats.all()) values.emplace_back(format->traits().name);
  }
  for (const traits::OptionTable table : tables_for(written)) {
    for (const traits::OptionSpec& spec : table) {
      if (spec.name != option) continue;
      if (spec.type == traits::OptionType::kBoolean) values.insert(values.end(), {"true", "false"});
      for (std::string_view rest = spec.choices; !rest.empty();) {
        const size_t end = std::min(rest.find('|'), rest.size());
        values.emplace_back(rest.substr(0, end));
        rest.remove_prefix(std::min(rest.size(), end + 1));
      }
    }
  }
  return values;
}

std::vector<std::string> names_for(const Written& written) {
  std::vector<std::string> names;
  for (const char* name : {"connector", "format"}) {
    if (!written.contains(name)) names.emplace_back(name);
  }
  for (const traits::OptionTable table : tables_for(written)) {
    for (const traits::OptionSpec& spec : table) {
      const bool family = spec.name.ends_with('*');
      const std::string name(family ? spec.name.substr(0, spec.name.size() - 1) : spec.name);
      if (!written.contains(name)) names.push_back(name);
    }
  }
  return names;
}

}  // namespace

std::optional<Completion> complete_option(const StatementScan& scan) {
  const auto from = open_with(scan.tokens);
  if (!from) return std::nullopt;
  const bool in_text = scan.tail == StatementScan::Tail::kText;
  const Written written = written_options(scan.tokens, *from);
  const bool value = scan.last().is("=");
  const bool name = scan.last().is("(") || scan.last().is(",");
  if (!value && !name) return Completion{};
  Completion found =
      matching(scan.begun, value ? values_of(scan.last(1).text, written) : names_for(written));
  for (std::string& word : found.words) {
    const bool family = word.ends_with('.');
    if (!in_text) word.insert(0, 1, '\'');
    if (!family) word += value ? "'" : "' = '";
  }
  return found;
}

}  // namespace millrace::cli
