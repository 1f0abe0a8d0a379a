"""The main job on real data, against SQLite, and through kill -9."""

import os
import random
import signal
import sqlite3
import subprocess

import pytest
from conftest import DATA

KILLS = 100 if os.environ.get("MILLRACE_TEST_DEPTH") == "full" else 5

TABLES = f"""
CREATE TABLE flights (
  `date` TIMESTAMP(3), delay BIGINT, distance BIGINT, origin STRING, destination STRING,
  arrival AS `date` + delay * INTERVAL '1' MINUTE,
  WATERMARK FOR arrival AS arrival - INTERVAL '30' DAY
) WITH ('connector' = 'filesystem', 'path' = '{DATA}/flights-20k.json', 'format' = 'json' RATE);
CREATE TABLE hours (
  origin STRING, window_start TIMESTAMP(3), flights BIGINT, late BIGINT, worst BIGINT
);
"""
INSERT = """
INSERT INTO hours
SELECT origin, window_start, COUNT(*), COUNT(*) FILTER (WHERE delay > 15), MAX(delay)
FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(arrival), INTERVAL '1' HOUR))
GROUP BY window_start, window_end, origin;
"""
RESULT = "SELECT origin, window_start, flights, late, worst FROM hours;"


def tables(rate=None):
    return TABLES.replace(" RATE", f", 'scan.rows-per-second' = '{rate}'" if rate else "")


@pytest.fixture(scope="module")
def expected():
    """The same query by SQLite."""
    import json

    rows = json.loads((DATA / "flights-20k.json").read_text())
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE flights (arrival INTEGER, delay INTEGER, origin TEXT)")
        database.executemany(
            "INSERT INTO flights VALUES "
            "(strftime('%s', replace(?, '/', '-') || ':00') + ? * 60, ?, ?)",
            [(row["date"], row["delay"], row["delay"], row["origin"]) for row in rows],
        )
        return sorted(database.execute(
            "SELECT origin,"
            " strftime('%Y-%m-%d %H:%M:%S.000', arrival - arrival % 3600, 'unixepoch'), count(*),"
            " sum(delay > 15), max(delay) FROM flights GROUP BY 1, 2"
        ))


def result(millrace, **options):
    return sorted(tuple(row.values()) for row in millrace.rows(RESULT, **options))


def test_hours_agree_with_sqlite(millrace, expected):
    millrace.rows(tables() + INSERT, durable=True)
    assert result(millrace, durable=True) == expected


@pytest.mark.parametrize("settings", [
    ("batch.rows=1", "parallelism=1"), ("batch.rows=7", "parallelism=4"), ("optimizer=off",),
])
def test_neither_batches_nor_shards_nor_rules_change_the_answer(millrace, expected, settings):
    extra = [word for setting in settings for word in ("--set", setting)]
    millrace.rows(tables() + INSERT, durable=True, extra=extra)
    assert result(millrace, durable=True) == expected


def test_kill_9_at_any_moment_changes_nothing(millrace, expected):
    script = tables(rate=40_000) + "SET 'epoch.interval' = '20 ms';" + INSERT
    killed = 0
    inside = 0  # kills of a run that had committed something and was not through
    for _ in range(KILLS * 20):
        process = subprocess.Popen(
            millrace.command(script, durable=True),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=millrace.folder, text=True,
        )
        try:
            process.wait(random.uniform(0.05, 0.25) if killed < KILLS else 60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
            jobs = millrace.rows("SHOW JOBS;", durable=True)
            epoch = jobs[0]["epoch"] if jobs else 0
            inside += epoch > 0
            print(f"kill {killed}: epoch {epoch}")
            continue
        assert process.returncode == 0, process.stderr.read()
        assert result(millrace, durable=True) == expected
        if killed >= KILLS:
            print(f"{inside} of {killed} kills behind a committed epoch")
            assert inside * 10 >= killed * (9 if killed >= 100 else 2)
            return
        subprocess.run(["rm", "-rf", str(millrace.data)], check=True)
    pytest.fail("the job was never killed often enough")
