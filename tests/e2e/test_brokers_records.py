"""`produce` and `consume` on a server: a record comes out as it went in, or its line is named."""

import base64
import json
import os
import signal
import subprocess
import time

import pytest
from broker import PATIENCE_S, Server, wait_until
from conftest import PROGRAM
from terminal import Terminal


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("records")) as server:
        yield server


@pytest.fixture
def topic(server, request):
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:80]
    server.create(name, "-p", 3)
    return name


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


def test_lines_go_round_and_keys_go_where_kafka_puts_them(server, topic):
    said = server.produce(topic, b"0\n1\n2\n3\n")
    assert said == f"4 records written to {topic}: {topic}-0@0..1, {topic}-1@0, {topic}-2@0\n"
    server.produce(topic, b"a:1\nb:2\nc:3\nd:4\nfoo:5\n", "-K", ":")
    placed = {}
    for line in server.consume(topic, "-f", "%p %k").splitlines():
        partition, key = line.split()
        placed[key] = int(partition)
    murmur2 = pytest.importorskip("kafka.partitioner.default").murmur2
    for key in ("a", "b", "c", "d", "foo"):
        assert placed[key] == (murmur2(key.encode()) & 0x7FFFFFFF) % 3


def test_every_part_of_a_record_can_be_printed(server, topic):
    server.produce(topic, b"k:v\n", "-K", ":", "-H", "a=1", "-H", "b=x=y", "-p", "1")
    line = server.consume(topic, "-f", r"%t %p %o %k=%v %s %K %S %h %%\t\x41")
    assert line == f"{topic} 1 0 k=v v 1 1 a=1,b=x=y %\tA\n"
    stamp = int(server.consume(topic, "-f", "%T"))
    assert abs(stamp - time.time() * 1000) < 600_000


AWKWARD = [b"plain", b"", None, bytes(range(256)), "žluťoučký 🐎".encode(), b'"quoted"\n\t\\', b"\0",
           b"\xff\xfe", b"x" * 100_000]


def test_json_has_every_field_and_says_what_is_base64(server, topic):
    server.produce(topic, b'{"key":"k","value":"v","timestamp":1709251200000,"partition":2}\n'
                   b'{"value":"/wA=","value_encoding":"base64"}\n', "-J", "-H", "h=1")
    found = {row["partition"]: row for row in objects(server.consume(topic, "-J"))}
    assert found[2] == {"topic": topic, "partition": 2, "offset": 0, "timestamp": 1709251200000,
                        "key": "k", "value": "v", "headers": [{"name": "h", "value": "1"}]}
    assert (found[0]["key"], found[0]["value"]) == (None, "/wA=")
    assert found[0]["value_encoding"] == "base64"
    assert server.consume(topic, "-o", "json") == server.consume(topic, "-J")


def test_what_json_prints_makes_the_same_records_again(server, topic):
    def field(name, encoding, value):
        if value is None:
            return {name: None}
        return {name: base64.b64encode(value).decode(), encoding: "base64"}

    lines = [json.dumps({**field("key", "key_encoding", key),
                         **field("value", "value_encoding", value),
                         "timestamp": 1_700_000_000_000 + n,
                         "headers": [{"name": "h", **field("value", "encoding", value)},
                                     {"name": "h", **field("value", "encoding", key)}]})
             for n, (key, value) in enumerate((k, v) for k in AWKWARD for v in AWKWARD)]
    server.produce(topic, "\n".join(lines).encode(), "-J")
    first = server.consume(topic, "-J")
    assert len(objects(first)) == len(lines)
    server.create(topic + "2", "-p", 3)
    server.produce(topic + "2", first.encode(), "-J", "-z", "lz4")
    again = server.consume(topic + "2", "-J").replace(f'"{topic}2"', f'"{topic}"')
    assert sorted(again.splitlines()) == sorted(first.splitlines())
    # And they are what was meant, byte by byte.
    values = [None if row["value"] is None
              else base64.b64decode(row["value"]) if row.get("value_encoding")
              else row["value"].encode() for row in objects(first)]
    assert sorted(values, key=repr) == sorted(AWKWARD * len(AWKWARD), key=repr)


def test_a_value_in_json_may_be_any_json(server, topic):
    server.produce(topic, b'{"value": {"id": 12345678901234567890123, "a": [1, 2]}}\n'
                   b'{"value": [1, {"b": null}]}\n{"value": 1.50}\n{"value": true}\n{}\n',
                   "-J", "-p", "0")
    assert server.consume(topic).splitlines() == [
        '{"id": 12345678901234567890123, "a": [1, 2]}', '[1, {"b": null}]', "1.50", "true", "NULL"]


@pytest.mark.parametrize("line, said", [
    (b'{"vlue": 1}', "Did you mean 'value'?"), (b"[1]", "no JSON object"), (b"{", "no JSON object"),
    (b'{"value": "a", "value_encoding": "hex"}', "'hex' is not known"),
    (b'{"value": "?", "value_encoding": "base64"}', "'?' is not base64"),
    (b'{"partition": "x"}', "'partition' is no whole number"),
    (b'{"partition": 3}', "has no partition 3"),
    (b'{"headers": {"a": 1}}', "'headers' is no array"),
    (b'{"headers": [{"value": "1"}]}', "a header has no name"),
    (b"", "no JSON object"),
])
def test_a_wrong_line_of_json_is_named(server, topic, line, said):
    code, _, err = server.run("produce", topic, "-J", given=b'{"value":"good"}\n' + line + b"\n")
    assert code in (1, 3) and "stdin:2: " in err and said in err, err
    assert err.startswith(f"1 record written to {topic}")
    assert server.consume(topic) == "good\n"


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_compression(server, topic, codec):
    lines = b"".join(b"%d %s\n" % (n, b"x" * 50) for n in range(1000))
    server.produce(topic, lines, "-z", codec, "-p", "0")
    assert server.consume(topic).encode() == lines


@pytest.mark.parametrize("acks", ["all", "-1", "1", "0"])
def test_every_kind_of_acknowledgement(server, topic, acks):
    said = server.produce(topic, b"0\n1\n", "--acks", acks, "-p", "0")
    assert said.startswith("2 records written to" if acks != "0" else "2 records sent to")
    wait_until(lambda: server.consume(topic) == "0\n1\n", "the records have arrived")


def test_tombstones_keys_and_delimiters(server, topic):
    server.produce(topic, b"a:1\na:\n:2\n", "-K", ":", "-Z", "-p", "0")
    server.produce(topic, b"v|w", "-k", "same", "-D", "|", "-p", "0")
    assert server.consume(topic, "-f", "%k=%v").split() == [
        "a=1", "a=NULL", "NULL=2", "same=v", "same=w"]
    blob = bytes(range(256)) * 100
    server.produce(topic, blob, "-D", "", "-p", "1")
    out = subprocess.run([PROGRAM, "consume", topic, "-e", "-p", "1", "-D", ""],
                         env=server.environment(), capture_output=True, timeout=PATIENCE_S).stdout
    assert out == blob


def test_files_are_read_one_after_another_and_named(server, topic, tmp_path):
    (tmp_path / "a").write_bytes(b"1\n2")
    (tmp_path / "b").write_bytes(b"3\n")
    server.ok("produce", topic, tmp_path / "a", "-", tmp_path / "b", "-p", "0", given=b"in\n")
    assert server.consume(topic).split() == ["1", "2", "in", "3"]
    (tmp_path / "bad").write_bytes(b'{"value":"1"}\n{"value":\n')
    code, _, err = server.run("produce", topic, "-J", tmp_path / "bad")
    assert code == 1 and f"{tmp_path}/bad:2: " in err
    code, _, err = server.run("produce", topic, tmp_path / "none")
    assert code == 3 and err.splitlines()[-2].startswith("MR-1002")


def test_a_record_that_the_server_refuses_is_named_by_its_line(server, topic):
    server.ok("topic", "alter", topic, "-c", "max.message.bytes=1000")
    lines = b"small\n" + b"x" * 5000 + b"\nlast\n"
    code, _, err = server.run("produce", topic, "-p", "0", given=lines)
    assert code == 1 and "MR-4009 stdin:2: the record was not acknowledged" in err, err
    assert "small" in server.consume(topic)
    server.produce(topic, b"y" * 100 + b"\n" + (b"y" * 100 + b"\n") * 1000)  # not in one batch


def test_a_server_that_goes_away_while_records_are_written(tmp_path):
    server = Server(tmp_path).start()
    server.create("t")
    writer = server.popen("produce", "t", "-X", "message.timeout.ms=2000", stdin=subprocess.PIPE)
    writer.stdin.write(b"first\n")
    writer.stdin.flush()
    wait_until(lambda: server.consume("t") == "first\n", "the first record is there")
    server.process.kill()
    server.process.wait()
    out, err = writer.communicate(b"second\n", timeout=PATIENCE_S)
    server.process.stdout.close()
    assert writer.returncode == 6
    assert b"stdin:2: the record was not acknowledged" in err and b"1 record written to t" in err


@pytest.mark.parametrize("arguments, said", [
    (["-z", "zst"], "Did you mean 'zstd'?"), (["--acks", "2"], "is no number of acknowledgements"),
    (["-H", "a"], "'a' is no header"), (["-J", "-K", ":"], "Leave out --key-separator"),
    (["-p", "x"], "whole number from 0 on"),
])
def test_a_wrong_argument_of_produce_is_code_2(server, topic, arguments, said):
    code, _, err = server.run("produce", topic, *arguments, given=b"x\n")
    assert code == 2 and said in err, err


@pytest.mark.parametrize("arguments, said", [
    (["-o", "middle"], "'middle' is no offset"), (["-n", "x"], "whole number from 0 on"),
    (["-f", "%q"], "'%q' is no part of a record"), (["-J", "-f", "%v"], "Leave out -J, or -f"),
    (["-o", "1", "-o", "2"], "reading begins in one place"),
    (["--isolation", "comitted"], "Did you mean 'committed'?"),
])
def test_a_wrong_argument_of_consume_is_code_2(server, topic, arguments, said):
    code, _, err = server.run("consume", topic, *arguments)
    assert code == 2 and said in err, err


@pytest.mark.parametrize("command", [["consume", "recrods"], ["produce", "recrods"]])
def test_a_misspelt_topic_gets_the_nearest_name(server, command):
    server.create("records", "--if-not-exists")
    code, out, err = server.run(*command)
    assert (code, out) == (3, "")
    assert err == "MR-4005: there is no topic 'recrods'\n  Did you mean 'records'?\n"
    code, _, err = server.run(command[0], "records", "-p", "1")
    assert code == 3 and "It has only partition 0." in err


@pytest.mark.parametrize("offset, offsets", [
    ("start", "0123"), ("end", ""), ("1", "123"), ("9", ""), ("-1", "3"), ("-9", "0123"),
    ("@0", "0123"), ("@2020-01-01", "0123"), ("@2099-01-01", ""), ("@1700000000002", "23"),
    ("@2023-11-14T22:13:20.003Z", "3"),
])
def test_reading_begins_where_it_is_told(server, topic, offset, offsets):
    lines = [b'{"value":"%d","timestamp":%d}\n' % (n, 1_700_000_000_000 + n) for n in range(4)]
    server.produce(topic, b"".join(lines), "-J", "-p", "1")
    assert server.consume(topic, "-o", offset, "-D", "") == offsets


def test_counts_partitions_and_patterns_bound_what_is_read(server, topic):
    for partition in range(3):
        server.produce(topic, b"%d\n" % partition * 2, "-p", partition)
    assert len(server.consume(topic, "-n", 4).splitlines()) == 4
    assert server.consume(topic, "-n", 0) == ""
    assert server.consume(topic, "-p", 1) == "1\n1\n"
    server.create(topic + "-more")
    server.produce(topic + "-more", b"m\n")
    assert sorted(server.consume(topic, topic + "-more").split()) == sorted("001122m")
    assert server.consume("-r", topic + "-.*") == "m\n"


def test_following_prints_what_comes_until_ctrl_c(server, topic):
    server.produce(topic, b"before\n")
    reader = server.popen("consume", topic)
    assert reader.stdout.readline() == b"before\n"
    fresh = server.popen("consume", topic, "-o", "end", "-n", "1")
    time.sleep(0.5)
    server.produce(topic, b"after\n")
    assert reader.stdout.readline() == b"after\n"
    assert fresh.communicate(timeout=PATIENCE_S) == (b"after\n", b"")
    assert fresh.returncode == 0
    reader.send_signal(signal.SIGINT)
    assert reader.communicate(timeout=PATIENCE_S) == (b"", b"")
    assert reader.returncode == 130


def test_following_goes_on_when_the_server_comes_back(tmp_path):
    server = Server(tmp_path).start()
    server.create("t")
    server.produce("t", b"1\n")
    reader = server.popen("consume", "t")
    assert reader.stdout.readline() == b"1\n"
    server.stop()
    assert b"note: the server was there, and then hung up or went away" in reader.stderr.readline()
    server.start()
    server.produce("t", b"2\n")
    assert reader.stdout.readline() == b"2\n"
    reader.send_signal(signal.SIGTERM)
    reader.communicate(timeout=PATIENCE_S)
    assert reader.returncode == 130
    server.stop()


def test_reading_to_the_end_ends_when_the_server_has_gone(tmp_path):
    server = Server(tmp_path).start()
    server.create("t")
    server.produce("t", (b"x" * 1000 + b"\n") * 60_000)
    reader = server.popen("consume", "t", "-e", "--timeout", "1", "-X",
                          "queued.max.messages.kbytes=1000")
    reader.stdout.readline()
    server.process.kill()
    server.process.wait()
    server.process.stdout.close()
    _, err = reader.communicate(timeout=PATIENCE_S)
    assert reader.returncode == 6 and err.startswith(b"MR-1013 ")


def test_a_reader_that_goes_away_ends_consume_without_a_word(server, topic):
    server.produce(topic, b"y" * 100 + b"\n" + (b"y" * 100 + b"\n") * 20_000)
    reader = server.popen("consume", topic)
    reader.stdout.readline()
    reader.stdout.close()
    assert reader.stderr.read() == b"" and reader.wait(PATIENCE_S) == 141


def test_ctrl_c_while_records_are_typed_writes_what_was_read(server, topic):
    writer = server.popen("produce", topic, "-p", "0", stdin=subprocess.PIPE)
    writer.stdin.write(b"one\ntwo\nhal")
    writer.stdin.flush()
    wait_until(lambda: server.consume(topic) == "one\ntwo\n", "both are written")
    writer.send_signal(signal.SIGINT)
    assert writer.wait(PATIENCE_S) == 130
    assert f"2 records written to {topic}" in writer.stderr.read().decode()
    writer.stdin.close()
    writer.stdout.close()
    assert server.consume(topic) == "one\ntwo\n"


def test_on_a_terminal_each_line_is_written_at_once_and_the_end_is_told(server, topic, tmp_path):
    with Terminal([PROGRAM, "produce", topic, "-b", server.brokers], tmp_path) as terminal:
        terminal.expect("A record a line; Ctrl-D ends.")
        terminal.keys("typed\n")
        wait_until(lambda: server.consume(topic) == "typed\n", "the line is written")
        terminal.keys("\x04")
        said, code = terminal.end()
        assert code == 0 and "1 record written" in said
    with Terminal([PROGRAM, "consume", topic, "-b", server.brokers], tmp_path) as terminal:
        terminal.expect("typed")
        terminal.expect("note: this is the end for now")
        terminal.keys("\x03")
        assert terminal.end()[1] == 130


def test_progress_is_shown_on_a_terminal_only(server, topic, tmp_path):
    shell = f"'{PROGRAM}' consume {topic} -b {server.brokers} > '{tmp_path}/out'"
    server.produce(topic, b"1\n2\n")
    with Terminal(["/bin/sh", "-c", shell], tmp_path) as terminal:
        terminal.expect("2 records, ")
        terminal.keys("\x03")
        terminal.end()
    assert (tmp_path / "out").read_text().split() == ["1", "2"]


def test_transactions_that_are_open_or_aborted_are_read_when_asked(server, topic):
    kafka = pytest.importorskip("confluent_kafka")
    producer = kafka.Producer({"bootstrap.servers": server.brokers, "transactional.id": topic,
                               "log_level": 0})
    producer.init_transactions(PATIENCE_S)
    for value, keep in [("kept", True), ("dropped", False)]:
        producer.begin_transaction()
        producer.produce(topic, value, partition=0)
        producer.flush(PATIENCE_S)
        producer.commit_transaction() if keep else producer.abort_transaction()
    producer.begin_transaction()
    producer.produce(topic, "open", partition=0)
    producer.flush(PATIENCE_S)
    assert server.consume(topic) == "kept\n"
    every = server.consume(topic, "--isolation", "uncommitted")
    assert every.split() == ["kept", "dropped", "open"]
    assert server.consume(topic, "-g", topic) == "kept\n"
    producer.abort_transaction()


def test_a_large_amount_comes_back_whole(server, topic, tmp_path):
    lines = b"".join(b"%d %s\n" % (n, os.urandom(8).hex().encode()) for n in range(200_000))
    (tmp_path / "lines").write_bytes(lines)
    server.ok("produce", topic, tmp_path / "lines", "-z", "lz4")
    out = server.consume(topic)
    assert sorted(out.encode().splitlines()) == sorted(lines.splitlines())
