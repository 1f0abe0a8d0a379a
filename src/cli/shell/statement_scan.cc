#include "cli/shell/statement_scan.h"

#include <algorithm>

namespace millrace::cli {
namespace {

using Token = StatementScan::Token;
using Tail = StatementScan::Tail;

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || (c & 0x80) != 0;
}

char upper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  StatementScan run() {
    while (!rest_.empty() && scan_.tail == Tail::kNothing) step();
    return std::move(scan_);
  }

 private:
  void step() {
    const char first = rest_.front();
    if (rest_.starts_with("--")) {
      skip_past("\n", 2);
    } else if (rest_.starts_with("/*")) {
      skip_past("*/", 2);
    } else if (first == '\'' || first == '"' || first == '`') {
      quoted(first);
    } else if (in_word(first)) {
      word();
    } else {
      if (first > ' ') scan_.tokens.push_back({Token::Kind::kSymbol, std::string(1, first)});
      rest_.remove_prefix(1);
    }
  }

  void skip_past(std::string_view end, size_t from) {
    const size_t found = rest_.find(end, from);
    if (found == rest_.npos) scan_.tail = Tail::kComment;
    rest_.remove_prefix(found == rest_.npos ? rest_.size() : found + end.size());
  }

  void quoted(char quote) {
    std::string text;
    for (size_t at = 1; at < rest_.size(); ++at) {
      const bool doubled = at + 1 < rest_.size() && rest_[at + 1] == quote;
      if (rest_[at] == quote && !doubled) {
        scan_.tokens.push_back(
            {quote == '\'' ? Token::Kind::kText : Token::Kind::kWord, std::move(text)});
        rest_.remove_prefix(at + 1);
        return;
      }
      if (rest_[at] == quote) ++at;
      text += rest_[at];
    }
    // A quoted name is left alone.
    scan_.tail = quote == '\'' ? Tail::kText : Tail::kComment;
    scan_.begun = std::move(text);
    rest_ = {};
  }

  void word() {
    const auto end = std::ranges::find_if_not(rest_, in_word);
    const auto bytes = static_cast<size_t>(end - rest_.begin());
    if (bytes == rest_.size()) {
      scan_.tail = Tail::kWord;
      scan_.begun = rest_;
    } else {
      scan_.tokens.push_back({Token::Kind::kWord, std::string(rest_.substr(0, bytes))});
    }
    rest_.remove_prefix(bytes);
  }

  std::string_view rest_;
  StatementScan scan_;
};

}  // namespace

bool StatementScan::Token::is(std::string_view word) const {
  return kind != Kind::kText && std::ranges::equal(text, word, {}, upper, upper);
}

const StatementScan::Token& StatementScan::last(size_t n) const {
  static const Token kNone{Token::Kind::kSymbol, ""};
  return n < tokens.size() ? tokens[tokens.size() - 1 - n] : kNone;
}

StatementScan scan_statement(std::string_view text) {
  return Scanner(text).run();
}

}  // namespace millrace::cli
