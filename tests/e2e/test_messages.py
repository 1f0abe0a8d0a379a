"""What people read when they made a mistake: code, place, remedy, word for word.

The cases stand in messages/*.txt: `== NAME`, the script, `--`, and what it must print on stderr; in
messages/commands/*.txt a command stands in place of the script, and its exit code is printed first.
MILLRACE_TEST_UPDATE=1 writes down what it prints now instead.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from conftest import PROGRAM

HERE = Path(__file__).parent / "messages"
UPDATE = os.environ.get("MILLRACE_TEST_UPDATE") == "1"


def read_cases(pattern):
    for path in sorted(HERE.glob(pattern)):
        for block in path.read_text().split("\n== ")[1:]:
            name, _, rest = block.partition("\n")
            script, _, expected = rest.partition("\n--\n")
            yield path, name, script + "\n", expected.strip("\n")


CASES = list(read_cases("*.txt"))
COMMANDS = list(read_cases("commands/*.txt"))


def make_files(folder):
    (folder / "lines.json").write_text('{"id": 1, "at": "2024-01-01 00:00:00"}\n')
    (folder / "empty.json").write_text("")
    (folder / "folder.json").mkdir()
    (folder / "cut.parquet").write_bytes(b"PAR1" + b"\0" * 100)
    (folder / "binary.json").write_bytes(bytes(range(256)) * 8)
    (folder / "array.json").write_text('[{"id": 1}, {"id": 2}')
    (folder / "short.csv").write_text("1,a\n2\n")
    (folder / "words.csv").write_text("1,a\ntwo,b\n")
    (folder / "hollow.parquet").write_bytes(b"PAR1" + b"\0" * 96 + b"PAR1")
    (folder / "file").write_text("not a folder\n")


def write_down(path, name, printed):
    text = path.read_text()
    start = text.index(f"\n== {name}\n")
    at = text.index("\n--\n", start) + len("\n--\n")
    end = text.find("\n== ", at)
    path.write_text(text[:at] + printed + "\n" + ("" if end < 0 else text[end:]))


@pytest.mark.parametrize("path, name, script, expected", CASES, ids=[case[1] for case in CASES])
def test_a_mistake_is_told_with_code_place_and_remedy(millrace, path, name, script, expected):
    make_files(millrace.folder)
    # The folder of an output has the name of a run in it.
    printed = re.sub(r"\b[0-9a-f]{16}\b", "RUN", millrace.error(script))
    if UPDATE:
        write_down(path, name, printed)
    else:
        assert printed == expected


@pytest.fixture(scope="module")
def folder_of_commands(tmp_path_factory):
    """The files, and a data directory `d` with topic `orders`."""
    folder = tmp_path_factory.mktemp("commands")
    make_files(folder)
    subprocess.run([PROGRAM, "run", "-q", "-c", "CREATE TABLE orders (id BIGINT);", "--data", "d"],
                   cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("path, name, command, expected", COMMANDS,
                         ids=[case[1] for case in COMMANDS])
def test_a_wrong_command_is_told_what_is_right(folder_of_commands, path, name, command, expected):
    done = subprocess.run([PROGRAM, *shlex.split(command)[1:]], capture_output=True, text=True,
                          cwd=folder_of_commands, stdin=subprocess.DEVNULL, timeout=60)
    assert done.stdout == ""
    printed = f"exit {done.returncode}\n{done.stderr.strip()}"
    if UPDATE:
        write_down(path, name, printed)
    else:
        assert printed == expected


def test_ten_thousand_levels_are_refused_not_a_crash(millrace):
    for deep in ("(" * 10_000 + "1" + ")" * 10_000, "NOT " * 10_000 + "TRUE",
                 "CASE WHEN TRUE THEN " * 10_000 + "1" + " END" * 10_000):
        assert millrace.error(f"SELECT {deep};").startswith("MR-2003")


def test_a_bad_row_far_inside_is_named_by_its_line_and_the_others_count(millrace):
    with (millrace.folder / "big.json").open("w") as file:
        for line in range(1, 1_300_001):
            file.write("{broken\n" if line == 1_234_567 else '{"id":%d}\n' % line)
    done = millrace.run("""
        CREATE TABLE big (id BIGINT) WITH ('connector' = 'filesystem', 'path' = 'big.json',
                                           'format' = 'json');
        SELECT COUNT(*) AS n FROM big;
        SELECT code, reason, source, place, raw FROM sys.errors;""")
    assert done.returncode == 0
    assert "note: 1 row could not be computed: see sys.errors" in done.stderr.splitlines()
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"n": 1_299_999},
        {"code": "MR-3004",
         "reason": "the row is not one JSON object: a bracket is never closed",
         "source": "big", "place": "big.json:1234567", "raw": "{broken"}]


def test_a_row_without_event_time_is_rejected_and_one_far_ahead_is_told(millrace):
    (millrace.folder / "times.json").write_text(
        '{"id": 1, "at": "2024-01-01 00:00:00"}\n'
        '{"id": 2}\n'
        '{"id": 3, "at": "2999-01-01 00:00:00"}\n')
    done = millrace.run("""
        CREATE TABLE t (id BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at)
          WITH ('connector' = 'filesystem', 'path' = 'times.json', 'format' = 'json');
        SELECT COUNT(*) AS n, window_start FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(at),
          INTERVAL '1' MINUTE)) GROUP BY window_start, window_end;
        SELECT code, reason, place FROM sys.errors;""")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == [{"n": 1, "window_start": "2024-01-01 00:00:00.000"},
                    {"n": 1, "window_start": "2999-01-01 00:00:00.000"},
                    {"code": "MR-3006", "reason": "the event time is NULL",
                     "place": "times.json:2"}]
    assert ("note: MR-3007 times.json:3: the event time 2999-01-01 00:00:00.000 lies more than"
            " 86400 s ahead of the clock") in done.stderr


def test_a_row_a_year_ahead_is_told_and_counts(millrace):
    ahead = datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None) + timedelta(days=365)
    (millrace.folder / "ahead.json").write_text(
        '{"id": 1, "at": "2024-01-01 00:00:00"}\n{"id": 2, "at": "%s"}\n' % ahead)
    done = millrace.run("""
        CREATE TABLE t (id BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at)
          WITH ('connector' = 'filesystem', 'path' = 'ahead.json', 'format' = 'json');
        SELECT COUNT(*) AS n FROM t;
        SELECT code FROM sys.errors;""")
    assert done.returncode == 0
    assert done.stdout.splitlines() == ['{"n":2}']
    assert (f"note: MR-3007 ahead.json:2: the event time {ahead}.000 lies more than 86400 s ahead"
            " of the clock") in done.stderr.splitlines()


def test_a_row_far_ahead_in_endless_input_is_rejected_as_it_was(millrace):
    table = "CREATE TABLE t (id BIGINT, at TIMESTAMP(3), WATERMARK FOR at AS at);"
    millrace.rows(table + """
        INSERT INTO t VALUES (1, TIMESTAMP '2999-01-01 00:00:00'),
                             (2, TIMESTAMP '2024-01-01 00:00:00');""", durable=True)
    watching = subprocess.Popen(
        millrace.command(table + "SUBSCRIBE SELECT id, at FROM t;", durable=True),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=millrace.folder)
    first = json.loads(watching.stdout.readline())
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=60)
    assert first["id"] == 2
    (error,) = millrace.rows("SELECT code, reason, place, raw FROM sys.errors;", durable=True)
    assert error == {
        "code": "MR-3007", "place": "t-0@0",
        "reason": "the event time 2999-01-01 00:00:00.000 lies more than 86400 s"
                  " ahead of the clock",
        "raw": '{"id":1,"at":"2999-01-01 00:00:00.000"}'}


def test_a_data_directory_in_use_is_refused(millrace):
    command = millrace.command(
        "CREATE TABLE s (a BIGINT); CREATE TABLE t (a BIGINT); INSERT INTO t SELECT a FROM s;",
        durable=True)
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             cwd=millrace.folder)
    try:
        deadline = time.monotonic() + 20
        while not (millrace.data / "lock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        assert millrace.error("SELECT 1;", durable=True) == (
            "MR-1010 data/lock: another process holds the lock\n"
            "  Stop that process, or name another folder.")
    finally:
        first.terminate()
        assert first.wait(30) in (130, 0)


def test_of_two_rows_of_one_key_the_newer_stays(millrace):
    rows = millrace.rows("""
        CREATE TABLE k (k STRING, n BIGINT, PRIMARY KEY (k) NOT ENFORCED);
        INSERT INTO k VALUES ('a', 1), ('b', 1), ('a', 2);
        INSERT INTO k VALUES ('a', 3);
        SELECT k, n FROM k ORDER BY k;
        SELECT COUNT(*) AS n FROM k;
        SELECT * FROM sys.errors;""")
    assert rows == [{"k": "a", "n": 3}, {"k": "b", "n": 1}, {"n": 2}]


def test_rows_that_cannot_be_read_are_kept_with_their_bytes_and_reasons(millrace):
    (millrace.folder / "rows.json").write_text(
        '{"a": 1}\n{"a": "x"}\n{"a": 2\n[1]\nnull\n{"a": 99999999999999999999}\n'
        '{"a": 3} {"a": 4}\n{"a": 5}\n')
    (millrace.folder / "rows.csv").write_text('1,one\nx,two\n3,three,more\n"4,four\n')
    rows = millrace.rows("""
        CREATE TABLE j (a BIGINT)
          WITH ('connector' = 'filesystem', 'path' = 'rows.json', 'format' = 'json');
        CREATE TABLE c (a BIGINT, b STRING)
          WITH ('connector' = 'filesystem', 'path' = 'rows.csv', 'format' = 'csv');
        SELECT a FROM j;
        SELECT a, b FROM c;
        SELECT code, place, reason, raw FROM sys.errors;""")
    assert rows[:3] == [{"a": 1}, {"a": 5}, {"a": 1, "b": "one"}]
    whole = "the row is not one JSON object: "
    assert [tuple(row.values()) for row in rows[3:]] == [
        ("MR-3003", "rows.json:2", "column 'a': 'x' is not a BIGINT", '{"a": "x"}'),
        ("MR-3004", "rows.json:3", whole + "a bracket is never closed", '{"a": 2'),
        ("MR-3004", "rows.json:4", whole + "it is no object", "[1]"),
        ("MR-3004", "rows.json:5", whole + "it is no object", "null"),
        ("MR-3001", "rows.json:6",
         "column 'a': '99999999999999999999' is out of the range of BIGINT",
         '{"a": 99999999999999999999}'),
        ("MR-3004", "rows.json:7", whole + "something follows it", '{"a": 3} {"a": 4}'),
        ("MR-3003", "rows.csv:2", "column 'a': 'x' is not a BIGINT", "x,two"),
        ("MR-3004", "rows.csv:3", "the row has 3 fields, expected are 2", "3,three,more"),
        ("MR-3004", "rows.csv:4", "a quote is never closed", '"4,four'),
    ]


@pytest.mark.parametrize("path", ["empty.json", "folder.json"])
def test_a_file_or_folder_with_nothing_in_it_has_no_rows(millrace, path):
    make_files(millrace.folder)
    done = millrace.run(f"""
        CREATE TABLE f (id BIGINT)
          WITH ('connector' = 'filesystem', 'path' = '{path}', 'format' = 'json');
        SELECT COUNT(*) AS n FROM f;""")
    assert (done.returncode, done.stdout) == (0, '{"n":0}\n')
