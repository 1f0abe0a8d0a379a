"""`millrace log verify` and `log dump` on directories that are whole, damaged, in use, or none."""

import json
import re
import subprocess

from conftest import PROGRAM


def millrace(*words, input=""):
    return subprocess.run([PROGRAM, *words], input=input, capture_output=True, text=True,
                          timeout=60)


def produce(data, count):
    millrace("run", "-c", "SELECT 1", "--data", data)
    assert millrace("topic", "create", "orders", "--data", data).returncode == 0
    text = "".join(f"k{i % 7}:value {i}\n" for i in range(count))
    done = millrace("produce", "orders", "-K", ":", "--data", data, input=text)
    assert done.returncode == 0, done.stderr


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def ring_place(place):
    path, offset = place.rsplit("@", 1)
    return path, int(offset)


def test_a_whole_directory_is_verified_and_dumped(tmp_path):
    data = str(tmp_path / "data")
    produce(data, 3000)
    done = millrace("log", "verify", "--data", data)
    assert done.returncode == 0
    assert re.search(r"nothing is damaged, up to LSN \d+", done.stderr)
    assert re.search(r"ring +\| +1 \|.*\| +3000", done.stdout)
    quiet = millrace("log", "verify", "--data", data, "-q", "-o", "json")
    assert quiet.stderr == "" and len(json.loads(quiet.stdout)["results"]) == 1

    entries = rows(millrace("log", "dump", "--data", data, "-o", "jsonl"))
    appended = [entry for entry in entries if entry["concerns"].startswith("orders-0")]
    assert sum(entry["records"] for entry in appended) == 3000
    assert all(entry["body"] == "good" for entry in entries)
    lsn = appended[0]["lsn"]
    some = rows(millrace("log", "dump", "--data", data, "--from", str(lsn), "--to", str(lsn),
                         "-o", "jsonl"))
    assert some == appended[:1]


def test_damage_is_named_with_its_place_and_what_it_concerns(tmp_path):
    data = str(tmp_path / "data")
    produce(data, 500)
    entries = rows(millrace("log", "dump", "--data", data, "-o", "jsonl"))
    append = next(entry for entry in entries if entry["concerns"].startswith("orders-0"))
    path, offset = ring_place(append["place"])
    with open(path, "r+b") as file:
        file.seek(offset + 500)
        byte = file.read(1)
        file.seek(offset + 500)
        file.write(bytes([byte[0] ^ 4]))
    done = millrace("log", "verify", "--data", data)
    assert done.returncode == 1
    assert "1 place is damaged" in done.stderr and "millrace restore" in done.stderr
    assert append["place"] in done.stdout and "orders-0, offset" in done.stdout
    dumped = rows(millrace("log", "dump", "--data", data, "-o", "jsonl"))
    assert [entry["lsn"] for entry in dumped if entry["body"] == "DAMAGED"] == [append["lsn"]]


def test_what_cannot_be_looked_at_is_refused(tmp_path):
    data = str(tmp_path / "data")
    produce(data, 10)
    for command in (["verify"], ["dump"], ["dump", "checkpoint"]):
        done = millrace("log", *command, "--data", str(tmp_path))
        assert done.returncode == 3 and "is no data directory" in done.stderr
        done = millrace("log", *command, "--data", str(tmp_path / "nothing"))
        assert done.returncode == 3, done.stderr
    done = millrace("log", "dump", "00000000000000ff", "--data", data)
    assert done.returncode == 3 and "no segment file" in done.stderr
    assert millrace("log", "verify").returncode == 2
    assert millrace("log", "dump", "--data", data, "--from", "x").returncode == 2
