"""`millrace sql` behind a terminal, as somebody uses it who knows psql."""

import json
import os
import signal
import stat
import subprocess
import time

import pytest
from conftest import PROGRAM
from terminal import Terminal

PROMPT, INSIDE = "millrace> ", "      ..> "
UP, CTRL_A, CTRL_C, CTRL_D, CTRL_R, TAB = "\x1b[A", "\x01", "\x03", "\x04", "\x12", "\t"


class Shell(Terminal):
    """The shell, from its first prompt on."""

    def __init__(self, folder, *arguments, columns=100, **environment):
        super().__init__([PROGRAM, "sql", *arguments], folder, columns, environment)

    def __enter__(self):
        super().__enter__()
        self.expect(PROMPT)
        return self

    def type(self, text):
        """Keys that are shown as they are."""
        self.keys(text)
        for letter in text:  # between which the cursor may be moved
            self.expect(letter)

    def say(self, text, prompt=PROMPT):
        """Types a line; what was printed until the prompt came back."""
        self.keys(text + "\n")
        self.expect("\n")
        # What comes while the shell still works is shown twice.
        return self.expect(prompt).removeprefix(text + "\n")

    def complete(self, begun, rest):
        """Types `begun` and TAB; waits for what the shell adds."""
        self.type(begun)
        self.keys(TAB)
        self.expect(rest)

    def cancel(self):
        self.keys(CTRL_C)
        self.expect(PROMPT)

    def leave(self):
        self.keys(CTRL_D)
        return self.end()


@pytest.fixture
def shell(tmp_path):
    with Shell(tmp_path) as started:
        yield started


def rows(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def test_a_statement_has_a_prompt_for_every_line_and_runs_at_its_semicolon(shell):
    assert shell.say("SELECT 1 AS one,", INSIDE) == ""
    assert rows(shell.say("2 AS two;"))[2:] == ["1 |   2", "(1 row)"]
    assert shell.leave()[1] == 0


def test_several_statements_in_a_line_run_and_one_that_fails_ends_nothing(shell):
    said = shell.say("SELECT 1 AS a; SELEC; SELECT 3 AS c;")
    assert "MR-2001 1:1" in said and rows(said)[-1] == "(1 row)" and " c\n" in said


def test_an_error_shows_the_place_with_a_caret_and_the_shell_goes_on(shell):
    said = shell.say("SELECT orgin FROM (VALUES ('x')) AS t(origin);")
    assert rows(said)[:4] == [
        "MR-2006 1:8: there is no column 'orgin' here",
        "1 | SELECT orgin FROM (VALUES ('x')) AS t(origin);",
        "|        ^^^^^",
        "Did you mean 'origin'?",
    ]
    assert "(1 row)" in shell.say("SELECT 1;")


def test_ctrl_c_cancels_what_is_typed_whatever_is_open(shell):
    shell.say("SELECT (1, 'abc", INSIDE)
    shell.type("more")
    shell.cancel()
    assert "(1 row)" in shell.say("SELECT 7;")


def test_ctrl_d_leaves_and_does_not_run_what_has_no_semicolon(shell):
    shell.say("SELECT 12345 + 1", INSIDE)
    said, status = shell.leave()
    assert status == 0 and "12346" not in said


@pytest.mark.parametrize("word", ["\\q", "exit", "quit;"])
def test_words_that_leave(shell, word):
    shell.keys(word + "\n")
    assert shell.end()[1] == 0


def test_arrow_up_brings_a_statement_of_several_lines_back_as_one(shell):
    shell.say("SELECT 40", INSIDE)
    shell.say("  + 2 AS answer;")
    shell.keys(UP)
    shell.expect("SELECT 40   + 2 AS answer;")
    assert "42" in shell.say("")


def test_history_lasts_is_private_and_is_there_although_the_shell_was_killed(tmp_path):
    with Shell(tmp_path) as first:
        first.say("SELECT 'first' AS w;")
        os.kill(first.process, signal.SIGKILL)
        first.end()
    file = tmp_path / ".millrace_history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text() == "SELECT 'first' AS w;\n"
    with Shell(tmp_path) as second:
        second.keys(UP)
        second.expect("SELECT 'first' AS w;")
        second.say("")
        second.say("SELECT 2;")
        second.keys(CTRL_R)
        second.keys("first")
        second.expect("SELECT 'first' AS w;")
        assert "first" in second.say("")
        second.leave()
    assert file.read_text() == "SELECT 'first' AS w;\nSELECT 2;\nSELECT 'first' AS w;\n"


def test_history_is_bounded(tmp_path):
    file = tmp_path / "history"
    file.write_text("".join(f"SELECT {n};\n" for n in range(20_000)))
    with Shell(tmp_path, MILLRACE_HISTORY=str(file)) as shell:
        shell.keys(UP)
        shell.expect("SELECT 19999;")
        shell.cancel()
        shell.leave()
    lines = file.read_text().splitlines()
    assert len(lines) == 5_000 and lines[-1] == "SELECT 19999;"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_tab_completes_keywords_in_the_case_in_which_they_were_begun(shell):
    shell.complete("sel", "ect ")
    assert "(1 row)" in shell.say("1;")
    shell.complete("SELECT 1 AS n GRO", "UP BY ")
    shell.cancel()
    shell.complete("EXPL", "AIN ")


def test_tab_completes_tables_columns_and_functions(shell):
    shell.say("CREATE TABLE flights (origin STRING, delay INT);")
    shell.complete("SELECT * FROM fl", "ights ")
    shell.complete("WHERE dela", "y ")
    shell.cancel()
    shell.complete("SELECT f.delay FROM flights AS f WHERE f.or", "igin ")
    shell.cancel()
    shell.complete("SELECT regexp_rep", "lace(")
    shell.cancel()
    shell.complete("SELECT * FROM sys.err", "ors ")


def test_columns_are_known_from_a_table_behind_the_cursor(shell):
    shell.say("CREATE TABLE flights (origin STRING, delay INT);")
    shell.type("SELECT  FROM flights;")
    shell.keys(CTRL_A + "\x06" * len("SELECT "))
    shell.keys("dela")
    shell.expect("a")  # and the rest of the line again
    time.sleep(0.5)  # a TAB that comes together with other keys counts as pasted
    shell.keys(TAB)
    shell.expect("y ")
    assert "(0 rows)" in shell.say("")


def test_tab_lists_what_is_possible_and_keeps_the_line(shell):
    shell.say("CREATE TABLE t (alpha INT, amber INT);")
    shell.complete("SELECT * FROM t WHERE a", "\n")
    listed = shell.expect(PROMPT + "SELECT * FROM t WHERE a").split()
    assert {"alpha", "amber", "abs("} <= set(listed)
    assert "(0 rows)" in shell.say("mber > 1;")


def test_tab_completes_options_and_their_values(shell):
    shell.complete("CREATE TABLE f (a INT) WITH (con", "'connector' = '")
    shell.complete("file", "system'")
    shell.complete(", 'pat", "h' = '")
    shell.complete("in.json', 'for", "mat' = '")
    shell.complete("js", "on'")
    assert rows(shell.say(");")) == ["CREATE TABLE"]


def test_tab_completes_settings_and_commands(shell):
    shell.complete("SET par", "'parallelism' = '")
    assert rows(shell.say("3';")) == ["SET"]
    shell.complete("SHOW 'par", "allelism'")
    assert "3" in shell.say(";")
    shell.complete("\\ti", "ming ")
    assert "timing is on" in shell.say("")


def test_commands_show_tables_views_and_functions(shell):
    shell.say("CREATE TABLE orders (id INT, PRIMARY KEY (id) NOT ENFORCED) COMMENT 'all of them';")
    shell.say("CREATE VIEW big AS SELECT id FROM orders WHERE id > 9;")
    said = shell.say("\\d")
    assert "big        | view" in said and "orders     | table | all of them" in said
    assert "id     | INT  | no       | PRIMARY KEY" in shell.say("\\d orders")
    assert "CREATE TABLE orders (\n  id INT" in shell.say("\\d+ orders;")
    assert "big" not in shell.say("\\dt") and "big" in shell.say("\\dv")
    shell.say("\\x off")
    said = shell.say("\\df upp*")
    assert "UPPER" in said and "(1 row)" in said
    assert "did you mean" in shell.say("\\d oders").lower()
    assert "| path |" in shell.say("\\h filesystem")
    assert "MR-2006 ColumnNotFound" in shell.say("\\h MR-2006")
    assert "\\watch" in shell.say("\\?")


def test_an_unknown_command_gets_the_nearest(shell):
    assert "there is no command '\\timming'" in (said := shell.say("\\timming"))
    assert "Did you mean \\timing?" in said


def test_a_script_is_run_and_its_errors_name_it(shell):
    (shell.folder / "good.sql").write_text("-- a comment\nCREATE TABLE t (a INT);\n\\dt\n"
                                           "INSERT INTO t VALUES (1);\nSELECT a + 41 AS b FROM t")
    said = shell.say("\\i good.sql")
    assert "CREATE TABLE" in said and "sys.errors" in said and "42" in said
    (shell.folder / "bad.sql").write_text("SELECT 1;\n\\dv\n\nSELECT nothing;\nSELECT 3;\n")
    said = shell.say("\\i bad.sql")
    assert "MR-2006 bad.sql:4:8" in said and said.count("(1 row)") == 1
    assert "MR-1002 nosuch.sql" in shell.say("\\i nosuch.sql")
    assert "needs the name of a file" in shell.say("\\i")
    (shell.folder / "self.sql").write_text("\\i self.sql\n")
    assert "MR-2003" in shell.say("\\i self.sql")


def test_timing_and_expanded_rows_and_formats(shell):
    assert "timing is on" in shell.say("\\timing")
    assert "time: " in shell.say("SELECT 1;")
    assert "timing is off" in shell.say("\\timing off")
    assert "a line per value: on" in shell.say("\\x")
    assert rows(shell.say("SELECT 1 AS a, NULL AS b;")) == [
        "-[ row 1 ]", "a | 1", "b | NULL", "(1 row)"]
    assert "auto" in shell.say("\\x auto")
    assert "neither" in shell.say("\\x maybe")
    shell.say("\\format jsonl")
    assert '{"a":1,"b":null}' in shell.say("SELECT 1 AS a, NULL AS b;")
    assert "Did you mean 'csv'" in shell.say("\\format cvs")


def test_settings_and_plans(shell):
    assert rows(shell.say("SET 'parallelism' = '2';")) == ["SET"]
    assert rows(shell.say("SHOW 'parallelism';"))[2] == "2"
    assert "Did you mean 'parallelism'?" in shell.say("SET 'paralelism' = '2';")
    said = shell.say("EXPLAIN SELECT origin, COUNT(*) FROM (VALUES ('x')) AS t(origin)"
                     " WHERE origin <> 'y' GROUP BY origin;")
    assert "Aggregate" in said


ENDLESS = "CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '50');"


def test_ctrl_c_ends_live_changes_and_the_shell_goes_on(shell):
    shell.say(ENDLESS)
    for query in ("SUBSCRIBE SELECT id FROM g;", "SELECT id FROM g EMIT CHANGES;"):
        shell.keys(query + "\n")
        shell.expect("+I")
        shell.keys(CTRL_C)
        shell.expect(" rows)")
        shell.expect(PROMPT)
    assert "(1 row)" in shell.say("SELECT 1;")


def test_ctrl_c_ends_an_endless_insert_which_says_how_far_it_came(shell):
    shell.say(ENDLESS)
    shell.say("CREATE TABLE kept (id BIGINT);")
    shell.keys("INSERT INTO kept SELECT id FROM g;\n")
    shell.expect("runs on")
    time.sleep(1)
    shell.keys(CTRL_C)
    shell.expect("note: kept: ")
    shell.expect("; stopped")
    shell.expect(PROMPT)
    assert rows(shell.say("SELECT COUNT(*) > 0 AS some FROM kept;"))[2] == "true"


def test_ctrl_c_ends_a_long_query_without_a_result(shell):
    shell.say("CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen',"
              " 'rows-per-second' = '100', 'number-of-rows' = '1000000');")
    shell.keys("SELECT COUNT(*) AS n FROM g;\n")
    shell.expect(" rows/s")
    shell.keys(CTRL_C)
    shell.expect("interrupted")
    assert "(1 row)" not in shell.expect(PROMPT)
    assert "(1 row)" in shell.say("SELECT 1;")


def test_watch_repeats_a_statement_until_ctrl_c(shell):
    shell.say("SELECT 5 AS n;")
    shell.keys("\\watch 0.2\n")
    for _ in range(3):
        shell.expect("every 0.2 s")
        shell.expect("(1 row)")
    shell.cancel()
    shell.keys("SELECT 6 AS six \\watch 0.1\n")
    shell.expect("six")
    shell.expect("every 0.1 s")
    shell.cancel()
    assert "seconds" in shell.say("\\watch often")


SCRIPT = """-- Tables.
CREATE TABLE t (
\tid INT,\t-- the key
\tword STRING
);
/* rows */ INSERT INTO t VALUES (1, 'it''s; fine');

SELECT id,
\tword
FROM t;
"""


@pytest.mark.parametrize("before, after", [("", ""), ("\x1b[200~", "\x1b[201~")])
def test_a_script_is_pasted_with_comments_and_tabs(shell, before, after):
    shell.keys(before + SCRIPT + after)
    assert "MR-" not in shell.expect("(1 row)")
    shell.expect(PROMPT)
    assert "it's; fine" in shell.say("SELECT word FROM t;")


def test_wide_characters_and_nulls_stand_in_line(shell):
    said = shell.say("SELECT * FROM (VALUES ('日本語', 1), ('e\u0301te\u0301', 22), ('👍🏽', 333),"
                     " (NULL, NULL), ('line\nbreak', 4)) AS v(word, n);")
    assert rows(said[said.index("---"):])[1:] == [
        "日本語      |    1",
        "e\u0301te\u0301         |   22",
        "👍🏽          |  333",
        "NULL        | NULL",
        "line\\nbreak |    4",
        "(5 rows)",
    ]


def test_a_row_that_is_too_wide_becomes_a_line_per_value(tmp_path):
    with Shell(tmp_path, columns=30) as shell:
        said = shell.say("SELECT 1 AS id, 'a text of some length' AS words, 2.5 AS price;")
        assert "-[ row 1 ]" in said and "words | a text of some length" in said
        assert "-[ row" not in shell.say("SELECT 1 AS id, 2 AS n;")
        shell.say("\\x off")
        said = shell.say("SELECT 1 AS id, 'a text of some length' AS words, 2 AS n;")
        assert "-[ row" not in said


def test_a_text_of_a_hundred_thousand_letters_is_printed_whole(shell):
    said = shell.say("SELECT REPEAT('abcdefghij', 10000) AS long;")
    assert "abcdefghij" * 10_000 in said


def test_the_progress_line_fits_a_narrow_terminal_and_is_wiped(tmp_path):
    with Shell(tmp_path, columns=40) as shell:
        shell.say("CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen',"
                  " 'rows-per-second' = '1000', 'number-of-rows' = '2500');")
        said = shell.say("SELECT COUNT(*) AS n FROM g;")
        assert "2500" in said
    lines = shell.raw.decode().split("\r\x1b[K")
    shown = [line for line in lines if " rows/s" in line]
    assert shown and all(len(line) < 40 for line in shown)


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"NO_COLOR": "1"}])
def test_plain_terminals_get_plain_text(tmp_path, environment):
    with Shell(tmp_path, **environment) as shell:
        assert "(1 row)" in shell.say("SELECT 1;")
        assert shell.leave()[1] == 0
    raw = shell.raw.decode()
    assert "\x1b[3" not in raw  # no colours
    if environment == {"TERM": "dumb"}:
        assert "\x1b" not in raw


def test_the_temporary_directory_goes_when_the_shell_is_ended(tmp_path):
    place = tmp_path / "temporary"
    place.mkdir()
    with Shell(tmp_path, TMPDIR=str(place)) as shell:
        assert len(list(place.iterdir())) == 1
        os.kill(shell.process, signal.SIGTERM)
        assert shell.end()[1] == 0
    assert list(place.iterdir()) == []


def test_the_shell_ends_when_it_is_told_to_while_something_runs(shell):
    shell.say(ENDLESS)
    shell.keys("SUBSCRIBE SELECT id FROM g;\n")
    shell.expect("+I")
    os.kill(shell.process, signal.SIGTERM)
    said, status = shell.end()
    assert " rows)" in said and status == 0


def test_what_a_shell_makes_stays_in_its_data_directory(tmp_path):
    with Shell(tmp_path, "--data", "kept") as shell:
        shell.say("CREATE TABLE t (a INT);")
        shell.say("INSERT INTO t VALUES (1);")
        shell.say("INSERT INTO t VALUES (1);")
        shell.leave()
    with Shell(tmp_path, "--data", "kept") as shell:
        assert "(2 rows)" in shell.say("SELECT * FROM t;")


def run(folder, *arguments, given=None):
    return subprocess.run([PROGRAM, "sql", *arguments], capture_output=True, text=True,
                          cwd=folder, input=given, timeout=120)


def test_a_pipe_is_run_statement_by_statement_without_prompts(tmp_path):
    done = run(tmp_path, given="SELECT 1 AS a;\n\\dv\nSELECT 2\n  AS b")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == (" a\n---\n 1\n(1 row)\n name | kind | comment\n------+------+---------\n"
                           "(0 rows)\n b\n---\n 2\n(1 row)\n")


def test_a_pipe_ends_with_the_first_error_and_its_line(tmp_path):
    done = run(tmp_path, given="SELECT 1 AS a;\n\n-- next\nSELECT x;\nSELECT 3 AS c;\n")
    assert done.returncode == 1 and "MR-2006 stdin:4:8" in done.stderr
    assert "c" not in done.stdout


def test_a_pipe_gives_one_document_of_json(tmp_path):
    given = "SELECT 1 AS a; CREATE TABLE t (x INT);\nSELECT 2 AS b"
    done = run(tmp_path, "-o", "json", given=given)
    assert [result["rows"] for result in json.loads(done.stdout)["results"]] == [
        [{"a": 1}], [{"b": 2}]]


def test_commands_and_files_may_be_given(tmp_path):
    (tmp_path / "s.sql").write_text("\\x on\nSELECT 1 AS a, 'x' AS b;\n")
    done = run(tmp_path, "-c", "\\dv", "-c", "SELECT 2 AS two", "-f", "s.sql")
    assert done.returncode == 0, done.stderr
    assert "(0 rows)" in done.stdout and " two\n" in done.stdout
    assert "-[ row 1 ]\na | 1\nb | x\n" in done.stdout
    assert run(tmp_path, "-c", "\\nosuch").returncode == 1
    assert run(tmp_path, "-f", "nosuch.sql").returncode == 3
