"""Connectors: made-up rows, files written exactly once, and what is said of input that is wrong."""

import json
import os
import random
import re
import signal
import subprocess
import time

import pytest
from conftest import PROGRAM, ROOT

KILLS = 100 if os.environ.get("MILLRACE_TEST_DEPTH") == "full" else 8

ORDERS = """
CREATE TABLE orders (id BIGINT, kind STRING, price DECIMAL(10,2), at TIMESTAMP(3)) WITH (
  'connector' = 'datagen', 'rows-per-second' = 'RATE', 'number-of-rows' = '6000',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '1000000',
  'fields.kind.length' = '1', 'fields.price.min' = '1', 'fields.price.max' = '100');
"""


def orders(rate=1_000_000):
    return ORDERS.replace("RATE", str(rate))


def by_id(rows):
    return sorted(rows, key=lambda row: row["id"])


def visible(folder):
    """The files that a reader of the folder sees."""
    return sorted(path for path in folder.rglob("part-*") if ".millrace" not in path.parts)


def test_made_up_rows_are_the_same_in_every_run(millrace):
    first = by_id(millrace.rows(orders() + "SELECT * FROM orders;"))
    assert [row["id"] for row in first] == list(range(1, 6001))
    again = millrace.rows(orders() + "SELECT * FROM orders;",
                          extra=("--parallelism", "3", "--set", "batch.rows=7"))
    assert by_id(again) == first


@pytest.mark.parametrize("fmt", ["json", "csv", "parquet"])
def test_what_is_written_is_read_back(millrace, fmt):
    rows = millrace.rows(orders() + f"""
      CREATE TABLE copy WITH ('connector' = 'filesystem', 'path' = 'copy', 'format' = '{fmt}')
        AS SELECT * FROM orders;
      SELECT * FROM copy;""")
    assert by_id(rows) == by_id(millrace.rows(orders() + "SELECT * FROM orders;"))
    assert [path.suffix for path in visible(millrace.folder / "copy")] == [f".{fmt}"]


def test_folders_of_a_partitioned_table_are_columns_again(millrace):
    rows = millrace.rows(orders() + """
      CREATE TABLE copy (id BIGINT, kind STRING, price DECIMAL(10,2)) PARTITIONED BY (kind)
        WITH ('connector' = 'filesystem', 'path' = 'copy', 'format' = 'json');
      INSERT INTO copy (price, id, kind) SELECT price, id, kind FROM orders;
      SELECT kind, COUNT(*) AS n FROM copy GROUP BY kind ORDER BY kind;""")
    assert len(rows) == 16 and sum(row["n"] for row in rows) == 6000
    parts = visible(millrace.folder / "copy")
    assert [path.parent.name for path in parts] == [f"kind={kind:x}" for kind in range(16)]
    assert set(json.loads(parts[0].read_text().splitlines()[0])) == {"id", "price"}


def test_kill_9_at_any_moment_writes_every_row_once(millrace):
    script = orders(rate=20_000) + """
      SET 'epoch.interval' = '10 ms';
      CREATE TABLE copy (id BIGINT, kind STRING) WITH ('connector' = 'filesystem',
        'path' = 'copy', 'format' = 'json', 'sink.rolling-policy.file-size' = '1 KB');
      INSERT INTO copy SELECT id, kind FROM orders;"""
    killed = 0
    for _ in range(KILLS * 20):
        process = subprocess.Popen(
            millrace.command(script, durable=True),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=millrace.folder, text=True,
        )
        try:
            process.wait(random.uniform(0.02, 0.2) if killed < KILLS else 60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            seen = [json.loads(line)["id"] for path in visible(millrace.folder / "copy")
                    for line in path.read_text().splitlines()]
            assert len(seen) == len(set(seen))
            continue
        assert process.returncode == 0, process.stderr.read()
        seen = [json.loads(line)["id"] for path in visible(millrace.folder / "copy")
                for line in path.read_text().splitlines()]
        assert sorted(seen) == list(range(1, 6001))
        if killed >= KILLS:
            return
        subprocess.run(["rm", "-rf", str(millrace.data), str(millrace.folder / "copy")], check=True)
    pytest.fail("the job was never killed often enough")


def test_a_job_that_is_stopped_leaves_its_files_and_goes_on(millrace):
    script = """
      CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '5000',
        'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '1000000');
      CREATE TABLE copy (n BIGINT)
        WITH ('connector' = 'filesystem', 'path' = 'copy', 'format' = 'csv');
      INSERT INTO copy SELECT n FROM numbers;"""
    command = millrace.command(script, durable=True, extra=("--parallelism", "1"))
    for run in range(1, 4):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   cwd=millrace.folder, text=True)
        time.sleep(0.6)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130, process.stderr.read()
        parts = visible(millrace.folder / "copy")
        assert len(parts) == run
        seen = sorted(int(line) for path in parts for line in path.read_text().splitlines())
        assert seen == list(range(1, len(seen) + 1)) and len(seen) > run * 100


def test_columns_that_an_insert_does_not_name_are_null_wherever_they_stand(millrace):
    for table in ("WITH ('format' = 'csv')",
                  "WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv')"):
        assert millrace.rows(f"""
          CREATE TABLE t (a INT, b INT, c INT) {table};
          INSERT INTO t (c, a) VALUES (1, 2);
          SELECT * FROM t;""") == [{"a": 2, "b": None, "c": 1}]


def test_rows_that_change_cannot_be_written_to_files(millrace):
    assert millrace.error(orders() + """
      CREATE TABLE totals (kind STRING, n BIGINT)
        WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
      INSERT INTO totals SELECT kind, COUNT(*) FROM orders GROUP BY kind;""").startswith("MR-2019")
    assert not (millrace.folder / "out").exists()


# ---- input that is wrong ----

FILES = {
    "ok.json": b'{"a": 1}\n',
    "empty.json": b"",
    "empty.parquet": b"",
    "noise": bytes(range(256)) * 100,
    "cut.parquet": b"PAR1" + b"\0" * 1000,
    "zipped.json": b"\x1f\x8b\x08\0" + b"\1\2\3\0" * 100,
    "document.json": b'{"rows": [{"a": 1}]}',
    "header.csv": b"id,name\n1,2\n",
    "nothing/.hidden": b"",
    "deep/x/y.json": b'{"a": 7}\n',
    "flat/z.json": b'{"a": 7}\n',
}
WRONG_FILES = [
    ("missing.json", "json", "", """\
MR-1002 f: there is no file 'missing.json'
  Known are: FOLDER."""),
    ("okk.json", "json", "", """\
MR-1002 f: there is no file 'okk.json'
  Did you mean 'ok.json'?"""),
    ("nowhere/ok.json", "json", "", """\
MR-1002 f: there is no file 'nowhere/ok.json'
  Check option 'path'."""),
    ("*/*.jsn", "json", "", """\
MR-1002 f: there is no file '*/*.jsn'
  Check option 'path'."""),
    ("empty.parquet", "parquet", "", """\
MR-6003 empty.parquet: the file is empty
  Check the path and the option 'format'."""),
    ("cut.parquet", "parquet", "", """\
MR-6003 cut.parquet: the Parquet file is cut short: its end is missing
  Write or copy the file again."""),
    ("ok.json", "parquet", "", """\
MR-6003 ok.json: the file is no Parquet file
  Check the path and the option 'format'."""),
    ("noise", "json", "", """\
MR-6003 noise: the file is binary data, not JSON text
  Give a file of JSON text."""),
    ("noise", "csv", "", """\
MR-6003 noise: the file is binary data, not CSV text
  Give a file of text."""),
    ("zipped.json", "json", "", """\
MR-6003 zipped.json: the file is gzip data, not JSON text
  Give a file of JSON text."""),
    ("document.json", "json", ", 'json.path' = '$.lines[*]'", """\
MR-6003 document.json: the document has no member 'lines' there
  Check the option 'json.path'."""),
    ("header.csv", "csv", ", 'csv.header' = 'true'", """\
MR-2006 header.csv:1: the header of the file has no column 'a'
  Known are: id, name."""),
]


def write_files(folder):
    for name, content in FILES.items():
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def reading(path, fmt="json", options=""):
    return (f"CREATE TABLE f (a BIGINT) WITH ('connector' = 'filesystem', 'path' = '{path}',"
            f" 'format' = '{fmt}'{options}); SELECT * FROM f;")


@pytest.mark.parametrize("path, fmt, options, message", WRONG_FILES)
def test_a_file_that_cannot_be_read_is_named_with_a_remedy(millrace, path, fmt, options, message):
    write_files(millrace.folder)
    text = millrace.error(reading("in/" + path, fmt, options)).replace("in/", "")
    if "FOLDER" in message:
        message = message[:message.index("FOLDER")]
        text = text[:len(message)]
    assert text == message


@pytest.mark.parametrize("path, rows", [
    ("in/ok.json", [{"a": 1}]), ("in/empty.json", []), ("in/nothing", []),
    ("in/deep", [{"a": 7}]), ("in/flat/", [{"a": 7}]), ("in/*/*.json", [{"a": 7}]),
    ("in/d*/x/?.json", [{"a": 7}]), ("in/[ok].json", None),
])
def test_paths_mean_files_folders_and_patterns(millrace, path, rows):
    write_files(millrace.folder)
    if rows is None:
        assert millrace.error(reading(path)).startswith("MR-1002 f: ")
    else:
        assert millrace.rows(reading(path)) == rows


BAD_ROWS = '{"a": 1, "t": "7"}\n{"a": "x", "t": "8"}\n{"a": 3, "t": "nine"}\n{"a":\n'
WRITTEN = "SELECT a, n FROM copy ORDER BY n;"


def with_bad_rows(millrace, on_error):
    (millrace.folder / "bad.json").write_text(BAD_ROWS)
    return f"""
      CREATE TABLE f (a BIGINT, t STRING, n AS CAST(t AS BIGINT)) WITH ('connector' = 'filesystem',
        'path' = 'bad.json', 'format' = 'json', 'on-error' = '{on_error}');
      CREATE TABLE copy (a BIGINT, n BIGINT);
      INSERT INTO copy SELECT a, n FROM f;"""


def errors(millrace):
    return [row["place"] for row in millrace.rows("SELECT place FROM sys.errors;", durable=True)]


def test_bad_rows_go_to_sys_errors(millrace):
    done = millrace.run(with_bad_rows(millrace, "dead-letter"), durable=True)
    assert done.returncode == 0 and "3 rejected (see sys.errors)" in done.stderr
    assert millrace.rows(WRITTEN, durable=True) == [{"a": 1, "n": 7}]
    assert sorted(errors(millrace)) == ["bad.json:2", "bad.json:3", "bad.json:4"]


def test_bad_rows_may_be_skipped_and_counted(millrace):
    done = millrace.run(with_bad_rows(millrace, "skip"), durable=True)
    assert done.returncode == 0 and "3 skipped" in done.stderr
    assert millrace.rows(WRITTEN, durable=True) == [{"a": 1, "n": 7}]
    assert errors(millrace) == []


def test_what_cannot_be_converted_or_computed_may_be_null(millrace):
    done = millrace.run(with_bad_rows(millrace, "null"), durable=True)
    assert done.returncode == 0 and "1 rejected (see sys.errors)" in done.stderr
    rows = millrace.rows("SELECT a, n FROM copy;", durable=True)
    assert sorted(rows, key=str) == sorted(
        [{"a": 1, "n": 7}, {"a": None, "n": 8}, {"a": 3, "n": None}], key=str)
    assert errors(millrace) == ["bad.json:4"]


def test_a_bad_row_may_end_the_job(millrace):
    text = millrace.error(with_bad_rows(millrace, "fail"), durable=True)
    assert text == """\
MR-5004 bad.json:2: column 'a': 'x' is not a BIGINT
  Correct the row, or let the table go on with 'on-error' = 'dead-letter'."""
    assert millrace.rows("SELECT * FROM copy;", durable=True) == []


def test_rows_may_be_read_slowly_from_any_connector(millrace):
    (millrace.folder / "in.json").write_text('{"a": 1}\n' * 50)
    for source in ("'connector' = 'filesystem', 'path' = 'in.json', 'format' = 'json'",
                   "'connector' = 'datagen', 'number-of-rows' = '50'",
                   "'connector' = 'nexmark', 'events.num' = '50'"):
        columns = "" if "nexmark" in source else "(a BIGINT)"
        began = time.monotonic()
        millrace.rows(f"CREATE TABLE t {columns} WITH ({source},"
                      " 'scan.rows-per-second' = '100'); SELECT COUNT(*) FROM t;",
                      extra=("--parallelism", "1"))
        assert 0.4 < time.monotonic() - began < 5


# ---- the reference pages ----

def page(name):
    return (ROOT / "docs/reference" / f"{name}.md").read_text()


@pytest.mark.parametrize("name, word", [
    *[("connectors", word) for word in
      ("table", "log", "filesystem", "datagen", "nexmark", "print", "blackhole")],
    *[("formats", word) for word in ("json", "csv", "parquet")],
])
def test_the_reference_shows_the_options_as_help_prints_them(name, word):
    text = subprocess.run([PROGRAM, "help", word], capture_output=True, text=True, check=True)
    assert text.stdout.rstrip() in page(name)


EXAMPLES = [
    example for name in ("connectors", "formats")
    for example in re.findall(r"^```sql\n(.*?)^```\n```\n(.*?)^```$", page(name), re.M | re.S)
]


@pytest.mark.parametrize("sql, output", EXAMPLES)
def test_the_examples_of_the_reference_print_what_it_says(millrace, sql, output):
    done = millrace.run(sql, output="table")
    assert done.returncode == 0, done.stderr
    assert done.stdout == output
