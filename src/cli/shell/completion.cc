#include "cli/shell/completion.h"

#include <algorithm>
#include <array>
#include <set>

#include "cli/shell/completion_words.h"
#include "cli/shell/option_completion.h"
#include "cli/shell/statement_scan.h"

namespace millrace::cli {
namespace {

using Token = StatementScan::Token;
using Tail = StatementScan::Tail;

constexpr std::array<const char*, 10> kBeforeTables = {
    "FROM", "JOIN", "INTO", "TABLE", "DESCRIBE", "DESC", "VIEW", "UPDATE", "LIKE", "EXISTS"};
constexpr std::array<const char*, 13> kClauses = {"SELECT", "FROM",   "JOIN", "WHERE", "GROUP",
                                                  "ORDER",  "HAVING", "ON",   "SET",   "VALUES",
                                                  "EMIT",   "INTO",   "LIMIT"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), lower);
  return text;
}

bool begins(std::string_view word, std::string_view begun) {
  return word.size() >= begun.size() &&
         std::ranges::equal(word.substr(0, begun.size()), begun, {}, lower, lower);
}

template <class Words>
bool is_any(const Token& token, const Words& words) {
  return std::ranges::any_of(words, [&](const char* word) { return token.is(word); });
}

// Whether the end is where a table stands: behind FROM, or a comma of its list.
bool wants_table(const StatementScan& scan) {
  if (is_any(scan.last(), kBeforeTables)) return true;
  if (!scan.last().is(",")) return false;
  int closed = 0;
  for (size_t n = 0; n < scan.tokens.size(); ++n) {
    const Token& token = scan.last(n);
    if (token.is(")")) ++closed;
    if (token.is("(") && closed-- == 0) return false;
    if (closed == 0 && is_any(token, kClauses)) return token.is("FROM") || token.is("JOIN");
  }
  return false;
}

// "t", "sys.errors": the name that ends with the n-th token from the end.
std::string name_before(const std::vector<Token>& tokens, size_t end) {
  std::string name = tokens[end].text;
  while (end >= 2 && tokens[end - 1].is(".") && tokens[end - 2].kind == Token::Kind::kWord) {
    end -= 2;
    name.insert(0, tokens[end].text + ".");
  }
  return name;
}

struct Mention {
  std::string table;
  std::string alias;
};

// The tables that a statement names, with what it calls them.
std::vector<Mention> mentions(const std::vector<Token>& tokens, NameSource& names) {
  const std::vector<std::string> tables = names.tables();
  std::vector<Mention> found;
  for (size_t at = 0; at < tokens.size(); ++at) {
    if (tokens[at].kind != Token::Kind::kWord) continue;
    const std::string name = lowered(name_before(tokens, at));
    const auto table = std::ranges::find(tables, name, lowered);
    if (table == tables.end()) continue;
    const size_t next = at + 1 < tokens.size() && tokens[at + 1].is("AS") ? at + 2 : at + 1;
    const bool alias = next < tokens.size() && tokens[next].kind == Token::Kind::kWord;
    found.push_back({*table, alias ? tokens[next].text : ""});
  }
  return found;
}

std::vector<std::string> with_end(std::vector<std::string> words, std::string_view end) {
  for (std::string& word : words) word += end;
  return words;
}

void append(std::vector<std::string>& to, std::vector<std::string> more) {
  to.insert(to.end(), std::move_iterator(more.begin()), std::move_iterator(more.end()));
}

// Behind "x.": columns of x, or what stands in schema x.
Completion complete_member(const StatementScan& scan, const std::vector<Token>& all,
                           NameSource& names) {
  const std::string owner = lowered(name_before(scan.tokens, scan.tokens.size() - 2));
  std::vector<std::string> words;
  for (const Mention& mention : mentions(all, names)) {
    if (lowered(mention.table) == owner || lowered(mention.alias) == owner) {
      append(words, names.columns(mention.table));
    }
  }
  for (const std::string& table : names.tables()) {
    if (begins(table, owner + ".")) words.push_back(table.substr(owner.size() + 1));
  }
  return matching(scan.begun, with_end(std::move(words), " "));
}

bool is_small(std::string_view begun) {
  return !begun.empty() && begun.back() >= 'a' && begun.back() <= 'z';
}

// In the case in which they were begun, with a blank unless a bracket is open.
template <class Words>
std::vector<std::string> keywords(std::string_view begun, const Words& written) {
  const bool small = is_small(begun);
  std::vector<std::string> words;
  for (const char* const written_word : written) {
    const std::string word = written_word;
    const bool open = word.ends_with('(') || word.ends_with('<');
    words.push_back((small ? lowered(word) : word) + (open ? "" : " "));
  }
  return words;
}

Completion complete_expression(const StatementScan& scan, const std::vector<Token>& all,
                               NameSource& names) {
  std::vector<std::string> words;
  for (const Mention& mention : mentions(all, names)) {
    append(words, with_end(names.columns(mention.table), " "));
  }
  // Where nothing is begun, only what is near.
  if (scan.begun.empty()) return matching("", words);
  append(words, keywords(scan.begun, kWords));
  std::vector<std::string> functions = with_end(names.functions(), "(");
  if (is_small(scan.begun)) std::ranges::transform(functions, functions.begin(), lowered);
  append(words, std::move(functions));
  return matching(scan.begun, words);
}

Completion complete_setting(const StatementScan& scan, NameSource& names) {
  const bool in_text = scan.tail == Tail::kText;
  Completion found = matching(scan.begun, names.settings());
  for (std::string& word : found.words) {
    if (!in_text) word.insert(0, 1, '\'');
    word += scan.last().is("SET") ? "' = '" : "'";
  }
  if (!in_text && scan.last().is("SHOW")) {
    append(found.words, matching(scan.begun, keywords(scan.begun, kShownWords)).words);
  }
  return found;
}

}  // namespace

Completion matching(std::string_view begun, const std::vector<std::string>& candidates) {
  std::set<std::string> found;
  for (const std::string& word : candidates) {
    if (begins(word, begun)) found.insert(word);
  }
  return {begun.size(), {found.begin(), found.end()}};
}

Completion complete_statement(std::string_view before, std::string_view after, NameSource& names) {
  const StatementScan scan = scan_statement(before);
  if (scan.tail == Tail::kComment) return {};
  if (auto option = complete_option(scan)) return *std::move(option);
  const bool setting = scan.tokens.size() == 1 &&
                       (scan.last().is("SET") || scan.last().is("RESET") || scan.last().is("SHOW"));
  if (setting) return complete_setting(scan, names);
  if (scan.tail == Tail::kText) return {};
  if (scan.tokens.empty() || (scan.tokens.size() == 1 && scan.last().is("EXPLAIN"))) {
    return matching(scan.begun, keywords(scan.begun, kFirstWords));
  }
  std::vector<Token> all = scan.tokens;
  const StatementScan behind = scan_statement(std::string(after) + " ");
  all.insert(all.end(), behind.tokens.begin(), behind.tokens.end());
  if (scan.last().is(".") && scan.tokens.size() > 1) return complete_member(scan, all, names);
  if (!wants_table(scan)) return complete_expression(scan, all, names);
  std::vector<std::string> words = with_end(names.tables(), " ");
  if (scan.last().is("TABLE") || scan.last().is("EXISTS") || scan.last().is("VIEW")) {
    append(words, keywords(scan.begun, std::array{"IF NOT EXISTS", "IF EXISTS"}));
  }
  return matching(scan.begun, words);
}

}  // namespace millrace::cli
