"""`millrace bench nexmark`: every query runs and says what it took."""

import json
import subprocess

from conftest import PROGRAM


def bench(*arguments):
    return subprocess.run([PROGRAM, "bench", "nexmark", *arguments], capture_output=True, text=True)


def test_every_query_runs_and_prints_one_json_object():
    done = bench("--events", "50000", "--parallelism", "2")
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    names = [run["query"] for run in runs]
    assert names[0] == "generate"
    wanted = "q0 q1 q2 q3 q5 q7 q14 q15 q17 q20 q21 q22"
    assert set(wanted.split()) < set(names)
    for run in runs:
        assert run["events"] == 50000 and run["wall_s"] > 0 and run["cpu_s"] > 0
        assert run["exactly_once"] is True


def test_an_unknown_query_gets_the_nearest_one():
    done = bench("q1r")
    assert done.returncode == 2
    assert "there is no query 'q1r'" in done.stderr and "q1" in done.stderr


def test_the_scripts_can_be_read():
    done = bench("q2", "--print-sql")
    assert "MOD(auction, 123) = 0" in done.stdout and done.returncode == 0
