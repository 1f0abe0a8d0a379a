#include "sql/parse/lexer.h"

#include <gtest/gtest.h>

namespace millrace::sql {
namespace {

// The tokens' own text, separated by spaces.
std::string tokens_of(std::string_view text) {
  const SourceText source(text, "");
  const Tokens tokens = lex(source);
  std::string joined;
  for (const Token& token : tokens.tokens) {
    if (!joined.empty()) joined += ' ';
    joined += token.kind == TokenKind::kEnd    ? "END"
              : token.kind == TokenKind::kFail ? "FAIL"
                                               : std::string(token.raw);
  }
  return joined;
}

ErrorCode failure_of(std::string_view text) {
  const SourceText source(text, "");
  const Tokens tokens = lex(source);
  EXPECT_TRUE(tokens.failure) << text;
  return tokens.failure ? tokens.failure->code() : ErrorCode::kInternal;
}

TEST(Lexer, TakesTheLongestSymbol) {
  EXPECT_EQ(
      tokens_of("a->>b->c#>>d#>e::f:=g=>h<=i>=j<>k!=l||m<<n>>o@>p<@q~*r!~s!~*t"),
      "a ->> b -> c #>> d #> e :: f := g => h <= i >= j <> k != l || m << n >> o @> p <@ q ~* r "
      "!~ s !~* t END");
  EXPECT_EQ(tokens_of("a<-1 A*?B+?C??{2,3}{-D-}$^|"),
            "a < - 1 A * ? B + ? C ? ? { 2 , 3 } { - D - } $ "
            "^ | END");
}

TEST(Lexer, SkipsSpaceAndComments) {
  EXPECT_EQ(tokens_of("a--x\nb/* c /* d */ e */f\xC2\xA0g\xEF\xBB\xBF\r\n\v\fh--"),
            "a b f g h END");
  EXPECT_EQ(tokens_of("a /*+ BROADCAST(x) */ b"), "a b END");
}

TEST(Lexer, KeepsTheBracketsOfAnOptionsHint) {
  EXPECT_EQ(tokens_of("t /*+ options('a'='*/') */ x"), "t /*+ options ( 'a' = '*/' ) */ x END");
  EXPECT_EQ(failure_of("t /*+ OPTIONS('a'='b')"), ErrorCode::kUnterminatedToken);
}

TEST(Lexer, ReadsNumbers) {
  EXPECT_EQ(tokens_of("1 1.5 .5 2. 1e3 1E-3 1.5e+7 1_000 0xFf"),
            "1 1.5 .5 2. 1e3 1E-3 1.5e+7 1_000 0xFf END");
  EXPECT_EQ(tokens_of("a.5"), "a .5 END");
  for (const std::string_view text : {"1a", "1e", "1.5x", "0x", "1_", "12ü"}) {
    EXPECT_EQ(failure_of(text), ErrorCode::kSyntaxError) << text;
  }
}

TEST(Lexer, SaysWhatIsNeverClosed) {
  for (const std::string_view text : {"'a", "'a''", "E'a\\'", "\"a", "`a", "/* a", "/* /* */",
                                      "$$a", "$x$ a $$", "X'00", "U&'a"}) {
    EXPECT_EQ(failure_of(text), ErrorCode::kUnterminatedToken) << text;
  }
}

TEST(Lexer, RefusesWhatIsNoText) {
  const std::string_view texts[] = {"a \xFF",
                                    "a \xC3",
                                    "\xED\xA0\x80",
                                    "\xC0\x80",
                                    "\xF8\x88\x80\x80\x80",
                                    std::string_view("a\0b", 3),
                                    "E'\\xFF'",
                                    "E'\\000'",
                                    "U&'\\D800'",
                                    "E'\\uD800'",
                                    "X'0'",
                                    "X'0g'",
                                    "\"\"",
                                    "``",
                                    "@",
                                    "\\"};
  for (const std::string_view text : texts)
    EXPECT_EQ(failure_of(text), ErrorCode::kSyntaxError) << text;
}

TEST(Lexer, GivesWhatStandsBeforeAFailure) {
  EXPECT_EQ(tokens_of("SELECT a 'b"), "SELECT a FAIL");
}

}  // namespace
}  // namespace millrace::sql
