"""`millrace log repair`: what is damaged is given up as told, all the rest is served again."""

import json
import subprocess
from pathlib import Path

from broker import Server, wait_until
from conftest import PROGRAM


def millrace(*words, code=0, input=""):
    done = subprocess.run([PROGRAM, *words], input=input, capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 4]))


def make_topic(data, name):
    millrace("run", "-c", "SELECT 1", "--data", data)
    millrace("topic", "create", name, "--data", data)


def produce(data, topic, first, count):
    text = "".join(f"{i}\n" for i in range(first, first + count))
    millrace("produce", topic, "--data", data, input=text)


def numbers(server, topic):
    return [int(line) for line in server.consume(topic, "-f", "%v").splitlines()]


def test_what_follows_a_broken_entry_is_given_up_when_told(tmp_path):
    data = str(tmp_path / "data")
    make_topic(data, "orders")
    for first in range(0, 500, 100):
        produce(data, "orders", first, 100)
    entries = rows(millrace("log", "dump", "--data", data, "-o", "jsonl"))
    broken = [entry for entry in entries if entry["concerns"].startswith("orders-0")][3]
    path, offset = broken["place"].rsplit("@", 1)
    flip(path, int(offset) + 20)

    refused = millrace("consume", "orders", "--data", data, code=1)
    assert "MR-4002" in refused.stderr and "millrace log repair" in refused.stderr
    found = millrace("log", "repair", "--data", data, "-o", "jsonl", code=1)
    choice, = rows(found)
    assert choice["choice"] == f"--give-up-from {broken['lsn']}"
    assert "orders-0, offsets 400 to 499 (100 records)" in choice["loses"]
    assert "1 place is damaged" in found.stderr and "millrace restore" in found.stderr

    wrong = millrace("log", "repair", "--data", data, "--give-up-from", "1000", code=2)
    assert f"LSN {broken['lsn']} is damaged" in wrong.stderr
    done = millrace("log", "repair", "--data", data, *choice["choice"].split())
    assert f"gave up {choice['loses']}" in done.stderr
    kept = Path(data) / "given-up" / "1"
    assert f"kept as it was in {kept}" in done.stderr
    assert done.stderr.endswith("nothing is damaged\n")
    assert "MR-4002" in millrace("log", "verify", "--data", str(kept), code=1).stderr
    with Server(tmp_path) as server:
        assert numbers(server, "orders") == list(range(300))
        server.produce("orders", b"300\n")
        assert numbers(server, "orders") == list(range(301))


def test_damaged_records_of_a_partition_are_skipped_by_clients(tmp_path):
    data = str(tmp_path / "data")
    make_topic(data, "orders")
    make_topic(data, "others")
    for first in range(0, 500, 100):
        produce(data, "orders", first, 100)
    produce(data, "others", 0, 10)
    entries = rows(millrace("log", "dump", "--data", data, "-o", "jsonl"))
    damaged = [entry for entry in entries if entry["concerns"].startswith("orders-0")][2]
    path, offset = damaged["place"].rsplit("@", 1)
    flip(path, int(offset) + 500)

    choice, = rows(millrace("log", "repair", "--data", data, "-o", "jsonl", code=1))
    assert choice["choice"] == f"--give-up-from {damaged['lsn']}"
    assert "start the server once" in choice["loses"]
    early = millrace("log", "repair", "--data", data, "--give-up", "orders-0", code=2)
    assert "Start the server once" in early.stderr
    with Server(tmp_path) as server:
        assert numbers(server, "others") == list(range(10))
        code, _, err = server.run("consume", "-e", "orders")
        assert code != 0 and "orders" in err
        wait_until(lambda: list((Path(data) / "checkpoint").iterdir()), "the log settles")

    choice, = rows(millrace("log", "repair", "--data", data, "-o", "jsonl", code=1))
    assert choice["choice"] == "--give-up orders-0"
    assert choice["loses"] == "orders-0, offsets 200 to 299 (100 records)"
    unknown = millrace("log", "repair", "--data", data, "--give-up", "others-0", code=2)
    assert "nothing of 'others-0' is damaged" in unknown.stderr
    done = millrace("log", "repair", "--data", data, "--give-up", "orders-0", "-q")
    assert done.stderr == "" and done.stdout == ""
    with Server(tmp_path) as server:
        assert numbers(server, "orders") == [*range(200), *range(300, 500)]
        assert numbers(server, "others") == list(range(10))
        server.produce("orders", b"500\n")
        assert numbers(server, "orders")[-1] == 500


def test_there_is_nothing_to_repair_where_nothing_is_damaged(tmp_path):
    data = str(tmp_path / "data")
    make_topic(data, "orders")
    produce(data, "orders", 0, 10)
    assert millrace("log", "repair", "--data", data).stderr == "nothing is damaged\n"
    refused = millrace("log", "repair", "--data", data, "--give-up-from", "3", code=2)
    assert "are whole" in refused.stderr and "millrace restore" in refused.stderr
    millrace("log", "repair", "--data", str(tmp_path), code=3)
    millrace("log", "repair", "--data", str(tmp_path / "nothing"), code=3)
    millrace("log", "repair", "--data", data, "--give-up-from", "x", code=2)
    with Server(tmp_path):
        assert "MR-1010" in millrace("log", "repair", "--data", data, code=4).stderr
