#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sql/parse/lexer.h"
#include "sql/parse/token.h"
#include "sql/text/source_text.h"

namespace millrace::sql {

// TokenCursor: a walk over the tokens of one text that remembers what was looked for at the current
// token, so that an error can say what was expected, and how deep the grammar has gone.
//
// Where a parameter is called `what`, it is a keyword in upper case or a symbol: "SELECT", "::".
// Threading:  confined to one call of the parser.
// Ownership:  borrows the source.
class TokenCursor {
 public:
  explicit TokenCursor(const SourceText& source);

  const SourceText& source() const { return source_; }
  const Token& peek(size_t ahead = 0) const;
  // Takes the current token; at the end it stays there.
  Token take();
  bool at_end() const { return peek().kind == TokenKind::kEnd; }

  // Whether the token stands there; nothing is remembered.
  bool at(std::string_view what, size_t ahead = 0) const;
  bool at_words(std::string_view first, std::string_view second) const {
    return at(first) && at(second, 1);
  }
  bool at_any(std::span<const std::string_view> words, size_t ahead = 0) const;
  // Takes it if it is there, else remembers that it could have been.
  bool accept(std::string_view what);
  // Takes both or none.
  bool accept_words(std::string_view first, std::string_view second);
  // Remembers that something could stand here that has no one word: "the next clause".
  void note(std::string_view description) { expected_.push_back(description); }
  // `context` goes on from "expected ',' or ')' ": "after the column definition".
  Result<void> expect(std::string_view what, std::string_view context = {});

  // "expected <all that was looked for here, and `description`> <context>, found 'x'", with the
  // nearest keyword; or why the text cannot be read on, where that is so. `candidates` are more
  // keywords that may have been meant.
  Error unexpected(std::string_view description, std::string_view context = {},
                   std::span<const std::string_view> candidates = {}) const;
  // An error of one's own at a place.
  Error refuse(Span place, std::string_view message) const {
    return source_.error(ErrorCode::kSyntaxError, place, message);
  }

  // The span from `begin` to the last token taken.
  Span since(Span begin) const;
  Span here() const { return peek().span; }

  // The token just taken was read as an alias without AS: if the next one makes no sense, it may
  // have been meant as a keyword.
  void took_bare_alias() { bare_alias_ = position_; }

  // A node was put over what has been read at this level: a left-deep chain of operators. Also
  // where the canonical text has a level that this text has not, so that what is accepted can be
  // printed and read.
  // Failure: kTooDeep.
  Result<void> grow();

  // Cuts the first character off the current symbol: `>>` closes two brackets.
  void split_symbol();

 private:
  friend class Level;
  friend class Branch;
  Result<void> check_depth() const;
  Error unexpected_at(size_t index, std::string expected, std::string_view context,
                      std::span<const std::string_view> candidates) const;
  Error unexpected_end(std::string_view message) const;
  std::string remedy_for(size_t index, bool wanted_name,
                         std::span<const std::string_view> candidates) const;

  const SourceText& source_;
  Tokens tokens_;
  size_t position_ = 0;
  size_t bare_alias_ = 0;
  std::vector<std::string_view> expected_;
  int depth_ = 0;
  int height_ = 0;
};

// Branch: while it lives, one of several parts of a node is read; the tree's height is that of the
// highest part.
class Branch {
 public:
  explicit Branch(TokenCursor& tokens) : tokens_(tokens), height_(tokens.height_) {
    tokens.height_ = 0;
  }
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;
  ~Branch() { tokens_.height_ = height_ > tokens_.height_ ? height_ : tokens_.height_; }

 private:
  TokenCursor& tokens_;
  const int height_;
};

// Level: while it lives, the grammar is one construct deeper. Whatever recurses makes one first and
// returns the error of `check`.
class Level {
 public:
  explicit Level(TokenCursor& tokens) : tokens_(tokens), branch_(tokens) { ++tokens_.depth_; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  ~Level() {
    --tokens_.depth_;
    ++tokens_.height_;
  }
  // Failure: kTooDeep.
  Result<void> check() const;

 private:
  TokenCursor& tokens_;
  Branch branch_;
};

}  // namespace millrace::sql
