#include "sql/text_generator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sql/parse.h"
#include "sql/print.h"
#include "sql/round_trip_test.h"
#include "sql/text/keyword.h"

namespace millrace::sql {

// SplitMix64.
uint32_t TextGenerator::below(uint32_t bound) {
  state_ += 0x9E3779B97F4A7C15U;
  uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  return static_cast<uint32_t>((mixed ^ (mixed >> 31)) >> 32) % bound;
}

std::string TextGenerator::pick(std::initializer_list<std::string_view> choices) {
  return std::string(choices.begin()[below(static_cast<uint32_t>(choices.size()))]);
}

std::string TextGenerator::name() {
  if (chance(60)) return pick({"a", "b", "c", "t", "ts", "k", "x1", "_y", "some_name"});
  if (chance(10)) return pick({"\"a b\"", "`c`", "\"q\"\"q\"", "\"1\"", "\"ä\"", "größe", "a$b"});
  const std::span<const Keyword> words = keywords();
  const Keyword& word = words[below(static_cast<uint32_t>(words.size()))];
  const bool quote =
      word.use == Keyword::Use::kReserved || word.use == Keyword::Use::kOpening || chance(20);
  const std::string quotes = quote ? pick({"\"", "`"}) : "";
  return quotes + std::string(word.word) + quotes;
}

std::string TextGenerator::qualified() {
  return list(1, 3, [this] { return name(); }, ".");
}

std::string TextGenerator::string() {
  return pick({"'a'", "''", "'it''s'", "E'\\n\\'x'", "$$d'$$", "$t$ $$ $t$", "'-- no'", "'ü'"});
}

std::string TextGenerator::number() {
  return pick({"0", "1", "42", "1_000", "1.5", ".5", "2.", "1e3", "1.5E-7", "0xfF"});
}

std::string TextGenerator::interval() {
  return "INTERVAL " + pick({"'1' DAY", "'5' MINUTES", "'1-2' YEAR TO MONTH", "'1 day'",
                             "-'3' HOUR", "'1' DAY(3) TO SECOND(6)", "+'2' week"});
}

std::string TextGenerator::options() {
  return "(" +
         list(1, 3, [this] { return string() + " = " + pick({"'v'", "1", "-2.5", "TRUE"}); }) + ")";
}

std::string TextGenerator::type(int depth) {
  switch (depth <= 0 ? below(3) : below(9)) {
    case 0:
      return pick({"INT", "string", "DOUBLE PRECISION", "DECIMAL(10, 2)", "VARCHAR(5)"});
    case 1:
      return pick({"TIMESTAMP(3)", "TIMESTAMP WITH LOCAL TIME ZONE", "TIME(3) WITHOUT TIME ZONE"});
    case 2:
      return pick({"pg_catalog.regclass", "\"My Type\"", "INTERVAL DAY TO SECOND(3)", "INTERVAL"});
    case 3:
      return "ARRAY<" + type(depth - 1) + maybe(30, " NOT NULL") + ">";
    case 4:
      return "MAP<" + type(depth - 1) + ", " + type(depth - 1) + maybe(30, " NULL") + ">";
    case 5:
      return "ROW<" + list(1, 3, [&] { return name() + " " + type(depth - 1); }) + ">";
    case 6:
      return "ROW(" + list(0, 2, [&] { return name() + " " + type(depth - 1) + " 'doc'"; }) + ")";
    case 7:
      return type(depth - 1) + pick({"[]", " ARRAY", " MULTISET"});
    default:
      return "MULTISET<" + type(depth - 1) + ">";
  }
}

std::string TextGenerator::literal() {
  switch (below(6)) {
    case 0:
      return pick({"NULL", "TRUE", "false", "X'00fF'", "U&'\\0041'"});
    case 1:
      return string();
    case 2:
      return pick({"DATE '2024-02-29'", "TIMESTAMP(3) '2024-02-29 00:00:00'", "JSON '{}'",
                   "TIMESTAMP WITH TIME ZONE '2024-02-29'", "uuid 'x'", "time '12:00'"});
    case 3:
      return interval();
    default:
      return number();
  }
}

std::string TextGenerator::operand(int depth) {
  return chance(50) ? "(" + expression(depth - 1) + ")" : expression(0);
}

std::string TextGenerator::binary(int depth) {
  const std::string op = pick({"+",
                               "-",
                               "*",
                               "/",
                               "%",
                               "^",
                               "||",
                               "=",
                               "<>",
                               "!=",
                               "<",
                               "<=",
                               ">",
                               ">=",
                               "&",
                               "|",
                               "#",
                               "<<",
                               ">>",
                               "->",
                               "->>",
                               "#>",
                               "#>>",
                               "@>",
                               "<@",
                               "?",
                               "?|",
                               "?&",
                               "~",
                               "~*",
                               "!~",
                               "!~*",
                               "AND",
                               "OR",
                               "OVERLAPS",
                               "IS DISTINCT FROM",
                               "IS NOT DISTINCT FROM",
                               "AT TIME ZONE",
                               "LIKE",
                               "NOT ILIKE",
                               "SIMILAR TO",
                               "OPERATOR(pg_catalog.+)"});
  return expression(depth - 1) + " " + op + " " + expression(depth - 1);
}

std::string TextGenerator::predicate(int depth) {
  const std::string left = expression(depth - 1);
  switch (below(8)) {
    case 0:
      return left + pick({" IS NULL", " ISNULL", " NOTNULL", " IS NOT TRUE", " IS UNKNOWN",
                          " IS JSON", " IS NOT JSON OBJECT"});
    case 1:
      return left + maybe(30, " NOT") + " BETWEEN " + maybe(20, "SYMMETRIC ") + operand(depth) +
             " AND " + operand(depth);
    case 2:
      return left + maybe(30, " NOT") + " IN (" +
             list(1, 3, [&] { return expression(depth - 1); }) + ")";
    case 3:
      return left + " IN (" + query(depth - 1) + ")";
    case 4:
      return left + pick({" = ANY (", " <> ALL (", " < SOME ("}) +
             (chance(50) ? query(depth - 1) : expression(depth - 1)) + ")";
    case 5:
      return left + " LIKE " + operand(depth) + " ESCAPE " + string();
    case 6:
      return "EXISTS (" + query(depth - 1) + ")";
    default:
      return "NOT " + left;
  }
}

std::string TextGenerator::special_call(int depth) {
  const std::string x = expression(depth - 1);
  switch (below(10)) {
    case 0:
      return pick({"CAST(", "TRY_CAST("}) + x + " AS " + type(2) + ")";
    case 1:
      return "EXTRACT(" + pick({"DAY", "epoch", "'dow'"}) + " FROM " + x + ")";
    case 2:
      return "SUBSTRING(" + x + pick({" FROM 2 FOR 3)", " FOR 1)", ", 1, 2)", " FROM 2)"});
    case 3:
      return "TRIM(" + pick({"BOTH 'x' FROM ", "LEADING FROM ", "TRAILING 'y' FROM ", ""}) + x +
             ")";
    case 4:
      return "POSITION(" + operand(depth) + pick({" IN ", ", "}) + x + ")";
    case 5:
      return "OVERLAY(" + x + " PLACING 'x' FROM 1" + maybe(50, " FOR 2") + ")";
    case 6:
      return pick({"FLOOR(", "CEIL(", "CEILING("}) + x + ")";
    case 7:
      return pick({"FLOOR(", "CEIL("}) + name() + pick({" TO DAY)", " TO hours)"});
    case 8:
      return pick({"CURRENT_DATE", "CURRENT_TIMESTAMP(3)", "LOCALTIME", "session_user"});
    default:
      return pick({"LEFT(", "RIGHT(", "TUMBLE(", "unnest("}) + x + ", 1)";
  }
}

std::string TextGenerator::json_call(int depth) {
  const std::string x = expression(depth - 1);
  switch (below(6)) {
    case 0:
      return "JSON_VALUE(" + x + ", '$.a'" + maybe(50, " RETURNING " + type(1)) +
             maybe(50, " DEFAULT " + operand(depth) + " ON EMPTY") + maybe(50, " NULL ON ERROR") +
             ")";
    case 1:
      return "JSON_QUERY(" + x + ", '$'" +
             pick({"", " WITH WRAPPER", " WITHOUT ARRAY WRAPPER", " WITH CONDITIONAL WRAPPER"}) +
             maybe(50, " EMPTY ARRAY ON EMPTY") + maybe(50, " EMPTY OBJECT ON ERROR") + ")";
    case 2:
      return "JSON_EXISTS(" + x + ", '$'" + pick({"", " TRUE ON ERROR", " UNKNOWN ON ERROR"}) + ")";
    case 3:
      return "JSON_OBJECT(" +
             list(0, 3, [&] { return "KEY (" + x + ") VALUE " + expression(depth - 1); }) +
             pick({"", " NULL ON NULL", " ABSENT ON NULL"}) + ")";
    case 4:
      return "JSON_ARRAY(" + list(0, 3, [&] { return expression(depth - 1); }) +
             pick({"", " NULL ON NULL"}) + ")";
    default:
      return "JSON_OBJECTAGG('k' VALUE " + x + ")";
  }
}

std::string TextGenerator::call(int depth) {
  std::string text =
      pick({"f", "COUNT", "pg_catalog.f", "\"Odd name\"", "first", "\"cast\"", "\"floor\"", "year",
            "\"row\"", "if", "\"position\"", "\"JSON_VALUE\""}) +
      "(";
  if (chance(15)) {
    text += "*";
  } else {
    text += maybe(15, "DISTINCT ");
    text += list(1, 3, [&] { return maybe(10, name() + " => ") + expression(depth - 1); });
    text += maybe(15, order_by(depth));
  }
  text += ")";
  text += maybe(10, " WITHIN GROUP (" + order_by(depth) + ")");
  text += maybe(10, " FILTER (WHERE " + expression(depth - 1) + ")");
  text += maybe(5, pick({" IGNORE NULLS", " RESPECT NULLS"}));
  text += maybe(15, " OVER " + (chance(30) ? name() : window_spec(depth - 1)));
  return text;
}

std::string TextGenerator::constructor(int depth) {
  const auto elements = [&] { return list(1, 3, [&] { return expression(depth - 1); }); };
  switch (below(7)) {
    case 0:
      return "ARRAY[" + elements() + "]";
    case 1:
      return "ARRAY[[" + elements() + "], []]";
    case 2:
      return "MAP[" + list(0, 2, [&] { return "'k', " + expression(depth - 1); }) + "]";
    case 3:
      return "ROW(" + elements() + ")";
    case 4:
      return "(" + elements() + ", 1)";
    case 5:
      return "ARRAY(" + query(depth - 1) + ")";
    default:
      return "(" + query(depth - 1) + ")";
  }
}

std::string TextGenerator::expression(int depth) {
  if (depth <= 0) return chance(60) ? qualified() : literal();
  switch (below(12)) {
    case 0:
    case 1:
    case 2:
      return binary(depth);
    case 3:
      return predicate(depth);
    case 4:
      return special_call(depth);
    case 5:
      return json_call(depth);
    case 6:
      return call(depth);
    case 7:
      return constructor(depth);
    case 8:
      return "CASE " + maybe(40, expression(depth - 1) + " ") +
             list(
                 1, 2,
                 [&] { return "WHEN " + expression(depth - 1) + " THEN " + expression(depth - 1); },
                 " ") +
             maybe(50, " ELSE " + expression(depth - 1)) + " END";
    case 9:
      return pick({"-", "+", "~", "- -"}) + " " + expression(depth - 1);
    case 10:
      return "(" + expression(depth - 1) + ")" +
             pick({"[1]", ".f", "::INT", "['k'].a.b", " COLLATE \"C\"", "::varchar(3)[2]"});
    default:
      return "(" + expression(depth - 1) + ")";
  }
}

std::string TextGenerator::order_by(int depth) {
  return " ORDER BY " + list(1, 2, [&] {
           return expression(depth - 1) + pick({"", " DESC", " ASC", " NULLS FIRST"});
         });
}

std::string TextGenerator::window_spec(int depth) {
  return "(" + maybe(20, "w ") + maybe(50, "PARTITION BY " + expression(depth - 1)) +
         maybe(60, order_by(depth)) +
         pick({"", " ROWS UNBOUNDED PRECEDING", " RANGE BETWEEN 1 PRECEDING AND CURRENT ROW",
               " GROUPS BETWEEN CURRENT ROW AND 2 FOLLOWING EXCLUDE TIES"}) +
         ")";
}

TEST(RoundTrip, HoldsForRandomExpressions) {
  TextGenerator generator(1);
  for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) {
    const std::string text = generator.expression(1 + i % 5);
    const Result<Expression> parsed = parse_expression(text, "");
    ASSERT_TRUE(parsed) << parsed.error().to_string();
    const std::string canonical = print(*parsed);
    const Result<Expression> again = parse_expression(canonical, "");
    ASSERT_TRUE(again) << text << "\n" << again.error().to_string();
    EXPECT_TRUE(*parsed == *again) << text << "\nprints as\n" << canonical;
    EXPECT_EQ(print(*again), canonical);
  }
}

TEST(RoundTrip, HoldsForRandomTypes) {
  TextGenerator generator(2);
  for (int i = 0; i < 1000 && !testing::Test::HasFailure(); ++i) {
    const std::string text = generator.type(i % 5);
    const Result<TypeName> parsed = parse_type(text, "");
    ASSERT_TRUE(parsed) << text << parsed.error().to_string();
    const Result<TypeName> again = parse_type(print(*parsed), "");
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(*parsed == *again) << text;
  }
}

TEST(RoundTrip, HoldsForRandomStatements) {
  TextGenerator generator(3);
  for (int i = 0; i < 4000 && !testing::Test::HasFailure(); ++i) {
    check_round_trip(generator.statement());
  }
}

TEST(RoundTrip, HoldsForRandomTokensWhereTheyHappenToParse) {
  TextGenerator generator(4);
  for (int i = 0; i < 300; ++i) {
    // A statement cut short must give an error, or parse; never anything else.
    const std::string text = generator.statement();
    for (size_t cut = 1; cut < text.size(); cut += 1 + text.size() / 23) {
      const Result<std::vector<Statement>> parsed = parse_script(text.substr(0, cut), "");
      if (parsed && parsed->size() == 1) check_round_trip(text.substr(0, cut));
    }
  }
}

}  // namespace millrace::sql
