"""`group` on a server, and `consume --group`: what was printed is committed, and nothing else."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from broker import PATIENCE_S, Server, wait_until
from conftest import PROGRAM


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("groups")) as server:
        yield server


@pytest.fixture
def topic(server, request):
    name = re.sub(r"[^\w.-]+", ".", request.node.name)[:80]
    server.create(name, "-p", 2)
    return name


def tables(text):
    return [result["rows"] for result in json.loads(text)["results"]]


def offsets(server, group):
    (rows,) = tables(server.ok("group", "describe", group, "-o", "json", "--only", "offsets"))
    return {row["partition"]: row["committed"] for row in rows}


def numbers(text):
    return sorted(map(int, text.split()))


def test_a_group_goes_on_where_it_stopped(server, topic):
    server.produce(topic, b"0\n1\n2\n3\n")
    assert numbers(server.consume(topic, "-g", topic)) == [0, 1, 2, 3]
    assert server.consume(topic, "-g", topic) == ""
    server.produce(topic, b"4\n5\n")
    assert numbers(server.consume(topic, "-g", topic)) == [4, 5]
    assert offsets(server, topic) == {0: 3, 1: 3}


def test_only_what_was_printed_is_committed(server, topic):
    server.produce(topic, b"".join(b"%d\n" % n for n in range(100)), "-p", "0")
    assert numbers(server.consume(topic, "-g", topic, "-n", 7)) == list(range(7))
    assert offsets(server, topic)[0] == 7
    assert numbers(server.consume(topic, "-g", topic, "-n", 3)) == [7, 8, 9]


def test_a_new_group_begins_at_the_start_or_at_the_end(server, topic):
    server.produce(topic, b"0\n")
    assert server.consume(topic, "-g", topic + ".end", "-o", "end") == ""
    assert server.consume(topic, "-g", topic + ".start", "-o", "start") == "0\n"
    code, _, err = server.run("consume", topic, "-g", topic, "-o", "5")
    assert code == 2 and "millrace group seek" in err
    code, _, err = server.run("consume", topic, "-g", topic, "-p", "0")
    assert code == 2 and "the group says who reads which partition" in err


def test_ctrl_c_commits_what_was_printed_and_ends_with_130(server, topic):
    server.produce(topic, b"0\n1\n2\n")
    reader = server.popen("consume", topic, "-g", topic)
    came = [reader.stdout.readline() for _ in range(3)]
    assert numbers(b"".join(came)) == [0, 1, 2]
    reader.send_signal(signal.SIGINT)
    out, err = reader.communicate(timeout=PATIENCE_S)
    assert (reader.returncode, out, err) == (130, b"", b"")
    assert sum(offsets(server, topic).values()) == 3


def test_what_a_reader_that_went_away_did_not_take_comes_again(server, topic):
    lines = b"".join(b"%d %s\n" % (n, b"x" * 1000) for n in range(5000))
    server.produce(topic, lines, "-p", "0")
    read_end, write_end = os.pipe()
    reader = server.popen("consume", topic, "-g", topic, stdout=write_end)
    os.close(write_end)
    first = os.read(read_end, 4096)
    os.close(read_end)
    assert reader.wait(PATIENCE_S) == 141 and reader.stderr.read() == b""
    assert first.startswith(b"0 ")
    rest = server.consume(topic, "-g", topic).splitlines()
    # At least what was not written to the pipe; nothing is lost.
    assert rest[-1].startswith("4999 ") and len(rest) > 4800


def test_ctrl_c_without_a_server_says_that_something_may_come_again(tmp_path):
    server = Server(tmp_path).start()
    server.create("t")
    server.produce("t", b"0\n")
    reader = server.popen("consume", "t", "-g", "g", "--timeout", "1")
    assert reader.stdout.readline() == b"0\n"
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()
    assert b"; waiting for it" in reader.stderr.readline()
    begun = time.monotonic()
    reader.send_signal(signal.SIGINT)
    out, err = reader.communicate(timeout=PATIENCE_S)
    assert (reader.returncode, out) == (6, b"")
    assert b"MR-1013" in err and b"what was printed last may not be committed" in err
    assert time.monotonic() - begun < 10


def test_members_share_partitions_and_are_described(server, topic):
    server.produce(topic, b"0\n1\n2\n3\n")
    readers = [server.popen("consume", topic, "-g", topic, "-X", f"client.id=reader{n}")
               for n in range(2)]

    def assigned():
        code, out, _ = server.run("group", "describe", topic, "-o", "json")
        if code != 0:
            return []
        group, members, _ = tables(out)
        return sorted(row["partitions"] for row in members) if group[0]["state"] == "Stable" else []

    try:
        wait_until(lambda: assigned() == [f"{topic}-0", f"{topic}-1"], "both have a partition")
        wait_until(lambda: sum(offset or 0 for offset in offsets(server, topic).values()) == 4,
                   "all is printed and committed")
        (group,), members, positions = tables(
            server.ok("group", "describe", topic, "-o", "json"))
        assert (group["state"], group["members"], group["assignor"]) == ("Stable", 2, "range")
        assert {row["client"] for row in members} == {"reader0", "reader1"}
        assert {row["host"] for row in members} == {"127.0.0.1"}
        assert {row["client"] for row in positions} == {"reader0", "reader1"}
        for verb in [["seek", topic, "--to", "start"], ["delete", topic]]:
            code, _, err = server.run("group", *verb)
            assert code == 4 and err.startswith("MR-4019") and "members" in err, err
    finally:
        for reader in readers:
            reader.send_signal(signal.SIGTERM)
    out = b"".join(reader.communicate(timeout=PATIENCE_S)[0] for reader in readers)
    assert {reader.returncode for reader in readers} == {130}
    assert set(numbers(out)) == {0, 1, 2, 3}


@pytest.mark.parametrize("to, after", [("start", [0, 0]), ("end", [3, 3]), ("-1", [2, 2]),
                                       ("2", [2, 2]), ("99", [3, 3]), ("@0", [0, 0]),
                                       ("@2099-01-01", [3, 3])])
def test_offsets_are_moved(server, topic, to, after):
    server.produce(topic, b"0\n1\n2\n3\n4\n5\n")
    server.consume(topic, "-g", topic, "-n", 6)
    server.ok("group", "seek", topic, "--to", "1")
    rows = tables(server.ok("group", "seek", topic, "--to", to, "-o", "json"))[0]
    assert [(row["topic"], row["partition"], row["before"], row["after"]) for row in rows] == [
        (topic, 0, 1, after[0]), (topic, 1, 1, after[1])]
    assert offsets(server, topic) == {0: after[0], 1: after[1]}


def test_offsets_move_only_where_and_when_they_shall(server, topic):
    server.produce(topic, b"0\n1\n2\n3\n")
    server.consume(topic, "-g", topic, "-n", 4)
    code, out, err = server.run("group", "seek", topic, "--to", "start", "--dry-run", "-o", "csv")
    assert (code, err) == (0, "note: nothing was changed (--dry-run)\n")
    assert out == f"topic,partition,before,after\n{topic},0,2,0\n{topic},1,2,0\n"
    server.ok("group", "seek", topic, "--to", "start", "--topic", topic, "-p", "1")
    assert offsets(server, topic) == {0: 2, 1: 0}
    for arguments, code, said in [
            (["--to", "yesterday"], 2, "'yesterday' is no offset"),
            (["--to", "end", "--topic", "nosuch"], 3, "there is no topic 'nosuch'"),
            (["--to", "end", "--topic", topic, "-p", "7"], 3, "It has 0 to 1."),
            (["--to", "end", "-p", "7"], 2, "no offsets that could be moved")]:
        done = server.run("group", "seek", topic, *arguments)
        assert done[0] == code and said in done[2], done[2]


def test_a_group_may_be_made_by_seeking(server, topic):
    server.produce(topic, b"0\n1\n")
    fresh = topic + ".fresh"
    code, _, err = server.run("group", "seek", fresh, "--to", "end", "--topic", topic)
    assert code == 3 and err.startswith(f"MR-4018: there is no group '{fresh}'")
    server.ok("group", "seek", fresh, "--to", "end", "--topic", topic, "--new")
    server.produce(topic, b"2\n")
    assert server.consume(topic, "-g", fresh) == "2\n"


def test_groups_are_listed_and_deleted(server, topic):
    server.produce(topic, b"0\n")
    server.consume(topic, "-g", topic, "-n", 1)
    assert f"{topic},Empty" in server.ok("group", "list", "-o", "csv").splitlines()
    code, out, err = server.run("group", "delete", topic)
    assert (code, out, err) == (0, "", f"deleted {topic}\n")
    assert topic not in server.ok("group", "list", "-o", "csv")
    for verb in (["describe"], ["delete"]):
        code, _, err = server.run("group", *verb, topic)
        assert code == 3 and "there is no group" in err
    server.consume(topic, "-g", topic + ".a", "-n", 1)
    code, _, err = server.run("group", "describe", topic + ".b")
    assert f"Did you mean '{topic}.a'?" in err


def test_several_topics_and_patterns_in_a_group(server, topic):
    server.create(topic + ".x", topic + ".y")
    server.produce(topic + ".x", b"1\n")
    server.produce(topic + ".y", b"2\n")
    out = server.consume(topic + ".x", topic + ".y", "-g", topic, "-f", "%t %v")
    assert sorted(out.splitlines()) == [f"{topic}.x 1", f"{topic}.y 2"]
    assert numbers(server.consume("-r", topic + r"\..", "-g", topic + "2")) == [1, 2]


def test_a_group_and_topics_outlive_their_server(tmp_path):
    with Server(tmp_path) as server:
        server.create("t")
        server.produce("t", b"0\n1\n2\n")
        server.consume("t", "-g", "g", "-n", 1)
    run = lambda *arguments: subprocess.run(
        [PROGRAM, *arguments, "--data", str(tmp_path / "data")], capture_output=True, text=True,
        timeout=PATIENCE_S)
    assert "g,Empty" in run("group", "list", "-o", "csv").stdout
    assert run("consume", "t", "-g", "g").stdout == "1\n2\n"
    assert run("group", "seek", "g", "--to", "2").returncode == 0
    assert run("consume", "t", "-g", "g").stdout == "2\n"
    assert run("group", "delete", "g").returncode == 0
