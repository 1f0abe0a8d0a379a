"""Produce, byte by byte: what no client sends is refused with the code that Kafka refuses it with,
and nothing of it is stored."""

import struct
import time

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

import wire
from test_confluent_data import producer, read, values_to_send
from test_wire_transactions import crc32c

PRODUCE = wire.API_KEYS["Produce"]
UNKNOWN_TOPIC, CORRUPT, TOO_LARGE, BAD_ACKS = 3, 2, 10, 21
BAD_TIMESTAMP, UNSUPPORTED_CODEC, INVALID = 32, 76, 87
ZSTD, CONTROL = 4, 0x20
HOUR_MS = 3_600_000


def record(value=b"v", key=None, offset=0, timestamp=0):
    head = b"\0" + varint(timestamp) + varint(offset)
    head += varint(-1) if key is None else varint(len(key)) + key
    body = head + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def varint(value):
    value = value * 2 if value >= 0 else -value * 2 - 1
    data = b""
    while value > 0x7f:
        data, value = data + bytes([value & 0x7f | 0x80]), value >> 7
    return data + bytes([value])


def batch(*records, attributes=0, base=0, magic=2, count=None, last=None, timestamp=None, crc=None,
          length=0, producer_id=-1, sequence=-1):
    """A record batch; what is given is what it says, be it true or not."""
    count = len(records) if count is None else count
    last = count - 1 if last is None else last
    now = int(time.time() * 1000) if timestamp is None else timestamp
    epoch = -1 if producer_id < 0 else 0
    tail = struct.pack(">hiqqqhii", attributes, last, now, now, producer_id, epoch, sequence,
                       count) + b"".join(records)
    checksum = crc32c(tail) if crc is None else crc
    return struct.pack(">qiibI", base, len(tail) + 9 + length, -1, magic, checksum) + tail


def request(topic, data, version=7, acks=-1, partition=0):
    name = topic.encode()
    body = struct.pack(f">hhiih{len(name)}siii", -1, acks, 10_000, 1, len(name), name, 1, partition,
                       len(data)) + data
    return wire.request(PRODUCE, version, 1, body)


def produce(broker, topic, data, **options):
    """The error and the offset of the answer."""
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(request(topic, data, **options))
        body = wire.answer(connection)[1]
    at = 4 + 2 + len(topic) + 4
    _, error, offset = struct.unpack(">ihq", body[at:at + 14])
    return error, offset


@pytest.fixture
def made(broker, topic):
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(20)
    wire.await_leader(broker.bootstrap, topic)
    return topic


GOOD = record()
NOW_MS = int(time.time() * 1000)


@pytest.mark.parametrize("data, error", [
    pytest.param(lambda: batch(GOOD, crc=1), CORRUPT, id="another checksum"),
    pytest.param(lambda: batch(GOOD, length=-1), CORRUPT, id="a length that is too small"),
    pytest.param(lambda: batch(GOOD, length=1), (CORRUPT, INVALID),
                 id="a length that is too large"),
    pytest.param(lambda: batch(GOOD, length=-40), CORRUPT, id="less than a header"),
    pytest.param(lambda: batch(GOOD, magic=3), CORRUPT, id="a magic of times to come"),
    pytest.param(lambda: batch(GOOD, attributes=CONTROL), INVALID, id="a control batch"),
    pytest.param(lambda: batch(GOOD, count=2), INVALID, id="more records than there are"),
    pytest.param(lambda: batch(GOOD, record(offset=1), count=1), INVALID, id="records behind it"),
    pytest.param(lambda: batch(GOOD, last=4), INVALID, id="a last offset beyond the count"),
    pytest.param(lambda: batch(count=0, last=-1), (CORRUPT, INVALID), id="no record"),
    pytest.param(lambda: batch(GOOD) + batch(GOOD), INVALID, id="two batches"),
    pytest.param(lambda: batch(GOOD, timestamp=NOW_MS + 2 * HOUR_MS), BAD_TIMESTAMP,
                 id="a time to come"),
    pytest.param(lambda: batch(GOOD, producer_id=7, sequence=-1), INVALID,
                 id="a producer without a sequence"),
    pytest.param(lambda: batch(record(bytes(1_100_000))), TOO_LARGE, id="too large"),
])
def test_what_is_wrong_is_refused_and_not_stored(broker, made, data, error):
    found, offset = produce(broker, made, data())
    assert offset == -1 and found in (error if isinstance(error, tuple) else (error,))
    assert wire.ends(broker.bootstrap, made, 0) == (0, 0)
    assert values_to_send(producer(broker), made, [b"after"]) == [0]
    assert [m.value() for m in read(broker, made, 1)] == [b"after"]


def test_the_request_as_a_whole(broker, made):
    assert produce(broker, made, batch(GOOD), acks=2)[0] == BAD_ACKS
    assert produce(broker, f"{made}.x", batch(GOOD))[0] == UNKNOWN_TOPIC
    assert produce(broker, made, batch(GOOD), partition=1)[0] == UNKNOWN_TOPIC
    assert produce(broker, made, batch(GOOD, attributes=ZSTD), version=6)[0] == UNSUPPORTED_CODEC
    assert wire.ends(broker.bootstrap, made, 0) == (0, 0)
    assert produce(broker, made, batch(GOOD)) == (0, 0)


def test_an_error_without_acknowledgement_closes_the_connection(broker, made):
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(request(made, batch(GOOD), acks=0))
        connection.sendall(wire.request(wire.API_KEYS["ApiVersions"], 0, 5, b""))
        assert wire.answer(connection)[0] == 5  # the first request has no answer
        connection.sendall(request(made, batch(GOOD, crc=1), acks=0))
        assert wire.answer(connection) is None


def test_offsets_and_leader_epochs_of_clients_do_not_count(broker, made):
    assert produce(broker, made, batch(GOOD)) == (0, 0)
    assert produce(broker, made, batch(record(b"w", timestamp=5)))[0] == 0
    assert [m.value() for m in read(broker, made, 2)] == [b"v", b"w"]
