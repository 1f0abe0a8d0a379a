"""kcat, which is librdkafka, against the server."""

import json
import re
import subprocess
import time

import pytest

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# Lengths are given before the bytes, so that no value can be mistaken for the end of a record.
RECORD = re.compile(rb"(\d+) (-?\d+) (\d+) (-?\d+) (-?\d+) ([^|]*)\|")
FORMAT = "%p %o %T %K %S %h|%k%s"


def kcat(broker, *arguments, given=b"", fails=False, limit_s=30):
    done = subprocess.run(["kcat", "-b", broker.bootstrap, *arguments], input=given,
                          capture_output=True, timeout=limit_s, check=False)
    assert (done.returncode != 0) == fails, done.stderr.decode()
    return done


def records_in(output):
    """[(partition, offset, timestamp, key, value, headers)] of what kcat printed with FORMAT."""
    found = []
    while output:
        head = RECORD.match(output)
        assert head, output[:200]
        partition, offset, timestamp, key_size, size = (int(head.group(n)) for n in range(1, 6))
        key_end = head.end() + max(key_size, 0)
        end = key_end + max(size, 0)
        found.append((partition, offset, timestamp,
                      None if key_size < 0 else output[head.end():key_end],
                      None if size < 0 else output[key_end:end], head.group(6).decode()))
        output = output[end:]
    return found


def consume(broker, topic, *arguments):
    done = kcat(broker, "-C", "-t", topic, "-e", "-q", "-f", FORMAT, "-X",
                "fetch.wait.max.ms=20", *arguments)
    return records_in(done.stdout)


def values(records):
    return [record[4] for record in records]


def test_metadata_lists_the_broker_and_its_topics(broker, topic):
    kcat(broker, "-P", "-t", topic, given=b"x\n")
    answer = json.loads(kcat(broker, "-L", "-J").stdout)
    host = broker.bootstrap
    assert [node["name"] for node in answer["brokers"]] == [host]
    row = next(row for row in answer["topics"] if row["topic"] == topic)
    node = answer["brokers"][0]["id"]
    assert row["partitions"] == [{"partition": 0, "leader": node, "replicas": [{"id": node}],
                                  "isrs": [{"id": node}]}]
    assert answer["controllerid"] == node


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_produced_is_consumed_byte_by_byte(broker, topic, tmp_path, codec):
    payloads = [b"plain", bytes(range(256)), b"\n\r\n|0 0 0 1 1 |", b"a" * 100_000, b"\0"]
    files = []
    for at, payload in enumerate(payloads):
        files.append(tmp_path / f"value{at}")
        files[-1].write_bytes(payload)
    before = int(time.time() * 1000)
    kcat(broker, "-P", "-t", topic, "-z", codec, "-k", "key", "-H", "first=1", "-H", "empty=",
         "-H", "none", "-H", "first=again", *map(str, files))
    after = int(time.time() * 1000)
    found = consume(broker, topic, "-o", "beginning")
    assert values(found) == payloads
    assert [record[1] for record in found] == list(range(len(payloads)))
    for _, _, timestamp, key, _, headers in found:
        assert before <= timestamp <= after
        assert key == b"key"
        assert headers == "first=1,empty=,none=NULL,first=again"


@pytest.mark.parametrize("codec", CODECS)
def test_empty_and_null_keys_and_values(broker, topic, codec):
    lines = b"k1:v1\n:v2\nk3:\n"
    kcat(broker, "-P", "-t", topic, "-z", codec, "-K", ":", given=lines)
    kcat(broker, "-P", "-t", topic, "-z", codec, "-K", ":", "-Z", given=lines)
    found = consume(broker, topic, "-o", "beginning")
    assert [record[3:5] for record in found] == [
        (b"k1", b"v1"), (b"", b"v2"), (b"k3", b""),
        (b"k1", b"v1"), (None, b"v2"), (b"k3", None)]


@pytest.mark.parametrize("codec", CODECS)
def test_many_records_in_batches_keep_their_order(broker, topic, codec):
    lines = [b"%06d " % n + b"x" * (n % 50) for n in range(20_000)]
    kcat(broker, "-P", "-t", topic, "-z", codec, given=b"\n".join(lines) + b"\n")
    found = consume(broker, topic, "-o", "beginning")
    assert values(found) == lines
    assert [record[1] for record in found] == list(range(len(lines)))


def test_offsets_by_number_from_the_end_and_by_time(broker, topic):
    kcat(broker, "-P", "-t", topic, given=b"0\n1\n2\n")
    time.sleep(0.02)
    between = int(time.time() * 1000)
    time.sleep(0.02)
    kcat(broker, "-P", "-t", topic, given=b"3\n4\n")

    def read(*options):
        return [int(value) for value in values(consume(broker, topic, *options))]

    assert read("-o", "beginning") == [0, 1, 2, 3, 4]
    assert read("-o", "2") == [2, 3, 4]
    assert read("-o", "-2") == [3, 4]
    assert read("-o", "end") == []
    assert read("-o", f"s@{between}") == [3, 4]
    assert read("-o", f"s@{between}", "-o", f"e@{between + 3_600_000}") == [3, 4]
    assert read("-o", "beginning", "-c", "2") == [0, 1]
    kcat(broker, "-C", "-t", topic, "-e", "-o", "99", "-X", "auto.offset.reset=error", fails=True)


def test_query_tells_offsets_of_times(broker, topic):
    kcat(broker, "-P", "-t", topic, given=b"0\n1\n")
    time.sleep(0.02)
    between = int(time.time() * 1000)
    time.sleep(0.02)
    kcat(broker, "-P", "-t", topic, given=b"2\n3\n4\n")

    def offset_at(timestamp):
        line = kcat(broker, "-Q", "-t", f"{topic}:0:{timestamp}").stdout.decode().strip()
        return int(re.fullmatch(rf"{re.escape(topic)} \[0\] offset (-?\d+)", line).group(1))

    assert offset_at(-2) == 0
    assert offset_at(-1) == 5
    assert offset_at(0) == 0
    assert offset_at(between) == 2
    assert offset_at(between + 3_600_000) == -1


def test_a_group_goes_on_where_it_stopped(broker, topic, group):
    def read():
        options = ["-e", "-q", "-X", "auto.offset.reset=earliest", "-f", "%s\n"]
        return kcat(broker, "-G", group, *options, topic).stdout.split()

    kcat(broker, "-P", "-t", topic, given=b"1\n2\n")
    assert read() == [b"1", b"2"]
    kcat(broker, "-P", "-t", topic, given=b"3\n")
    assert read() == [b"3"]


def test_an_unknown_topic_is_an_error_where_it_may_not_be_made(broker, topic):
    done = kcat(broker, "-C", "-t", topic, "-e", "-X", "allow.auto.create.topics=false",
                fails=True)
    assert b"Unknown topic or partition" in done.stderr
    known = json.loads(kcat(broker, "-L", "-J").stdout)["topics"]
    assert topic not in [row["topic"] for row in known]


def test_a_bad_name_is_an_error(broker):
    name = "not/a/topic"
    answer = json.loads(kcat(broker, "-L", "-J", "-t", name).stdout)
    assert answer["topics"] == [
        {"topic": name, "error": "Broker: Invalid topic", "partitions": []}]
    # The producer's own words depend on whether it asked before it had a record to send.
    done = kcat(broker, "-P", "-t", name, given=b"x\n", fails=True)
    assert b"Invalid topic" in done.stderr or b"Unknown topic" in done.stderr
    known = json.loads(kcat(broker, "-L", "-J").stdout)["topics"]
    assert name not in [row["topic"] for row in known]


def test_a_topic_is_made_by_the_first_record(broker, topic):
    kcat(broker, "-P", "-t", topic, given=b"first\n")
    assert values(consume(broker, topic, "-o", "beginning")) == [b"first"]


@pytest.mark.parametrize("acks", ["0", "1", "all"])
def test_every_kind_of_acknowledgement(broker, topic, acks):
    kcat(broker, "-P", "-t", topic, "-X", f"acks={acks}", given=b"1\n2\n3\n")
    assert values(consume(broker, topic, "-o", "beginning")) == [b"1", b"2", b"3"]


@pytest.mark.needs("InitProducerId")
def test_an_idempotent_producer(broker, topic):
    lines = [b"%d" % n for n in range(5000)]
    kcat(broker, "-P", "-t", topic, "-X", "enable.idempotence=true",
         given=b"\n".join(lines) + b"\n")
    assert values(consume(broker, topic, "-o", "beginning")) == lines


def test_records_outlive_a_stop_and_a_kill(own_broker, topic):
    kcat(own_broker, "-P", "-t", topic, "-z", "lz4", given=b"1\n2\n")
    own_broker.restart()
    kcat(own_broker, "-P", "-t", topic, given=b"3\n")
    own_broker.kill_and_start()
    kcat(own_broker, "-P", "-t", topic, given=b"4\n")
    found = consume(own_broker, topic, "-o", "beginning")
    assert [(record[1], record[4]) for record in found] == [
        (0, b"1"), (1, b"2"), (2, b"3"), (3, b"4")]
