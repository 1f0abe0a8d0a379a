"""Quotas of clients: what confluent-kafka produces and consumes with them."""

import struct
import time

from confluent_kafka import Consumer, Producer, TopicPartition

import wire

ALTER_CLIENT_QUOTAS = 49
THROTTLING_QUOTA_EXCEEDED = 89
QUOTA = 300_000
FREE = 10 * QUOTA  # what was not used of the last ten seconds may be used at once
THROTTLED_S = 5
BYTES = FREE + THROTTLED_S * QUOTA
# What was used at once counts for eleven seconds; only then does the rate begin anew.
AT_LEAST_S, AT_MOST_S = 0.6 * THROTTLED_S, 11 + THROTTLED_S + 2
VALUE = bytes(10_000)


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def quota_change(kind, name, key, value):
    """The body of a request that sets a quota; None: it goes."""
    entity = struct.pack(">i", 1) + text(kind) + text(name)
    change = struct.pack(">i", 1) + text(key) + struct.pack(">d?", value or 0, value is None)
    return struct.pack(">i", 1) + entity + change + b"\0"


def set_quota(broker, client_id, key, value, kind="client-id"):
    answer = wire.ask(broker.bootstrap, ALTER_CLIENT_QUOTAS, 0,
                      quota_change(kind, client_id, key, value))
    assert struct.unpack(">h", answer[8:10])[0] == 0, answer


def produce(broker, client_id):
    waits = []
    producer = Producer({"bootstrap.servers": broker.bootstrap, "client.id": client_id,
                         "linger.ms": 5, "batch.size": 60_000, "compression.type": "none",
                         "throttle_cb": lambda event: waits.append(event.throttle_time)})
    begin = time.monotonic()
    for _ in range(BYTES // len(VALUE)):
        producer.produce(client_id, VALUE, partition=0)
        producer.poll(0)
    assert producer.flush(60) == 0
    return time.monotonic() - begin, waits


def consume(broker, topic, client_id):
    waits = []
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": client_id,
                         "client.id": client_id, "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "fetch.message.max.bytes": 100_000,
                         "throttle_cb": lambda event: waits.append(event.throttle_time)})
    consumer.assign([TopicPartition(topic, 0, 0)])
    begin, left = time.monotonic(), BYTES // len(VALUE)
    while left > 0 and time.monotonic() - begin < 60:
        left -= len(consumer.consume(100, 0.5))
    took = time.monotonic() - begin
    consumer.close()
    assert left <= 0
    return took, waits


def test_producers_and_consumers_keep_to_their_rates(own_broker):
    took, waits = produce(own_broker, "free")
    assert took < THROTTLED_S / 2 and not waits
    set_quota(own_broker, "slow", "producer_byte_rate", QUOTA)
    took, waits = produce(own_broker, "slow")
    assert AT_LEAST_S < took < AT_MOST_S, took
    assert waits and max(waits) > 0
    set_quota(own_broker, "slow-reader", "consumer_byte_rate", QUOTA)
    took, waits = consume(own_broker, "slow", "slow-reader")
    assert AT_LEAST_S < took < AT_MOST_S, took
    assert consume(own_broker, "slow", "free")[0] < THROTTLED_S / 2


def compact(value):
    return bytes([len(value) + 1]) + value.encode()


def first_topic(answer):
    """How long to wait, and the error of the first topic."""
    throttle_ms, count, length = struct.unpack(">ibb", answer[:6])
    assert count == 2
    return throttle_ms, struct.unpack(">h", answer[5 + length:7 + length])[0]


def ask_as(client, broker, api, version, body):
    with wire.connect(broker.bootstrap) as connection:
        connection.sendall(wire.request(wire.API_KEYS[api], version, 1, b"\0" + body, client))
        return first_topic(wire.answer(connection)[1][1:])


def create(client, broker, name, partitions):
    topic = compact(name) + struct.pack(">ih", partitions, 1) + b"\1\1\0"
    return ask_as(client, broker, "CreateTopics", 6,
                  b"\2" + topic + struct.pack(">i?b", 10_000, False, 0))


def delete(client, broker, name):
    return ask_as(client, broker, "DeleteTopics", 5,
                  b"\2" + compact(name) + struct.pack(">ib", 10_000, 0))


def grow(client, broker, name, partitions):
    return ask_as(client, broker, "CreatePartitions", 3,
                  b"\2" + compact(name) + struct.pack(">i", partitions) + b"\0\0" +
                  struct.pack(">i?b", 10_000, False, 0))


def test_a_client_that_changes_too_many_partitions_is_refused_for_a_while(own_broker):
    set_quota(own_broker, "busy", "controller_mutation_rate", 2)
    assert create("busy", own_broker, "a", 21) == (0, 0)
    assert create("busy", own_broker, "b", 5) == (0, 0)
    for refused in (create("busy", own_broker, "c", 1), delete("busy", own_broker, "a"),
                    grow("busy", own_broker, "a", 22)):
        throttle_ms, error = refused
        assert error == THROTTLING_QUOTA_EXCEEDED and 0 < throttle_ms <= 2_000
    assert create("free", own_broker, "c", 30) == (0, 0)
    assert create("free", own_broker, "c", 30) == (0, 36)
    time.sleep(2.1)
    assert grow("busy", own_broker, "a", 22) == (0, 0)
    assert delete("busy", own_broker, "a")[1] in (0, THROTTLING_QUOTA_EXCEEDED)


def test_an_address_that_connects_too_often_is_closed_after_a_while(own_broker):
    with wire.connect(own_broker.bootstrap) as first:
        set_quota(own_broker, "127.0.0.1", "connection_creation_rate", 1, "ip")
        begin = time.monotonic()
        answers = []
        for _ in range(15):
            with wire.connect(own_broker.bootstrap) as connection:
                connection.sendall(wire.request(18, 0, 1, b""))
                answers.append(wire.answer(connection))
        took = time.monotonic() - begin
        served = sum(answer is not None for answer in answers)
        assert answers[0] is not None
        assert served < 15
        # Ten at once, and then one a second; each of the others was kept for up to a second.
        assert served <= 11 + took
        first.sendall(wire.request(ALTER_CLIENT_QUOTAS, 0, 1, quota_change(
            "ip", "127.0.0.1", "connection_creation_rate", None)))
        assert wire.answer(first) is not None
    for _ in range(20):
        wire.ask(own_broker.bootstrap, 18, 0, b"")
