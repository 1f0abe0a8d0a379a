"""Leader epochs rise with each start of the server, and clients are told where they ended."""

import struct
import time

import pytest
from confluent_kafka import Consumer, Producer

import wire

FENCED, UNKNOWN, NO_TOPIC = 74, 75, 3
NONE = (-1, -1)


def write(broker, topic, count, first=0):
    failed = []
    writer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 0})
    for n in range(first, first + count):
        writer.produce(topic, b"%d" % n,
                       on_delivery=lambda error, _: error and failed.append(error))
    assert writer.flush(20) == 0
    assert not failed, failed


def end_of(broker, topic, epoch, current=-1, version=3):
    """(error, (epoch, end offset)) of OffsetForLeaderEpoch."""
    name = topic.encode()
    body = struct.pack(">i", -2) if version >= 3 else b""
    body += struct.pack(f">ih{len(name)}si", 1, len(name), name, 1)
    body += struct.pack(">iii", 0, current, epoch) if version >= 2 else struct.pack(">ii", 0, epoch)
    answer = wire.ask(broker.bootstrap, wire.API_KEYS["OffsetForLeaderEpoch"], version, body)
    if version >= 1:
        error, _, found, offset = struct.unpack(">hiiq", answer[-18:])
        return error, (found, offset)
    error, _, offset = struct.unpack(">hiq", answer[-14:])
    return error, (None, offset)


def list_offsets(broker, topic, timestamp, current=-1):
    """(error, offset, leader epoch) of ListOffsets, version 4."""
    name = topic.encode()
    body = struct.pack(f">ibih{len(name)}siiiq", -1, 0, 1, len(name), name, 1, 0, current,
                       timestamp)
    answer = wire.ask(broker.bootstrap, wire.API_KEYS["ListOffsets"], 4, body)
    _, error, _, offset, epoch = struct.unpack(">ihqqi", answer[-26:])
    return error, offset, epoch


def fetch(broker, topic, offset, current):
    """(error, leader epochs of the batches) of Fetch, version 9."""
    name = topic.encode()
    body = struct.pack(f">iiiibiiih{len(name)}siiiqqii", -1, 100, 1, 1 << 20, 0, 0, -1, 1,
                       len(name), name, 1, 0, current, offset, -1, 1 << 20, 0)
    answer = wire.ask(broker.bootstrap, wire.API_KEYS["Fetch"], 9, body)
    at = 4 + 2 + 4 + 4 + 2 + len(name) + 4 + 4
    error, = struct.unpack_from(">h", answer, at)
    at += 2 + 8 + 8 + 8
    aborted, = struct.unpack_from(">i", answer, at)
    at += 4 + 16 * max(aborted, 0)
    size, = struct.unpack_from(">i", answer, at)
    records, epochs = answer[at + 4:at + 4 + size], []
    while len(records) >= 61:
        length, epoch = struct.unpack_from(">ii", records, 8)
        epochs.append(epoch)
        records = records[12 + length:]
    return error, epochs


@pytest.mark.needs("OffsetForLeaderEpoch")
@pytest.mark.millrace_only("no epoch of Apache Kafka begins when its only broker starts again")
def test_an_epoch_ends_where_the_next_one_begins(own_broker, topic):
    write(own_broker, topic, 3)
    first = list_offsets(own_broker, topic, wire.LATEST)[2]
    assert first >= 0
    own_broker.restart()
    write(own_broker, topic, 2, 3)
    own_broker.kill_and_start()
    own_broker.kill_and_start()
    write(own_broker, topic, 1, 5)
    last = first + 3
    for version in (0, 1, 2, 3):
        assert end_of(own_broker, topic, first, version=version)[1][1] == 3
    assert end_of(own_broker, topic, first) == (0, (first, 3))
    assert end_of(own_broker, topic, first + 1) == (0, (first + 1, 5))
    assert end_of(own_broker, topic, first + 2) == (0, (first + 1, 5))
    assert end_of(own_broker, topic, last) == (0, (last, 6))
    assert end_of(own_broker, topic, last + 1) == (0, NONE)
    assert end_of(own_broker, topic, -1) == (0, NONE)
    assert list_offsets(own_broker, topic, -2) == (0, 0, first)
    assert list_offsets(own_broker, topic, wire.LATEST) == (0, 6, last)
    error, epochs = fetch(own_broker, topic, 0, last)
    assert error == 0
    assert epochs[0] == first and epochs[-1] == last and epochs == sorted(epochs)


@pytest.mark.needs("OffsetForLeaderEpoch")
@pytest.mark.millrace_only("no epoch of Apache Kafka begins when its only broker starts again")
def test_a_client_with_another_epoch_is_told(own_broker, topic):
    write(own_broker, topic, 1)
    own_broker.restart()
    now = list_offsets(own_broker, topic, wire.LATEST)[2]
    for current, error in ((now - 1, FENCED), (now, 0), (now + 1, UNKNOWN), (-1, 0)):
        assert end_of(own_broker, topic, now - 1, current)[0] == error
        assert list_offsets(own_broker, topic, wire.LATEST, current)[0] == error
        assert fetch(own_broker, topic, 0, current)[0] == error
    assert end_of(own_broker, f"{topic}.none", 0)[0] == NO_TOPIC


def test_a_consumer_goes_on_through_restarts(own_broker, topic, group):
    write(own_broker, topic, 1)
    found, errors, next_ = [], [], 1
    consumer = Consumer({"bootstrap.servers": own_broker.bootstrap, "group.id": group,
                         "auto.offset.reset": "earliest", "enable.auto.commit": True,
                         "auto.commit.interval.ms": 100})
    consumer.subscribe([topic])
    for round_ in range(4):
        limit = time.monotonic() + 40
        while len(found) < next_ and time.monotonic() < limit:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                errors.append(message.error())
            else:
                found.append(int(message.value()))
        assert found == list(range(next_)), (round_, errors)
        if round_ % 2:
            own_broker.kill_and_start()
        else:
            own_broker.restart()
        write(own_broker, topic, 5, next_)
        next_ += 5
    consumer.close()
