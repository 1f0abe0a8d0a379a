"""`millrace bench nexmark`: every query runs and says what it took."""

import json
import os
import subprocess
from pathlib import Path

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


def test_it_says_what_the_system_says_and_writes_its_state(tmp_path):
    """CPU and bytes as the system counts them; every key that changed is written."""
    options = ["q17", "--events", "300000", "--parallelism", "2"]
    with (tmp_path / "out").open("w+") as out:
        process = subprocess.Popen([PROGRAM, "bench", "nexmark", *options, "--data", str(tmp_path)],
                                   stdout=out)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        counters = dict(line.split(": ") for line in
                        Path(f"/proc/{process.pid}/io").read_text().splitlines())
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0
        out.seek(0)
        run = json.load(out)
    system_says = usage.ru_utime + usage.ru_stime
    assert abs(run["user_s"] + run["system_s"] - run["cpu_s"]) < 0.002
    # Beside the run there are start and end of the process, a few hundredths of a second.
    assert run["cpu_s"] <= system_says + 0.02 and run["cpu_s"] > system_says / 3
    assert run["written_bytes"] <= int(counters["wchar"])

    script = bench(*options[:3], "--print-sql").stdout.split("CREATE TABLE sink")[0]
    script += "SELECT COUNT(DISTINCT auction) AS keys FROM bid;"
    counted = subprocess.run([PROGRAM, "run", "-q", "-o", "jsonl", "-c", script],
                             capture_output=True, text=True, check=True)
    keys = json.loads(counted.stdout)["keys"]
    entry_bytes = 8 + len("2024-01-01") + 8 * 8  # the key, and eight numbers of its aggregates
    assert keys > 10_000
    assert run["written_bytes"] >= keys * entry_bytes


def latency_of(run):
    latency = run["latency_ms"]
    assert set(latency) == {"p50", "p99", "p999", "max"}
    assert 0 < latency["p50"] <= latency["p99"] <= latency["p999"] <= latency["max"]
    return latency


def test_at_a_wall_rate_events_come_as_they_happen_and_say_how_late_they_are_committed():
    load = ["--wall-rate", "20000", "--latency-seconds", "3", "--epoch-interval", "50"]
    done = bench("q0", "q5count", *load)
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert [run["query"] for run in runs] == ["q0", "q5count"]
    for run in runs:
        latency_of(run)
        assert run["latency_wall_rate"] == 20000 and run["epoch_interval_ms"] == 50
        # All events of three seconds; a fifth of that time is warm-up.
        assert run["events"] >= 3 * 20000 and run["wall_s"] >= 3
        assert 0 < run["latency_events"] < run["events"]


def test_latency_is_measured_at_half_of_the_throughput():
    done = bench("q2", "--events", "100000", "--latency", "--latency-seconds", "1")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    latency_of(run)
    assert run["events"] == 100000
    assert abs(run["latency_wall_rate"] - run["events_per_s"] / 2) <= 1


def test_runs_are_printed_and_their_median():
    done = bench("q2", "--events", "50000", "--runs", "3")
    assert done.returncode == 0, done.stderr
    *runs, median = [json.loads(line) for line in done.stdout.splitlines()]
    assert [run.pop("run") for run in runs] == [1, 2, 3]
    assert median.pop("median_of") == 3
    assert median == sorted(runs, key=lambda run: run["events_per_s"])[1]


def test_half_of_the_speed_and_a_given_one_exclude_each_other():
    done = bench("q2", "--latency", "--wall-rate", "5")
    assert done.returncode == 2 and "--wall-rate" in done.stderr


def test_an_unknown_query_gets_the_nearest_one():
    done = bench("q1r")
    assert done.returncode == 2
    assert "there is no query 'q1r'" in done.stderr and "q1" in done.stderr


def test_the_scripts_can_be_read():
    done = bench("q2", "--print-sql")
    assert "MOD(auction, 123) = 0" in done.stdout and done.returncode == 0


def test_the_log_alone_is_measured(tmp_path):
    load = ["--seconds", "1", "--record-bytes", "100", "--batch-records", "10", "--rate", "500",
            "--partitions", "3"]
    done = subprocess.run([PROGRAM, "bench", "log", *load, "--data", str(tmp_path)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    append, read, latency = [json.loads(line) for line in done.stdout.splitlines()]
    assert [append["load"], read["load"], latency["load"]] == ["append", "read", "latency"]
    assert append["records"] > 0 and append["records"] % 10 == 0
    assert read["records"] == append["records"]
    assert append["written_mb"] * 1e6 >= append["records"] * 100  # what is answered is in the ring
    assert append["groups"] > read["groups"]  # reading writes nothing, settling goes on
    assert 490 <= latency["records"] <= 500
    for result in (append, read, latency):
        latency_of(result)
    assert not list(tmp_path.iterdir())  # nothing is left behind
