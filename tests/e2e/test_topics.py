"""`topic`, `consume`, `produce` and `group` on a data directory, as somebody uses them who knows
kcat."""

import json
import subprocess

import pytest
from broker import Server
from conftest import PROGRAM


@pytest.fixture
def data(millrace):
    millrace.rows("CREATE TABLE orders (id INT, word STRING);"
                  "CREATE TABLE users (id INT, word STRING, PRIMARY KEY (id) NOT ENFORCED);"
                  "INSERT INTO orders VALUES (1, 'a'), (2, 'b'), (3, NULL);"
                  "INSERT INTO users VALUES (1, 'a');", durable=True)
    return millrace.data


def run(command, data, *arguments, given=b""):
    done = subprocess.run([PROGRAM, *command.split(), "--data", str(data), *arguments],
                          capture_output=True, input=given, timeout=120)
    return done.returncode, done.stdout, done.stderr.decode()


def consume(data, topic, *arguments):
    code, out, err = run(f"consume {topic}", data, *arguments)
    assert (code, err) == (0, "")
    return out.decode(errors="surrogateescape")


def produce(data, topic, given, *arguments):
    code, out, err = run(f"produce {topic}", data, *arguments, given=given)
    assert (code, out) == (0, b"")
    return err


def test_topics_are_listed_and_described(data):
    code, out, _ = run("topic list", data, "-o", "json")
    assert code == 0
    assert json.loads(out)["results"][0]["rows"] == [
        {"topic": "orders", "partitions": 1, "replicas": 1, "records": 3},
        {"topic": "sys.errors", "partitions": 1, "replicas": 1, "records": 0},
        {"topic": "users", "partitions": 1, "replicas": 1, "records": 1},
    ]
    code, out, err = run("topic describe users", data, "-o", "json")
    partitions, groups, settings = [table["rows"] for table in json.loads(out)["results"]]
    assert code == 0
    assert [(row["partition"], row["start"], row["end"]) for row in partitions] == [(0, 0, 1)]
    assert partitions[0]["bytes"] > 0
    assert err == f"users: 1 partition, 1 record, {partitions[0]['bytes']} bytes\n"
    assert groups == []
    assert {"setting": "cleanup.policy", "value": "compact", "origin": "topic"} in settings


def test_topics_are_made_changed_and_deleted(data):
    assert run("topic create new -p 2 -c retention.ms=5000", data)[::2] == (0, "created new\n")
    assert run("topic create new", data)[0] == 4
    assert run("topic alter new -p 3 -c retention.ms=7000", data)[::2] == (0, "altered new\n")
    _, out, _ = run("topic describe new --only settings", data, "-o", "csv")
    assert b"retention.ms,7000,topic" in out
    assert produce(data, "new", b"1\n2\n3\n") == (
        "3 records written to new: new-0@0, new-1@0, new-2@0\n")
    assert run("topic delete new", data)[::2] == (0, "deleted new\n")
    assert b"new" not in run("topic list", data)[1]


def test_a_directory_that_a_server_uses_is_refused_with_the_way_in(tmp_path):
    with Server(tmp_path):
        code, _, err = run("topic list", tmp_path / "data")
    assert code == 4 and err.startswith("MR-1010") and "leave out --data, or say -b" in err


def test_records_are_copied_as_json(data):
    produce(data, "orders", b"k:v\n", "-K", ":", "-H", "a=1")
    printed = consume(data, "orders", "-J")
    run("topic create copy", data)
    produce(data, "copy", printed.encode(), "-J")
    assert consume(data, "copy", "-J").replace('"copy"', '"orders"') == printed


def test_groups_have_their_offsets_in_the_directory(data):
    assert consume(data, "orders", "-g", "readers", "-n", "2", "-f", "%o") == "0\n1\n"
    assert consume(data, "orders", "-g", "readers", "-f", "%o") == "2\n"
    assert b"readers,Empty" in run("group list", data, "-o", "csv")[1]
    assert run("group seek readers --to -2", data)[0] == 0
    assert consume(data, "orders", "-g", "readers", "-f", "%o") == "1\n2\n"


@pytest.mark.parametrize("command", ["topic describe ordrs", "consume ordrs", "produce ordrs"])
def test_a_missing_topic_gets_the_nearest_name(data, command):
    code, out, err = run(command, data)
    assert (code, out) == (3, b"")
    assert err == "MR-4005: there is no topic 'ordrs'\n  Did you mean 'orders'?\n"


def test_a_missing_data_directory_or_argument_is_named(data):
    code, _, err = run("consume orders", data.parent / "nosuch")
    assert code == 3 and "there is no data directory" in err
    code, _, err = run("consume orders -b 127.0.0.1:9092", data)
    assert code == 2 and "--data and --brokers name two places" in err
    code, _, err = run("consume", data)
    assert code == 2 and "TOPIC is required" in err


def test_every_part_of_a_record_can_be_printed(data):
    produce(data, "orders", b"k:v\n", "-K", ":", "-H", "a=1", "-H", "b=x=y")
    line = consume(data, "orders", "-o", "-1", "-f", r"%t %p %o %k=%v %s %K %S %h %%\t\x41")
    assert line == "orders 0 3 k=v v 1 1 a=1,b=x=y %\tA\n"
    stamp = consume(data, "orders", "-o", "-1", "-f", "%T")
    assert 1_600_000_000_000 < int(stamp)
    code, _, err = run("consume orders", data, "-f", "%q")
    assert code == 2 and "'%q' is no part of a record" in err


@pytest.mark.parametrize("offset, offsets", [
    ("start", "012"), ("beginning", "012"), ("end", ""), ("1", "12"), ("9", ""), ("-1", "2"),
    ("-9", "012"), ("@0", "012"), ("@2020-01-01", "012"), ("@2020-01-01T00:00:00Z", "012"),
    ("@2099-01-01", ""),
])
def test_reading_begins_where_it_is_told(data, offset, offsets):
    assert consume(data, "orders", "-o", offset, "-f", "%o", "-D", "") == offsets


def test_reading_from_a_time_begins_with_the_first_record_of_it(data):
    produce(data, "orders", b"late\n")
    times = consume(data, "orders", "-f", "%T").split()
    later = [n for n, time in enumerate(times) if int(time) >= int(times[3])]
    assert consume(data, "orders", "-o", f"@{times[3]}", "-f", "%o").split() == [
        str(n) for n in later]


@pytest.mark.parametrize("arguments, said", [
    (["-o", "yesterday"], "'yesterday' is no offset"), (["-n", "-1"], "whole number from 0 on"),
    (["-n", "x"], "whole number"),
])
def test_a_wrong_offset_or_count_is_code_2(data, arguments, said):
    code, out, err = run("consume orders", data, *arguments)
    assert (code, out) == (2, b"") and said in err


def test_counts_and_partitions_bound_what_is_read(data):
    assert consume(data, "orders", "-n", "2", "-f", "%o") == "0\n1\n"
    assert consume(data, "orders", "-n", "0") == ""
    assert consume(data, "orders", "-p", "0", "-f", "%o") == "0\n1\n2\n"
    code, _, err = run("consume orders", data, "-p", "1")
    assert code == 3 and "no partition 1" in err


def test_lines_become_records_also_empty_ones_and_one_without_its_end(data):
    assert produce(data, "orders", b"one\n\nlast") == (
        "3 records written to orders: orders-0@3..5\n")
    assert consume(data, "orders", "-o", "3", "-f", "[%v]") == "[one]\n[]\n[last]\n"
    assert produce(data, "orders", b"") == "0 records written to orders\n"
    assert produce(data, "orders", b"x\n") == "1 record written to orders: orders-0@6\n"


def test_keys_are_split_off_or_given(data):
    produce(data, "orders", b"a:1\nb:x:y\nnone\n", "-K", ":")
    produce(data, "orders", b"v\n", "-k", "same")
    produce(data, "orders", b"t\tv\n", "-K", r"\t")
    pairs = consume(data, "orders", "-o", "3", "-f", "%k=%v").split()
    assert pairs == ["a=1", "b=x:y", "NULL=none", "same=v", "t=v"]


def test_a_compacted_topic_takes_no_record_without_a_key(data):
    code, _, err = run("produce users", data, given=b"none\n")
    assert code == 1 and "MR-3004 stdin:1: the record was not acknowledged" in err
    assert "takes only records with keys" in err


def test_tombstones_delete_a_key(data, millrace):
    produce(data, "orders", b'{"id":1}:\n', "-K", ":}", "-Z")  # no separator in it: a value
    assert consume(data, "orders", "-o", "-1", "-f", "%S") == "9\n"
    produce(data, "users", b'{"id":1};\n', "-K", ";", "-Z")
    assert consume(data, "users", "-o", "-1", "-f", "%k %v %S") == '{"id":1} NULL -1\n'
    assert millrace.rows("SELECT * FROM users WHERE id = 1;", durable=True) == []


def test_bytes_go_in_and_come_out_unchanged(data):
    blob = bytes(range(256)) * 3
    assert produce(data, "orders", blob, "-D", "", "-k", "blob") == (
        "1 record written to orders: orders-0@3\n")
    code, out, _ = run("consume orders", data, "-o", "-1", "-D", "")
    assert code == 0 and out == blob
    produce(data, "orders", b"a\0b\0", "-D", r"\x00")
    assert consume(data, "orders", "-o", "-2", "-D", "|") == "a|b|"


def test_a_wrong_header_is_refused(data):
    code, _, err = run("produce orders", data, "-H", "a", given=b"x\n")
    assert code == 2 and "'a' is no header" in err


def test_a_reader_that_goes_away_ends_consume_without_a_word(data):
    produce(data, "orders", b"x" * 100 + b"\n" + (b"y" * 100 + b"\n") * 20_000)
    reader = subprocess.Popen([PROGRAM, "consume", "orders", "--data", str(data)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    reader.stdout.readline()
    reader.stdout.close()
    assert reader.stderr.read() == b"" and reader.wait(60) == 141
    assert len(consume(data, "orders").splitlines()) == 20_004
