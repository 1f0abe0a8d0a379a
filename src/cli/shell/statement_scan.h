#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::cli {

// The words of a statement that is being typed, and what its end is in the middle of. Knows quotes
// and comments, no grammar.
struct StatementScan {
  struct Token {
    enum class Kind : unsigned char { kWord, kText, kSymbol };
    Kind kind = Kind::kWord;
    std::string text;                      // without quotes
    bool is(std::string_view word) const;  // a word, in any case, or a symbol
  };
  std::vector<Token> tokens;
  enum class Tail : unsigned char { kNothing, kWord, kText, kComment };
  Tail tail = Tail::kNothing;
  std::string begun;  // of a word or a text that ends with the statement

  // The n-th token from the end; an empty one where there are fewer.
  const Token& last(size_t n = 0) const;
};

StatementScan scan_statement(std::string_view text);

}  // namespace millrace::cli
