#include <gtest/gtest.h>

#include <random>

#include "expr/build.h"
#include "expr/evaluator.h"
#include "functions/builtin.h"
#include "functions/example_run_test.h"

namespace millrace::functions {
namespace {

// The result as the shell prints it, or the code of the error.
std::string run(std::string_view text) {
  return run_example(text, false);
}

TEST(TextFunctions, CountCharactersNotBytes) {
  EXPECT_EQ(run("CHAR_LENGTH('žluťoučký kůň')"), "13");
  EXPECT_EQ(run("SUBSTRING('žluťoučký', 2, 3)"), "luť");
  EXPECT_EQ(run("LEFT('žluťoučký', -6)"), "žlu");
  EXPECT_EQ(run("RIGHT('žluťoučký', 3)"), "čký");
  EXPECT_EQ(run("RIGHT('abc', -1)"), "bc");
  EXPECT_EQ(run("RIGHT('abc', -7)"), "");
  EXPECT_EQ(run("POSITION('ť', 'žluťoučký')"), "4");
  EXPECT_EQ(run("REVERSE('kůň')"), "ňůk");
  EXPECT_EQ(run("LPAD('ň', 4, 'ků')"), "kůkň");
  EXPECT_EQ(run("TRIM('ůxů', 'ů')"), "x");
  EXPECT_EQ(run("LOWER('ŽLUŤ IN THE MIDDLE OF A LONG TEXT')"), "žluť in the middle of a long text");
}

TEST(TextFunctions, SubstringReachesOverTheEnds) {
  EXPECT_EQ(run("SUBSTRING('abc', -1, 3)"), "a");
  EXPECT_EQ(run("SUBSTRING('abc', 3, 9223372036854775807)"), "c");
  EXPECT_EQ(run("SUBSTRING('abc', 9)"), "");
  EXPECT_EQ(run("SUBSTRING('abc', 1, -1)"), "InvalidArgument");
  EXPECT_EQ(run("SUBSTRING('abcdefghijklmnopqrstuvwxyz', 3, 20)"), "cdefghijklmnopqrstuv");
}

TEST(TextFunctions, SplitByOneByteOrMany) {
  EXPECT_EQ(run("SPLIT_INDEX('https://a/b//c', '/', 2)"), "a");
  EXPECT_EQ(run("SPLIT_INDEX('https://a/b//c', '/', 4)"), "");
  EXPECT_EQ(run("SPLIT_INDEX('https://a/b//c', '/', 6)"), "NULL");
  EXPECT_EQ(run("SPLIT_INDEX('a, b, c', ', ', 2)"), "c");
  EXPECT_EQ(run("SPLIT_INDEX('abc', '/', -1)"), "NULL");
  EXPECT_EQ(run("SPLIT_PART('a--b--c', '--', 2)"), "b");
  EXPECT_EQ(run("SPLIT_PART('a--b--c', '--', -3)"), "a");
  EXPECT_EQ(run("SPLIT_PART('a--b--c', '--', 4)"), "");
  EXPECT_EQ(run("SPLIT_PART('abc', '/', 0)"), "InvalidArgument");
}

TEST(TextFunctions, UpperAndLowerOfAsciiAreEachOthersInverse) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 200; ++round) {
    std::string letters(random() % 40, ' ');
    for (char& c : letters) c = static_cast<char>(' ' + random() % 95);
    const auto literal = expr::make_literal(letters, data::TypeKind::kVarchar);
    std::string expected = letters;
    for (char& c : expected) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    EXPECT_EQ(expr::evaluate_constant(*builtin_registry().call("UPPER", {literal}))->text(),
              expected);
    for (char& c : expected) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    EXPECT_EQ(expr::evaluate_constant(*builtin_registry().call("LOWER", {literal}))->text(),
              expected);
  }
}

TEST(TextFunctions, RepeatDoesNotEatTheMemory) {
  EXPECT_EQ(run("REPEAT('abc', 2000000000)"), "InvalidArgument");
  EXPECT_EQ(run("LPAD('abc', 2000000000)"), "InvalidArgument");
  EXPECT_EQ(run("REPEAT('', 2000000000)"), "");
}

// LIKE by going through all ways to match.
bool like(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    for (size_t at = 0; at <= text.size(); ++at) {
      if (like(text.substr(at), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  return (pattern[0] == '_' || pattern[0] == text[0]) && like(text.substr(1), pattern.substr(1));
}

TEST(Like, AgreesWithTryingAllWays) {
  std::mt19937_64 random(3);
  const auto any = [&](std::string_view letters, size_t length_max) {
    std::string text(random() % (length_max + 1), ' ');
    for (char& c : text) c = letters[random() % letters.size()];
    return text;
  };
  for (int round = 0; round < 20000; ++round) {
    const std::string text = any("ab", 10);
    const std::string pattern = any("ab%_%", 7);
    const auto call =
        builtin_registry().call("LIKE", {expr::make_literal(text, data::TypeKind::kVarchar),
                                         expr::make_literal(pattern, data::TypeKind::kVarchar)});
    ASSERT_EQ(expr::evaluate_constant(*call)->boolean(), like(text, pattern))
        << text << " LIKE " << pattern;
  }
}

TEST(Like, KnowsEscapesCharactersAndCase) {
  EXPECT_EQ(run("'a%c' LIKE 'a\\%c'"), "true");
  EXPECT_EQ(run("'abc' LIKE 'a\\%c'"), "false");
  EXPECT_EQ(run("'kůň' LIKE 'k_ň'"), "true");
  EXPECT_EQ(run("'abc' LIKE 'ab\\'"), "InvalidArgument");
  EXPECT_EQ(run("'ABC' ILIKE '%b_'"), "true");
  EXPECT_EQ(run("'channel-id' LIKE '%l_id'"), "true");
}

TEST(RegularExpressions, RefuseBadPatternsWhenTheyAreMade) {
  EXPECT_EQ(run("'a' ~ '('"), "InvalidArgument");
  EXPECT_EQ(run("REGEXP_EXTRACT('abc', '(b)', 2)"), "InvalidArgument");
  EXPECT_EQ(run("REGEXP_EXTRACT('abc', 'x')"), "NULL");
  EXPECT_EQ(run("REGEXP_EXTRACT('a&channel_id=77&x', '(&|^)channel_id=([^&]*)', 2)"), "77");
  EXPECT_EQ(run("REGEXP_REPLACE('a.b.c', '\\.', '-')"), "a-b.c");
  EXPECT_EQ(run("REGEXP_REPLACE('john smith', '(\\w+) (\\w+)', '\\2 \\1')"), "smith john");
  EXPECT_EQ(run("'a.c' SIMILAR TO 'a.c'"), "true");
  EXPECT_EQ(run("'abc' SIMILAR TO 'a.c'"), "false");
  EXPECT_EQ(run("'abc' SIMILAR TO 'b'"), "false");
}

TEST(Json, IsWalkedByPath) {
  EXPECT_EQ(
      run("JSON_VALUE('{\"a\": {\"b c\": [10, {\"d\": \"x\\u00e9\\n\"}]}}', '$.a[\"b c\"][1].d')"),
      "xé\n");
  EXPECT_EQ(run("JSON_VALUE('{\"a\": null}', '$.a')"), "NULL");
  EXPECT_EQ(run("JSON_VALUE('{\"a\": [1]}', '$.a')"), "NULL");
  EXPECT_EQ(run("JSON_VALUE('not json', '$.a')"), "NULL");
  EXPECT_EQ(run("JSON_VALUE('{\"a\": 1}', 'a')"), "InvalidArgument");
  EXPECT_EQ(run("JSON_VALUE('17', '$')"), "17");
  EXPECT_EQ(run("JSON_EXISTS('{\"a\": 1}', '$.b')"), "false");
  EXPECT_EQ(run("JSON_QUERY('{\"a\": {\"b\": [ ]}}', '$.a')"), "{\"b\": [ ]}");
  EXPECT_EQ(run("'[1, [2, 3]]' -> -1"), "[2, 3]");
  EXPECT_EQ(run("'{\"a\": \"q\\\"q\"}' ->> 'a'"), "q\"q");
  EXPECT_EQ(run("IS_JSON('{\"a\": 01}')"), "false");
  EXPECT_EQ(run("IS_JSON('[1, 2,]')"), "false");
}

TEST(Hashes, OfMessagesAroundABlock) {
  EXPECT_EQ(run("MD5('')"), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(run("MD5(REPEAT('a', 55))"), "ef1772b6dff9a122358552954ad0df65");
  EXPECT_EQ(run("MD5(REPEAT('a', 64))"), "014842d480b571495a4a0363793f7367");
  EXPECT_EQ(run("SHA256('')"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(run("SHA256(REPEAT('a', 119))"),
            "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb");
}

}  // namespace
}  // namespace millrace::functions
