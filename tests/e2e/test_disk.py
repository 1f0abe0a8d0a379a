"""A disk that fills up, and one whose syncs fail: what is acknowledged stays, the rest is told."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROWS = 60_000
SCRIPT = f"""
SET 'epoch.interval' = '20 ms';
CREATE TABLE numbers (id BIGINT, padding STRING) WITH ('connector' = 'filesystem',
  'path' = 'numbers.json', 'format' = 'json', 'scan.rows-per-second' = '40000');
CREATE TABLE kept (id BIGINT, padding STRING);
INSERT INTO kept SELECT id, padding FROM numbers;
"""
COUNT = "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM kept;"


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "disk_faults.so"
    source = Path(__file__).parent / "disk_faults.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"],
                   check=True)
    return library


@pytest.fixture
def numbers(millrace):
    with (millrace.folder / "numbers.json").open("w") as file:
        for number in range(ROWS):
            file.write('{"id":%d,"padding":"%s"}\n' % (number, "x" * 500))
    return millrace


def run(millrace, shim, **faults):
    environment = {**os.environ, "LD_PRELOAD": str(shim), "FAULT_FOLDER": str(millrace.data),
                   **{name: str(value) for name, value in faults.items()}}
    return subprocess.run(millrace.command(SCRIPT, durable=True), capture_output=True, text=True,
                          cwd=millrace.folder, env=environment, timeout=120)


def finish_and_check(millrace):
    """The same command without faults goes on, and nothing is lost or there twice."""
    done = millrace.run(SCRIPT, durable=True)
    assert done.returncode == 0, done.stderr
    assert millrace.rows(SCRIPT + COUNT, durable=True)[-1] == {"n": ROWS, "ids": ROWS}
    return done


def test_every_epoch_is_synced(numbers, shim):
    count = numbers.folder / "syncs"
    done = run(numbers, shim, FAULT_SYNC_COUNT=count)
    assert done.returncode == 0, done.stderr
    epochs = int(re.search(r"(\d+) epochs", done.stderr)[1])
    assert epochs > 5
    assert int(count.read_text()) >= epochs


@pytest.mark.parametrize("nth", [1, 4, 20])
def test_a_sync_that_fails_stops_the_process_and_nothing_is_lost(numbers, shim, nth):
    done = run(numbers, shim, FAULT_SYNC=nth)
    assert done.returncode != 0
    assert "MR-1009" in done.stderr or "MR-1001" in done.stderr, done.stderr
    finish_and_check(numbers)


@pytest.mark.parametrize("megabytes", [18, 30])
def test_a_full_disk_is_told_and_the_job_goes_on_when_there_is_room(numbers, shim, megabytes):
    done = run(numbers, shim, FAULT_WRITE_BYTES=megabytes << 20)
    assert done.returncode != 0, done.stderr
    assert "MR-1003" in done.stderr and str(numbers.data.name) in done.stderr, done.stderr
    finish_and_check(numbers)
