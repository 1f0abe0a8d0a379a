"""A disk that fills up, and one whose syncs fail: what is acknowledged stays, the rest is told."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import PROGRAM

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
    told = done.stderr.replace(str(numbers.folder) + "/", "").splitlines()[-2:]
    assert told == ["MR-1003 data/ring/new: cannot write the file: No space left on device",
                    "  Free space on this disk or move the data to a larger one, then try again."]
    finish_and_check(numbers)


def test_a_full_disk_under_a_temporary_directory_leaves_nothing_behind(numbers, shim):
    place = numbers.folder / "temporary"
    place.mkdir()
    environment = {**os.environ, "TMPDIR": str(place), "LD_PRELOAD": str(shim),
                   "FAULT_FOLDER": str(place), "FAULT_WRITE_BYTES": str(18 << 20)}
    done = subprocess.run(numbers.command(SCRIPT), capture_output=True, text=True,
                          cwd=numbers.folder, env=environment, timeout=120)
    assert done.returncode != 0 and "MR-1003" in done.stderr, done.stderr
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("bytes_there", [0, 1000, 1_000_000])
def test_a_disk_without_room_for_the_directory_is_told_and_nothing_of_it_is_in_the_way(
        numbers, shim, bytes_there):
    done = run(numbers, shim, FAULT_WRITE_BYTES=bytes_there)
    assert done.returncode == 6 and done.stdout == ""
    lines = done.stderr.replace(str(numbers.folder) + "/", "").splitlines()
    file = "data/format.new" if bytes_there == 0 else "data/ring/new"
    assert lines == [f"MR-1003 {file}: cannot write the file: No space left on device",
                     "  Free space on this disk or move the data to a larger one, then try again."]
    finish_and_check(numbers)


@pytest.mark.parametrize("bytes_there", [0, 5_000_000])
def test_a_full_disk_under_an_output_is_told_and_the_job_goes_on_when_there_is_room(
        numbers, shim, bytes_there):
    script = SCRIPT.replace("CREATE TABLE kept (id BIGINT, padding STRING)", """
        CREATE TABLE kept (id BIGINT, padding STRING)
          WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json')""")
    out = numbers.folder / "out"
    environment = {**os.environ, "LD_PRELOAD": str(shim), "FAULT_FOLDER": str(out),
                   "FAULT_WRITE_BYTES": str(bytes_there)}
    done = subprocess.run(numbers.command(script, durable=True), capture_output=True, text=True,
                          cwd=numbers.folder, env=environment, timeout=120)
    assert done.returncode == 6
    assert re.search(r"^MR-1003 out/\S+: cannot write the file: No space left", done.stderr, re.M)
    done = numbers.run(script, durable=True)
    assert done.returncode == 0, done.stderr
    written = [line for file in out.glob("[!.]*")
               for line in file.read_text().splitlines()]
    assert len(written) == ROWS and len(set(written)) == ROWS


def test_records_that_find_the_disk_full_are_not_said_to_be_there(numbers, shim):
    """Whoever is told of a failure finds a beginning of what he gave, without a gap."""
    numbers.rows("CREATE TABLE t (id BIGINT);", durable=True)
    given = "".join('{"id":%d}\n' % number for number in range(400_000))
    environment = {**os.environ, "LD_PRELOAD": str(shim), "FAULT_FOLDER": str(numbers.data),
                   "FAULT_WRITE_BYTES": "3000000"}
    done = subprocess.run([PROGRAM, "produce", "t", "--data", str(numbers.data)], input=given,
                          capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 6 and "MR-1003" in done.stderr
    count = "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids, MAX(id) AS newest FROM t;"
    (row,) = numbers.rows(count, durable=True)
    assert 0 < row["n"] < 400_000 and row["n"] == row["ids"] == row["newest"] + 1
