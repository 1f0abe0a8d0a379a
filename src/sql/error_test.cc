#include <gtest/gtest.h>

#include "sql/parse.h"

namespace millrace::sql {
namespace {

std::string error_of(std::string_view text) {
  const Result<std::vector<Statement>> parsed = parse_script(text, "q.sql");
  return parsed ? "no error" : parsed.error().to_string();
}

struct Golden {
  std::string_view text;
  std::string_view error;
};

constexpr Golden kGolden[] = {
    {R"sql(SELEC a FROM t)sql",
     R"err(MR-2001 q.sql:1:1: expected a statement, found 'SELEC'
  1 | SELEC a FROM t
    | ^^^^^
  Did you mean SELECT?)err"},
    {R"sql(SELECT a FORM t)sql",
     R"err(MR-2001 q.sql:1:10: expected the next clause, found 'FORM'
  1 | SELECT a FORM t
    |          ^^^^
  Did you mean FROM?)err"},
    {R"sql(SELECT a FROM t WHRE x = 1)sql",
     R"err(MR-2001 q.sql:1:17: expected the next clause, found 'WHRE'
  1 | SELECT a FROM t WHRE x = 1
    |                 ^^^^
  Did you mean WHERE?)err"},
    {R"sql(SELECT a FROM t GRUOP BY a)sql",
     R"err(MR-2001 q.sql:1:17: expected the next clause, found 'GRUOP'
  1 | SELECT a FROM t GRUOP BY a
    |                 ^^^^^
  Did you mean GROUP?)err"},
    {R"sql(SELECT a FROM t JION u ON a = b)sql",
     R"err(MR-2001 q.sql:1:17: expected the next clause, found 'JION'
  1 | SELECT a FROM t JION u ON a = b
    |                 ^^^^
  Did you mean JOIN?)err"},
    {R"sql(SELECT a FROM t ORDER YB a)sql",
     R"err(MR-2001 q.sql:1:23: expected BY, found 'YB'
  1 | SELECT a FROM t ORDER YB a
    |                       ^^)err"},
    {R"sql(CREATE TABLE flights (
  origin STRING,
  delay INT FORM
))sql",
     R"err(MR-2001 q.sql:3:13: expected ',' or ')' after the column definition, found 'FORM'
  3 |   delay INT FORM
    |             ^^^^)err"},
    {R"sql(CREATE TABLE t (a INT b INT))sql",
     R"err(MR-2001 q.sql:1:23: expected ',' or ')' after the column definition, found 'b'
  1 | CREATE TABLE t (a INT b INT)
    |                       ^)err"},
    {R"sql(CREATE TABLE t (a INT NUT NULL))sql",
     R"err(MR-2001 q.sql:1:23: expected ',' or ')' after the column definition, found 'NUT'
  1 | CREATE TABLE t (a INT NUT NULL)
    |                       ^^^
  Did you mean NOT?)err"},
    {R"sql(CREATE TABEL t (a INT))sql",
     R"err(MR-2001 q.sql:1:8: expected what to create: TABLE, VIEW, MATERIALIZED VIEW, FUNCTION, CONNECTION, SECRET, USER, ALERT, SCHEMA or DATABASE, found 'TABEL'
  1 | CREATE TABEL t (a INT)
    |        ^^^^^
  Did you mean TABLE?)err"},
    {R"sql(CREATE TABLE order (a INT))sql",
     R"err(MR-2001 q.sql:1:14: expected a table's name, found 'order'
  1 | CREATE TABLE order (a INT)
    |              ^^^^^
  ORDER is a reserved word; as a name it needs quotes: "order".)err"},
    {R"sql(CREATE TABLE t (a INT) WITH (connector = 'x'))sql",
     R"err(MR-2001 q.sql:1:30: expected ')' or an option's name in quotes: 'name' = 'value', found 'connector'
  1 | CREATE TABLE t (a INT) WITH (connector = 'x')
    |                              ^^^^^^^^^)err"},
    {R"sql(CREATE TABLE t (a INT) WITH ('connector' 'x'))sql",
     R"err(MR-2001 q.sql:1:42: expected '=' after the option's name, found the string 'x'
  1 | CREATE TABLE t (a INT) WITH ('connector' 'x')
    |                                          ^^^)err"},
    {R"sql(CREATE TABLE t (a INT, PRIMARY KEY (a), PRIMARY KEY (a)))sql",
     R"err(MR-2001 q.sql:1:41: the table has a primary key already
  1 | CREATE TABLE t (a INT, PRIMARY KEY (a), PRIMARY KEY (a))
    |                                         ^^^^^^^^^^^^^^^)err"},
    {R"sql(CREATE TABLE t (a INT, WATERMARK a AS a))sql",
     R"err(MR-2001 q.sql:1:36: expected ',' or ')' in the table's definition, found 'AS'
  1 | CREATE TABLE t (a INT, WATERMARK a AS a)
    |                                    ^^)err"},
    {R"sql(CREATE TABLE t)sql",
     R"err(MR-2001 q.sql:1:15: expected '(' and the columns after the table's name, found the end of the text
  1 | CREATE TABLE t
    |               ^)err"},
    {R"sql(SELECT a FROM t JOIN u)sql",
     R"err(MR-2001 q.sql:1:23: expected AS, USING or ON after the joined table, found the end of the text
  1 | SELECT a FROM t JOIN u
    |                       ^)err"},
    {R"sql(SELECT a FROM t JOIN u WHERE a = b)sql",
     R"err(MR-2001 q.sql:1:24: expected AS, USING or ON after the joined table, found 'WHERE'
  1 | SELECT a FROM t JOIN u WHERE a = b
    |                        ^^^^^)err"},
    {R"sql(SELECT (a + b FROM t)sql",
     R"err(MR-2001 q.sql:1:15: expected ',' or ')' after the expression, found 'FROM'
  1 | SELECT (a + b FROM t
    |               ^^^^)err"},
    {R"sql(SELECT (a + b)sql",
     R"err(MR-2002 q.sql:1:14: expected ',' or ')' after the expression, found the end of the text
  1 | SELECT (a + b
    |              ^
  The '(' at q.sql:1:8 is never closed.)err"},
    {R"sql(SELECT f(a, b[1)sql",
     R"err(MR-2002 q.sql:1:16: expected ']' after the index, found the end of the text
  1 | SELECT f(a, b[1
    |                ^
  The '[' at q.sql:1:14 is never closed.)err"},
    {R"sql(SELECT a, FROM t)sql",
     R"err(MR-2001 q.sql:1:11: expected an expression, found 'FROM'
  1 | SELECT a, FROM t
    |           ^^^^)err"},
    {R"sql(SELECT a FROM t WHERE)sql",
     R"err(MR-2001 q.sql:1:22: expected an expression, found the end of the text
  1 | SELECT a FROM t WHERE
    |                      ^)err"},
    {R"sql(SELECT a FROM t WHERE a = 'it's')sql",
     R"err(MR-2001 q.sql:1:31: expected the next clause or ';', found 's'
  1 | SELECT a FROM t WHERE a = 'it's'
    |                               ^
  A quote inside a string is written twice: 'it''s'.)err"},
    {R"sql(SELECT "a FROM t)sql",
     R"err(MR-2002 q.sql:1:8: the name is never closed: expected "
  1 | SELECT "a FROM t
    |        ^)err"},
    {R"sql(SELECT a /* b)sql",
     R"err(MR-2002 q.sql:1:10: the comment is never closed: expected '*/'
  1 | SELECT a /* b
    |          ^^)err"},
    {R"sql(SELECT $$abc)sql",
     R"err(MR-2002 q.sql:1:8: the string is never closed: expected $$
  1 | SELECT $$abc
    |        ^^)err"},
    {R"sql(SELECT 123abc)sql",
     R"err(MR-2001 q.sql:1:11: the number does not end before 'abc'
  1 | SELECT 123abc
    |           ^^^
  Put a space between them, or quote the name: "…".)err"},
    {R"sql(SELECT ‘a’)sql",
     R"err(MR-2001 q.sql:1:8: unexpected typographic quote
  1 | SELECT ‘a’
    |        ^
  Write 'text' and "name" with straight quotes.)err"},
    {R"sql(SELECT a @ b)sql",
     R"err(MR-2001 q.sql:1:10: unexpected character '@'
  1 | SELECT a @ b
    |          ^)err"},
    {R"sql(SELECT E'\xZZ')sql",
     R"err(MR-2001 q.sql:1:10: the escape is no character
  1 | SELECT E'\xZZ'
    |          ^)err"},
    {R"sql(SELECT CASE WHEN a THEN b)sql",
     R"err(MR-2001 q.sql:1:26: expected WHEN, ELSE or END in CASE, found the end of the text
  1 | SELECT CASE WHEN a THEN b
    |                          ^)err"},
    {R"sql(SELECT CASE a ELSE b END)sql",
     R"err(MR-2001 q.sql:1:15: expected WHEN, found 'ELSE'
  1 | SELECT CASE a ELSE b END
    |               ^^^^)err"},
    {R"sql(SELECT a b c FROM t)sql",
     R"err(MR-2001 q.sql:1:12: expected ',', the next clause or ';', found 'c'
  1 | SELECT a b c FROM t
    |            ^)err"},
    {R"sql(SELECT a IS 5 FROM t)sql",
     R"err(MR-2001 q.sql:1:13: expected NOT, DISTINCT, NULL, TRUE, FALSE, UNKNOWN or JSON after IS, found the number 5
  1 | SELECT a IS 5 FROM t
    |             ^)err"},
    {R"sql(SELECT a IN () FROM t)sql",
     R"err(MR-2001 q.sql:1:14: expected an expression, found ')'
  1 | SELECT a IN () FROM t
    |              ^)err"},
    {R"sql(SELECT a BETWEEN 1 OR 2)sql",
     R"err(MR-2001 q.sql:1:20: expected AND between the bounds of BETWEEN, found 'OR'
  1 | SELECT a BETWEEN 1 OR 2
    |                    ^^)err"},
    {R"sql(SELECT CAST(a INT) FROM t)sql",
     R"err(MR-2001 q.sql:1:15: expected AS and the type to cast to, found 'INT'
  1 | SELECT CAST(a INT) FROM t
    |               ^^^)err"},
    {R"sql(SELECT MAP['a', 1, 'b'])sql",
     R"err(MR-2001 q.sql:1:20: the last key of the map has no value
  1 | SELECT MAP['a', 1, 'b']
    |                    ^^^)err"},
    {R"sql(INSERT t VALUES (1))sql",
     R"err(MR-2001 q.sql:1:8: expected OVERWRITE or INTO after INSERT, found 't'
  1 | INSERT t VALUES (1)
    |        ^)err"},
    {R"sql(INSERT INTO t (a, b VALUES (1))sql",
     R"err(MR-2001 q.sql:1:21: expected ',' or ')', found 'VALUES'
  1 | INSERT INTO t (a, b VALUES (1)
    |                     ^^^^^^)err"},
    {R"sql(INSERT INTO t VALUES 1, 2)sql",
     R"err(MR-2001 q.sql:1:22: expected a row in parentheses, found the number 1
  1 | INSERT INTO t VALUES 1, 2
    |                      ^)err"},
    {R"sql(SELECT * FROM TABLE(TUMBLE(t, DESCRIPTOR(ts), INTERVAL '1' HOUR)))sql",
     R"err(MR-2001 q.sql:1:21: the arguments do not fit: expected TUMBLE(TABLE t, DESCRIPTOR(time_column), size [, offset])
  1 | SELECT * FROM TABLE(TUMBLE(t, DESCRIPTOR(ts), INTERVAL '1' HOUR))
    |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  The names of the arguments are DATA, TIMECOL, SIZE, SLIDE, STEP, GAP, OFFSET.)err"},
    {R"sql(SELECT * FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)))sql",
     R"err(MR-2001 q.sql:1:21: the arguments do not fit: expected HOP(TABLE t, DESCRIPTOR(time_column), slide, size [, offset])
  1 | SELECT * FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR))
    |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  The names of the arguments are DATA, TIMECOL, SIZE, SLIDE, STEP, GAP, OFFSET.)err"},
    {R"sql(SELECT a FROM t EMIT)sql",
     R"err(MR-2001 q.sql:1:21: expected EARLY, ON, ALLOWED, LATE or DISCARDING after EMIT, found the end of the text
  1 | SELECT a FROM t EMIT
    |                     ^)err"},
    {R"sql(SELECT a FROM t EMIT ON WINDOW CLOZE)sql",
     R"err(MR-2001 q.sql:1:32: expected CLOSE, found 'CLOZE'
  1 | SELECT a FROM t EMIT ON WINDOW CLOZE
    |                                ^^^^^
  Did you mean CLOSE?)err"},
    {R"sql(SELECT a FROM t EMIT DISCARDING DISCARDING)sql",
     R"err(MR-2001 q.sql:1:33: this part of EMIT stands here twice
  1 | SELECT a FROM t EMIT DISCARDING DISCARDING
    |                                 ^^^^^^^^^^)err"},
    {R"sql(SELECT a FROM t LIMIT 5 LIMIT 6)sql",
     R"err(MR-2001 q.sql:1:25: the query has a limit already
  1 | SELECT a FROM t LIMIT 5 LIMIT 6
    |                         ^^^^^)err"},
    {R"sql(SELECT a FROM t MATCH_RECOGNIZE (ORDER BY ts PATERN (A)))sql",
     R"err(MR-2001 q.sql:1:46: expected DESC, ASC, NULLS, ',', MEASURES, AFTER or PATTERN in MATCH_RECOGNIZE, found 'PATERN'
  1 | SELECT a FROM t MATCH_RECOGNIZE (ORDER BY ts PATERN (A))
    |                                              ^^^^^^
  Did you mean PATTERN?)err"},
    {R"sql(SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A{3,2})))sql",
     R"err(MR-2001 q.sql:1:44: the bounds of the repetition are out of order
  1 | SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A{3,2}))
    |                                            ^^^^^)err"},
    {R"sql(SELECT a FROM (SELECT b FROM u)sql",
     R"err(MR-2002 q.sql:1:31: expected AS, ',', the next clause or ')' after the query, found the end of the text
  1 | SELECT a FROM (SELECT b FROM u
    |                               ^
  The '(' at q.sql:1:15 is never closed.)err"},
    {R"sql(DROP TABL t)sql",
     R"err(MR-2001 q.sql:1:6: expected MATERIALIZED, TABLE, VIEW, CONNECTION, SECRET, USER, FUNCTION, ALERT, JOB, TOPIC, SCHEMA or DATABASE, found 'TABL'
  1 | DROP TABL t
    |      ^^^^
  Did you mean TABLE?)err"},
    {R"sql(ALTER TABLE t ADD COLUMN x INT)sql",
     R"err(MR-2001 q.sql:1:7: expected JOB, MATERIALIZED VIEW or USER after ALTER, found 'TABLE'
  1 | ALTER TABLE t ADD COLUMN x INT
    |       ^^^^^)err"},
    {R"sql(EXPLAIN (FOO) SELECT 1)sql",
     R"err(MR-2001 q.sql:1:10: expected PLAN, PHYSICAL, COST or ANALYZE, found 'FOO'
  1 | EXPLAIN (FOO) SELECT 1
    |          ^^^)err"},
    {R"sql(CREATE MATERIALIZED VIEW v SELECT 1)sql",
     R"err(MR-2001 q.sql:1:28: expected '(', COMMENT, WITH or AS before the query, found 'SELECT'
  1 | CREATE MATERIALIZED VIEW v SELECT 1
    |                            ^^^^^^)err"},
    {R"sql(CREATE OR REPLACE TABLE t (a INT))sql",
     R"err(MR-2001 q.sql:1:8: OR REPLACE goes with views and functions only
  1 | CREATE OR REPLACE TABLE t (a INT)
    |        ^^)err"},
    {R"sql(EXECUTE STATEMENT SET BEGIN INSERT INTO a VALUES (1) END)sql",
     R"err(MR-2001 q.sql:1:54: expected ',', the next clause or ';' after the INSERT, found 'END'
  1 | EXECUTE STATEMENT SET BEGIN INSERT INTO a VALUES (1) END
    |                                                      ^^^)err"},
    {R"sql(SELECT 1 SELECT 2)sql",
     R"err(MR-2001 q.sql:1:10: expected ',', the next clause or ';', found 'SELECT'
  1 | SELECT 1 SELECT 2
    |          ^^^^^^)err"},
};

TEST(Errors, NamePlaceLineWhatWasExpectedAndTheNearestWord) {
  for (const Golden& golden : kGolden) EXPECT_EQ(error_of(golden.text), golden.error);
}

TEST(Errors, OfTheFirstWrongStatementWin) {
  EXPECT_EQ(error_of("SELECT 1;\nSELEC 2;\nSELECT 'x"),
            "MR-2001 q.sql:2:1: expected a statement, found 'SELEC'\n"
            "  2 | SELEC 2;\n"
            "    | ^^^^^\n"
            "  Did you mean SELECT?");
}

TEST(Errors, BinaryFilesAreRecognised) {
  EXPECT_EQ(error_of("PAR1\x15\x04\x15\x90\xFF"),
            "MR-2001 q.sql:1:8: the byte 0x90 is not UTF-8 text\n"
            "  Is this a binary file, or one in another encoding?");
}

}  // namespace
}  // namespace millrace::sql
