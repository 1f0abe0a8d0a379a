"""What a data directory holds survives, and what does not hold is refused."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

ROWS = 40_000
TABLES = """
CREATE TABLE t (id BIGINT, k STRING)
  WITH ('connector' = 'filesystem', 'path' = 'in.json', 'format' = 'json' RATE);
CREATE TABLE counts (k STRING PRIMARY KEY NOT ENFORCED, n BIGINT, total BIGINT);
SET 'job.name' = 'count';
"""
INSERT = "INSERT INTO counts SELECT k, COUNT(*), SUM(id) FROM t GROUP BY k;"


def script(rate):
    limit = f", 'scan.rows-per-second' = '{rate}'"
    return "SET 'epoch.interval' = '20 ms';" + TABLES.replace(" RATE", limit) + INSERT


def write_input(millrace):
    rows = [{"id": n, "k": f"k{n % 97}"} for n in range(ROWS)]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path = millrace.folder / "in.json"
    path.write_text(text)
    expected = {}
    for row in rows:
        count, total = expected.get(row["k"], (0, 0))
        expected[row["k"]] = (count + 1, total + row["id"])
    return path, expected


def committed_epoch(millrace):
    jobs = millrace.rows("SHOW JOBS LIKE 'count';", durable=True)
    return jobs[0]["epoch"] if jobs else 0


def test_a_job_goes_on_from_its_state_and_does_not_read_again(millrace):
    path, expected = write_input(millrace)
    process = subprocess.Popen(millrace.command(script(rate=20_000), durable=True),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd=millrace.folder)
    time.sleep(1.2)  # of two seconds
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was through before it was killed"
    assert committed_epoch(millrace) > 10

    # What was read already becomes useless; size and time of change stay as they were.
    before = path.stat()
    with path.open("r+b") as file:
        spoiled = before.st_size * 3 // 10
        file.write(b"x" * (spoiled - 1) + b"\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    done = millrace.run(script(rate=20_000), durable=True)
    assert done.returncode == 0, done.stderr
    assert "went on after epoch" in done.stderr and "rejected" not in done.stderr
    rows = millrace.rows("SELECT k, n, total FROM counts;", durable=True)
    assert {row["k"]: (row["n"], row["total"]) for row in rows} == expected


def test_an_input_that_changed_is_refused(millrace):
    path, _ = write_input(millrace)
    process = subprocess.Popen(millrace.command(script(rate=20_000), durable=True),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               cwd=millrace.folder)
    time.sleep(0.8)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with path.open("a") as file:
        file.write('{"id": 1, "k": "more"}\n')
    assert millrace.error(script(rate=20_000), durable=True).startswith("MR-5003 in.json")


@pytest.fixture
def filled(millrace):
    millrace.rows("CREATE TABLE t (id BIGINT); INSERT INTO t VALUES (1), (2);", durable=True)
    return millrace


def ring_file(millrace):
    (ring,) = (millrace.data / "ring").iterdir()
    return ring


def test_a_directory_of_another_version_is_refused(filled):
    (filled.data / "format").write_text("millrace data 9\n")
    assert filled.error("SELECT * FROM t;", durable=True) == (
        "MR-4003 data/format: expected 'millrace data 1', found 'millrace data 9'\n"
        "  Use the version of Millrace that wrote this data directory.")


def test_a_ring_that_was_cut_is_refused(filled):
    ring = ring_file(filled)
    os.truncate(ring, 45056)
    message = filled.error("SELECT * FROM t;", durable=True)
    assert message.startswith(f"MR-4002 data/ring/{ring.name}: the ring's file has 45056 bytes")
    assert "backup" in message


def test_a_ring_that_is_gone_is_refused(filled):
    ring_file(filled).unlink()
    message = filled.error("SELECT * FROM t;", durable=True)
    assert message.startswith("MR-4002 data/ring: there is no file of the ring")
    assert "backup" in message


def test_a_flipped_bit_is_refused_or_costs_the_newest_group_alone(filled):
    """The newest group of the ring cannot be told from one that a crash tore."""
    filled.rows("INSERT INTO t VALUES (3);", durable=True)
    whole = filled.folder / "whole"
    shutil.copytree(filled.data, whole)
    good = ring_file(filled).read_bytes()
    refused = 0
    for place in range(4096, len(good.rstrip(b"\0")), 4096):
        shutil.rmtree(filled.data)
        shutil.copytree(whole, filled.data)
        bad = bytearray(good)
        bad[place + 8] ^= 1 << (place // 4096 % 8)
        ring_file(filled).write_bytes(bad)
        done = filled.run("SELECT id FROM t;", durable=True)
        if done.returncode == 0:
            assert done.stdout.startswith('{"id":1}\n{"id":2}\n')
        else:
            assert "MR-4002" in done.stderr and "is damaged" in done.stderr
            refused += 1
    assert refused > 0
