"""`topic` on a server: what is listed, made, changed and deleted, and what is said to mistakes."""

import json
import socket
import subprocess
import time

import pytest
from broker import PATIENCE_S, Server
from conftest import PROGRAM
from terminal import Terminal


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("topics")) as server:
        yield server


def tables(text):
    return [result["rows"] for result in json.loads(text)["results"]]


def names(server, *arguments):
    (rows,) = tables(server.ok("topic", "list", "-o", "json", *arguments))
    return [row["topic"] for row in rows]


def test_topics_are_made_listed_and_deleted(server):
    code, out, err = server.run("topic", "create", "one", "two", "-p", 3)
    assert (code, out, err) == (0, "", "created one\ncreated two\n")
    server.produce("one", b"a\nb\n")
    (rows,) = tables(server.ok("topic", "list", "one", "two", "-o", "json"))
    assert rows == [{"topic": "one", "partitions": 3, "replicas": 1, "records": 2},
                    {"topic": "two", "partitions": 3, "replicas": 1, "records": 0}]
    code, out, err = server.run("topic", "delete", "one", "two")
    assert (code, out, err) == (0, "", "deleted one\ndeleted two\n")
    assert not {"one", "two"} & set(names(server))


def test_a_topic_that_is_there_is_a_conflict_unless_it_may_be(server):
    server.create("there")
    code, _, err = server.run("topic", "create", "there", "fresh")
    assert code == 4 and err.startswith("MR-4006: there is a topic 'there' already")
    assert "created fresh" in err  # each is tried
    code, _, err = server.run("topic", "create", "there", "--if-not-exists")
    assert (code, err) == (0, "there exists already\n")


@pytest.mark.parametrize("arguments, code, said", [
    (["bad/name"], 1, "MR-4008"),
    (["t", "-c", "retenton.ms=5"], 2, "Did you mean 'retention.ms'?"),
    (["t", "-c", "retention.ms=soon"], 2, "retention.ms: 'soon'"),
    (["t", "-c", "retention.ms"], 2, "Write --config name=value"),
    (["t", "-p", "0"], 2, "whole number from 1 on"),
    (["t", "-p", "many"], 2, "whole number from 1 on"),
])
def test_a_topic_that_cannot_be_made_is_told_why(server, arguments, code, said):
    done = server.run("topic", "create", *arguments)
    assert done[0] == code and said in done[2]
    assert "t" not in names(server)


@pytest.mark.parametrize("verb", ["describe", "delete", "alter"])
def test_a_misspelt_topic_gets_the_nearest_name(server, verb):
    server.create("payments", "--if-not-exists")
    more = ["-p", "2"] if verb == "alter" else []
    code, out, err = server.run("topic", verb, "paymnts", *more)
    assert (code, out) == (3, "")
    assert err == "MR-4005: there is no topic 'paymnts'\n  Did you mean 'payments'?\n"


def test_a_description_has_partitions_groups_and_settings_with_their_origin(server):
    server.create("told", "-p", 2, "-c", "retention.ms=1000000")
    server.produce("told", b"a\nb\nc\n")
    server.consume("told", "-g", "readers")
    server.produce("told", b"d\n", "-p", "0")
    partitions, groups, settings = tables(server.ok("topic", "describe", "told", "-o", "json"))
    assert [(row["partition"], row["start"], row["end"]) for row in partitions] == [
        (0, 0, 3), (1, 0, 1)]
    assert {row["leader"] for row in partitions} == {1}
    _, _, err = server.run("topic", "describe", "told", "--only", "partitions")
    together = sum(row["bytes"] for row in partitions)
    assert err == f"told: 2 partitions, 4 records, {together} bytes\n"
    (group,) = groups
    assert (group["group"], group["state"], group["lag"]) == ("readers", "Empty", 1)
    by_name = {row["setting"]: row for row in settings}
    assert by_name["retention.ms"] == {"setting": "retention.ms", "value": "1000000",
                                       "origin": "topic"}
    assert by_name["cleanup.policy"]["origin"] == "default"
    only = server.ok("topic", "describe", "told", "-o", "csv", "--only", "partitions")
    assert only.splitlines()[0] == "partition,leader,replicas,in_sync,start,end,bytes"
    code, _, err = server.run("topic", "describe", "told", "--only", "setings")
    assert code == 2 and "Did you mean 'settings'?" in err


def test_settings_and_partitions_are_changed_and_given_back(server):
    server.create("changed", "-c", "retention.ms=1000000")

    def own():
        rows = tables(server.ok("topic", "describe", "changed", "-o", "json", "--only",
                                "settings"))[0]
        return {row["setting"]: row["value"] for row in rows if row["origin"] == "topic"}

    code, _, err = server.run("topic", "alter", "changed", "-p", 4, "-c", "segment.bytes=2000000")
    assert (code, err) == (0, "altered changed\n")
    assert own() == {"retention.ms": "1000000", "segment.bytes": "2000000"}
    server.ok("topic", "alter", "changed", "-d", "retention.ms", "-c", "segment.bytes=3000000")
    assert own() == {"segment.bytes": "3000000"}
    assert tables(server.ok("topic", "list", "changed", "-o", "json"))[0][0]["partitions"] == 4
    for arguments, said in [(["-p", "2"], "they cannot become fewer"),
                            (["-c", "segment.byts=1"], "Did you mean 'segment.bytes'?"),
                            (["-d", "segment.byts"], "Did you mean 'segment.bytes'?"),
                            ([], "there is nothing to change")]:
        code, _, err = server.run("topic", "alter", "changed", *arguments)
        assert code == 2 and said in err, err
    assert own() == {"segment.bytes": "3000000"}


def test_names_are_patterns_only_when_asked(server):
    server.create("pat.a", "pat.b", "patXa")
    code, _, _ = server.run("topic", "delete", "pat.*")
    assert code == 3
    assert names(server, "-r", r"pat\..*") == ["pat.a", "pat.b"]
    server.ok("topic", "delete", "-r", r"pat\..*")
    assert [name for name in names(server) if name.startswith("pat")] == ["patXa"]
    code, _, err = server.run("topic", "list", "-r", "(")
    assert code == 2 and "'(' is no pattern" in err
    code, _, err = server.run("topic", "list", "-r", "nothing.*")
    assert code == 3 and "no topic's whole name matches 'nothing.*'" in err


def test_what_servers_keep_for_themselves_is_listed_when_asked(server):
    server.create("internals")
    server.produce("internals", b"x\n")
    server.consume("internals", "-g", "g", "-n", 1)
    assert "__consumer_offsets" not in names(server)
    assert "__consumer_offsets" in names(server, "--internal")


def test_deleting_asks_on_a_terminal(server, tmp_path):
    server.create("asked")
    command = [PROGRAM, "topic", "delete", "asked", "-b", server.brokers]
    with Terminal(command, tmp_path) as terminal:
        terminal.expect("Delete topic 'asked' and its records? [y/N] ")
        terminal.keys("n\n")
        assert terminal.end()[1] == 130
    assert "asked" in names(server)
    with Terminal(command, tmp_path) as terminal:
        terminal.expect("[y/N] ")
        terminal.keys("y\n")
        assert terminal.end()[1] == 0
    server.create("asked")
    with Terminal([*command, "--yes"], tmp_path) as terminal:
        assert "[y/N]" not in terminal.end()[0]
    assert "asked" not in names(server)


@pytest.mark.parametrize("command", [
    "topic list", "topic create t", "topic describe t", "topic alter t -p 2", "topic delete t",
    "group list", "group describe g", "group seek g --to end", "group delete g", "consume t",
    "produce t",
])
def test_a_server_that_is_not_there_is_named_at_once_with_what_to_check(command):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    begun = time.monotonic()
    done = subprocess.run([PROGRAM, *command.split(), "-b", address], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE_S)
    assert time.monotonic() - begun < 10
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith(
        f"MR-1013 {address}: the server cannot be reached: Connection refused\n  Start one with")


def test_a_name_that_nobody_knows_and_a_port_that_says_nothing():
    done = subprocess.run([PROGRAM, "topic", "list", "-b", "no.such.host.invalid:9092"],
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 6 and "Failed to resolve" in done.stderr
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        done = subprocess.run([PROGRAM, "topic", "list", "-b", address, "--timeout", "1"],
                              capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 6 and address in done.stderr
    assert 1 <= time.monotonic() - begun < 10


def test_of_several_servers_one_is_enough(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    assert server.run("topic", "list", "-b", f"{gone},{server.brokers}")[0] == 0
    assert server.run("topic", "list", "--bootstrap-server", server.brokers)[0] == 0


def test_settings_of_the_client(server, tmp_path):
    config = tmp_path / "client.properties"
    config.write_text(f"# of the client\nclient.id = ${{env:NAME}}\n\nsocket.timeout.ms=9000\n")
    run = lambda *arguments: subprocess.run(
        [PROGRAM, "topic", "list", "-b", server.brokers, *arguments], capture_output=True,
        text=True, timeout=PATIENCE_S, env={"NAME": "me"})
    assert run("--client-config", str(config), "-X", "socket.timeout.ms=8000").returncode == 0
    for arguments, said in [
            (["-X", "sokcet.timeout.ms=1"], "Did you mean 'socket.timeout.ms'?"),
            (["-X", "socket.timeout.ms=abc"], "socket.timeout.ms"),
            (["-X", "socket.timeout.ms"], "Write name=value"),
            (["-X", "bootstrap.servers=a:1"], "--brokers says where the servers are"),
            (["-X", "sasl.password=secret"], "is seen by everybody"),
            (["-X", "client.id=${env:NOBODY}"], "${env:NOBODY} is not set")]:
        done = run(*arguments)
        assert done.returncode == 2 and said in done.stderr, done.stderr
    assert run("-X", "sasl.password=${env:NAME}").returncode == 0
    assert run("--client-config", str(tmp_path / "none")).returncode == 3
    assert "librdkafka: " in run("-X", "debug=broker").stderr
