"""Connectors: made-up rows, files written exactly once, and what is said of input that is wrong."""

import json
import os
import random
import signal
import subprocess

import pytest

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


def test_rows_that_change_cannot_be_written_to_files(millrace):
    assert millrace.error(orders() + """
      CREATE TABLE totals (kind STRING, n BIGINT)
        WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json');
      INSERT INTO totals SELECT kind, COUNT(*) FROM orders GROUP BY kind;""").startswith("MR-2019")
    assert not (millrace.folder / "out").exists()
