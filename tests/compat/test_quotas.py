"""Quotas of clients: what confluent-kafka produces and consumes with them."""

import struct
import time

from confluent_kafka import Consumer, Producer, TopicPartition

import wire

ALTER_CLIENT_QUOTAS = 49
QUOTA = 300_000
FREE = 10 * QUOTA  # what was not used of the last ten seconds may be used at once
THROTTLED_S = 5
BYTES = FREE + THROTTLED_S * QUOTA
# What was used at once counts for eleven seconds; only then does the rate begin anew.
AT_LEAST_S, AT_MOST_S = 0.6 * THROTTLED_S, 11 + THROTTLED_S + 2
VALUE = bytes(10_000)


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def set_quota(broker, client_id, key, value):
    entity = struct.pack(">i", 1) + text("client-id") + text(client_id)
    change = struct.pack(">i", 1) + text(key) + struct.pack(">d?", value, False)
    body = struct.pack(">i", 1) + entity + change + b"\0"
    answer = wire.ask(broker.bootstrap, ALTER_CLIENT_QUOTAS, 0, body)
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
