"""What people read when they made a mistake: code, place, remedy."""

import subprocess
import time

import pytest

MISTAKES = {
    "SELECT orgin FROM t;": """\
MR-2006 script.sql:2:8: there is no column 'orgin' here
  2 | SELECT orgin FROM t;
    |        ^^^^^
  Did you mean 'origin'?""",
    "SELECT * FROM tt;": None,
    "SELECT UPER('a');": None,
    "SELECT 'abc": None,
    "CREATE TABLE x (a INT) WITH ('connector' = 'filesystm');": None,
    "CREATE TABLE x (a INT)"
    " WITH ('connector' = 'filesystem', 'format' = 'json', 'pth' = 'a');": None,
    "CREATE TABLE x (a INT) WITH ('connector' = 'filesystem', 'format' = 'json');": None,
    "CREATE TABLE x (a INTT);": None,
    "SELECT origin + 1 FROM t;": None,
    "SELECT a FROM (VALUES (1)) AS v(a) FORM x;": None,
    "SET 'paralelism' = '2';": None,
    "SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS TRUE);": None,
}
CODES = ["MR-2006", "MR-2005", "MR-2007", "MR-2002", "MR-6001", "MR-2010", "MR-2012", "MR-2023",
         "MR-20", "MR-2001", "MR-2022", "MR-2004"]


@pytest.mark.parametrize("statement, code", list(zip(MISTAKES, CODES)))
def test_a_mistake_in_sql_has_its_code_and_place(millrace, statement, code):
    text = millrace.error("CREATE TABLE t (origin STRING);\n" + statement)
    assert text.startswith(code)
    if MISTAKES[statement] is not None:
        assert text == MISTAKES[statement]


def test_ten_thousand_levels_are_refused_not_a_crash(millrace):
    for deep in ("(" * 10_000 + "1" + ")" * 10_000, "NOT " * 10_000 + "TRUE",
                 "CASE WHEN TRUE THEN " * 10_000 + "1" + " END" * 10_000):
        assert millrace.error(f"SELECT {deep};").startswith("MR-2003")


def files(millrace, path, fmt="json"):
    return millrace.error(
        f"CREATE TABLE f (a BIGINT)"
        f" WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = '{fmt}');"
        "SELECT * FROM f;"
    )


def test_files_that_cannot_be_read_are_named(millrace):
    (millrace.folder / "lines.json").write_text('{"a": 1}\n')
    missing = files(millrace, "line.json")
    assert missing.startswith("MR-1002") and "lines.json" in missing
    (millrace.folder / "cut.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    assert files(millrace, "cut.parquet", "parquet").startswith("MR-6003")


def test_a_data_directory_in_use_is_refused(millrace):
    command = millrace.command(
        "CREATE TABLE s (a BIGINT); INSERT INTO s SELECT a FROM s;", durable=True
    )
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             cwd=millrace.folder)
    try:
        deadline = time.monotonic() + 20
        while not (millrace.data / "lock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        assert millrace.error("SELECT 1;", durable=True).startswith("MR-1010")
    finally:
        first.terminate()
        assert first.wait(30) == 130 or first.returncode == 0
