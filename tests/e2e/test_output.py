"""What `millrace run` writes where, and how it ends when that fails or it is told to."""

import csv
import io
import json
import os
import signal
import subprocess
import time

import pytest
from conftest import PROGRAM
from terminal import Terminal

ENDLESS = "CREATE TABLE g (id BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '{}'{});"
MANY = ENDLESS.format(10_000_000, ", 'number-of-rows' = '2000000'")
FAST = ENDLESS.format(20_000, "")


@pytest.fixture
def place(tmp_path):
    """Where temporary data directories go; empty when all have gone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


def start(place, *arguments, **options):
    environment = {**os.environ, "TMPDIR": str(place)}
    return subprocess.Popen([PROGRAM, "run", *arguments], cwd=place.parent, env=environment,
                            stderr=subprocess.PIPE, text=True, **options)


def run(place, *arguments, given=None):
    done = start(place, *arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, err = done.communicate(given, timeout=120)
    return done.returncode, out, err


ALL_TYPES = """SELECT TRUE AS bo, CAST(1 AS TINYINT) AS t, 32767 AS i, 9223372036854775807 AS b,
  CAST(1.5 AS FLOAT) AS f, 0.1 AS n, CAST(2.5 AS DOUBLE) AS d,
  CAST(12345678901234567890.12 AS DECIMAL(38, 2)) AS de, 'a "b", c|d' AS s,
  CAST('ab' AS BYTES) AS by, DATE '2024-02-29' AS da, TIME '23:56:05' AS ti,
  CAST(TIMESTAMP '2024-02-29 23:56:05.460' AS TIMESTAMP(3)) AS ts,
  CAST(TIMESTAMP '2024-02-29 23:56:05.460' AS TIMESTAMP_LTZ(3)) AS tl,
  INTERVAL '1' DAY AS iv, ARRAY[1, 2] AS a, MAP['k', 1] AS m, ROW(1, 'x') AS r,
  CAST(NULL AS INT) AS nu"""


def test_every_type_as_lines_of_json(place):
    code, out, err = run(place, "-q", "-o", "jsonl", "-c", ALL_TYPES)
    assert (code, err) == (0, "")
    assert '"de":12345678901234567890.12' in out and '"b":9223372036854775807' in out
    row = json.loads(out)
    assert row["ts"] == "2024-02-29 23:56:05.460" and row["tl"] == "2024-02-29 23:56:05.460Z"
    assert (row["by"], row["da"], row["ti"]) == ("YWI=", "2024-02-29", "23:56:05")
    assert (row["a"], row["m"], row["r"]) == ([1, 2], {"k": 1}, {"f0": 1, "f1": "x"})
    assert row["nu"] is None and row["bo"] is True and row["s"] == 'a "b", c|d'


def test_json_is_one_document_of_all_results_with_their_columns(place):
    code, out, _ = run(place, "-o", "json", "-c", ALL_TYPES, "-c",
                       "SELECT 1 AS a, 2 AS a; SELECT 1 AS x WHERE FALSE")
    document = json.loads(out)
    assert code == 0 and document["version"] == 1
    first, second, third = document["results"]
    assert {"name": "de", "type": "DECIMAL(38, 2)"} in first["columns"]
    assert first["rows"][0]["a"] == [1, 2]
    assert second["rows"] == [{"a": 1, "a_2": 2}] and third["rows"] == []


def test_json_is_whole_where_there_is_no_result_or_an_error(place):
    empty = {"version": 1, "results": []}
    assert json.loads(run(place, "-o", "json", "-c", "CREATE TABLE t (a INT)")[1]) == empty
    code, out, err = run(place, "-o", "json", "-c", "SELECT 1 AS a; SELECT b")
    assert code == 1 and "MR-2006" in err
    assert json.loads(out)["results"][0]["rows"] == [{"a": 1}]


def test_csv_reads_back_what_was_written(place):
    code, out, _ = run(place, "-q", "-o", "csv", "-c", ALL_TYPES)
    (row,) = csv.DictReader(io.StringIO(out))
    assert code == 0 and row["s"] == 'a "b", c|d' and row["nu"] == ""


def test_markdown_escapes_bars_and_stays_in_a_line(place):
    out = run(place, "-q", "-o", "markdown", "-c", "SELECT 'a|b' AS `x|y`, E'l\\nm' AS z")[1]
    assert out == "| x\\|y | z   |\n|------|-----|\n| a\\|b | l m |\n"


def test_a_table_shows_control_characters_instead_of_sending_them(place):
    out = run(place, "-q", "-c", "SELECT E'red\\x1b[31m\\tx' AS t")[1]
    assert "\x1b" not in out and "red\\x1B[31m\\tx" in out


def test_a_misspelt_format_option_or_command_gets_the_nearest(place):
    for arguments, near in [(["-o", "jsn", "-c", "SELECT 1"], "'json'"),
                            (["--dat", "x", "-c", "SELECT 1"], "'--data'"),
                            (["--set", "paralelism=2", "-c", "SELECT 1"], "'parallelism'")]:
        code, out, err = run(place, *arguments)
        assert code == 2 and out == "" and f"Did you mean {near}?" in err, err


@pytest.mark.parametrize("arguments, said", [
    (["--parallelism", "0", "-c", "SELECT 1"], "from 1 to 4096"),
    (["--parallelism", "many", "-c", "SELECT 1"], "from 1 to 4096"),
    (["--set", "parallelism", "-c", "SELECT 1"], "Write --set name=value"),
    ([], "there is nothing to run"),
    (["-c"], "--command"),
])
def test_a_wrong_argument_is_code_2(place, arguments, said):
    code, out, err = run(place, *arguments)
    assert code == 2 and out == "" and "MR-1011" in err and said in err


def test_a_data_directory_that_is_a_file_is_refused(place):
    (place.parent / "file").write_text("x")
    code, _, err = run(place, "--data", "file", "-c", "SELECT 1")
    assert code == 4 and "MR-1006 file" in err


def test_commands_come_before_files_and_files_in_order(place):
    (place.parent / "a.sql").write_text("SELECT 'a' AS x")
    code, out, _ = run(place, "-o", "csv", "a.sql", "-", "-c", "SELECT 'c' AS x",
                       given="SELECT 's' AS x")
    assert code == 0 and out == "x\nc\nx\na\nx\ns\n"


@pytest.mark.parametrize("output", ["jsonl", "csv", "table"])
def test_a_reader_that_goes_away_ends_a_query_without_a_word(place, output):
    query = "SUBSCRIBE SELECT id FROM g;" if output == "table" else "SELECT id FROM g;"
    job = start(place, "-q", "-o", output, "-c", (FAST if output == "table" else MANY) + query,
                stdout=subprocess.PIPE)
    assert job.stdout.readline()
    job.stdout.close()
    assert job.stderr.read() == ""
    assert job.wait(60) == 141


def test_a_reader_that_goes_away_ends_an_endless_print(place):
    job = start(place, "-q", "-c", FAST + "CREATE TABLE p (id BIGINT) WITH ('connector' = 'print');"
                "INSERT INTO p SELECT id FROM g;", stdout=subprocess.PIPE)
    assert job.stdout.readline().startswith("+I[")
    job.stdout.close()
    assert job.stderr.read() == ""
    assert job.wait(60) == 141


@pytest.mark.parametrize("query", ["SELECT 1;", MANY + "SELECT id FROM g;"])
def test_a_full_stdout_is_an_error(place, query):
    with open("/dev/full", "w") as full:
        job = start(place, "-q", "-o", "csv", "-c", query, stdout=full)
        err = job.stderr.read()
    assert job.wait(60) == 6
    assert err.startswith("MR-1003 stdout: ") and err.count("\n") == 1


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_the_epoch_and_says_how_far_the_job_came(place, which):
    data = str(place.parent / "data")
    script = FAST + "CREATE TABLE kept (id BIGINT); INSERT INTO kept SELECT id FROM g;"
    job = start(place, "--data", data, "-c", script, stdout=subprocess.PIPE)
    lines = iter(job.stderr.readline, "")
    assert any("runs on" in line for line in lines)
    time.sleep(1)
    job.send_signal(which)
    job.send_signal(which)  # one press may come twice
    rest = job.stderr.read()
    assert job.wait(60) == 130
    assert "note: kept: " in rest and "; stopped\n" in rest and "MR-1008: interrupted\n" in rest
    kept = json.loads(run(place, "--data", data, "-o", "jsonl", "-q", "-c",
                          "SELECT COUNT(*) AS n FROM kept")[1])["n"]
    assert f" {kept:,} out" in rest


def test_an_interrupted_query_gives_no_result_that_looks_final(place):
    job = start(place, "-c", ENDLESS.format(100, ", 'number-of-rows' = '1000000'")
                + "SELECT COUNT(*) AS n FROM g", stdout=subprocess.PIPE)
    assert job.stderr.readline() == "CREATE TABLE\n"
    time.sleep(0.5)
    job.send_signal(signal.SIGINT)
    err = job.stderr.read()
    assert (job.wait(60), err) == (130, "MR-1008: interrupted\n")
    assert "row" not in job.stdout.read()


def test_interrupted_changes_are_a_whole_document(place):
    job = start(place, "-q", "-o", "json", "-c", FAST + "SUBSCRIBE SELECT id FROM g",
                stdout=subprocess.PIPE)
    begun = job.stdout.readline() + job.stdout.readline() + job.stdout.readline()
    job.send_signal(signal.SIGINT)
    out = job.stdout.read()
    assert job.wait(60) == 130
    assert json.loads(begun + out)["results"][0]["rows"][0]["_op"] == "+I"


SLOW = ENDLESS.format(1000, ", 'number-of-rows' = '2500'") + "SELECT COUNT(*) AS n FROM g;"


def test_progress_is_for_terminals_and_is_wiped_before_rows_come(place):
    environment = {"TMPDIR": str(place)}
    with Terminal([PROGRAM, "run", "-c", SLOW], place.parent, environment=environment) as terminal:
        said, code = terminal.end()
        raw = terminal.raw.decode()
    assert code == 0 and "2500" in said
    assert " rows/s" in raw[:raw.rindex("\r\x1b[K")]
    assert " rows/s" not in raw[raw.rindex("\r\x1b[K"):]


@pytest.mark.parametrize("how", ["a pipe", "dumb", "quiet"])
def test_progress_is_nowhere_else(place, how):
    if how == "a pipe":
        assert " rows/s" not in run(place, "-c", SLOW)[2]
        return
    environment = {"TMPDIR": str(place), "TERM": "dumb" if how == "dumb" else "xterm"}
    quiet = ["-q"] if how == "quiet" else []
    with Terminal([PROGRAM, "run", *quiet, "-c", SLOW], place.parent,
                  environment=environment) as terminal:
        assert terminal.end()[1] == 0
        assert b" rows/s" not in terminal.raw and b"\x1b" not in terminal.raw


def test_a_statement_that_ends_at_once_shows_no_progress(place):
    with Terminal([PROGRAM, "run", "-c", "SELECT 1 AS one"], place.parent,
                  environment={"TMPDIR": str(place)}) as terminal:
        assert terminal.end() == (" one\n-----\n   1\n(1 row)\n", 0)


def test_what_a_killed_process_left_behind_goes_when_the_next_one_starts(place):
    def age(folder):
        long_ago = time.time() - 3600
        os.utime(folder, (long_ago, long_ago))

    def started():
        before = set(place.iterdir())
        process = start(place, "-q", "-c", endless, stdout=subprocess.PIPE)
        process.stdout.readline()  # the first rows: its directory is complete
        return process, (set(place.iterdir()) - before).pop()

    endless = ENDLESS.format(10, "") + "SUBSCRIBE SELECT id FROM g"
    killed, left = started()
    killed.kill()
    killed.communicate()
    living, in_use = started()
    try:
        for folder in (left, in_use):
            age(folder)
        (place / "millrace-data").mkdir()  # not one of ours
        assert run(place, "-q", "-c", "SELECT 1")[0] == 0
        assert not left.exists()
        assert in_use.exists() and (place / "millrace-data").exists()
    finally:
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=60)
        (place / "millrace-data").rmdir()
