"""confluent-kafka for Python: producing, consuming, a server that ends in the midst."""

import time

import pytest
from confluent_kafka import (OFFSET_BEGINNING, OFFSET_END, TIMESTAMP_CREATE_TIME, Consumer,
                             KafkaError, KafkaException, Producer, TopicPartition)

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
MAX_MESSAGE_BYTES = 1_048_588  # the default of max.message.bytes
BATCH_OVERHEAD = 61 + 16  # header of the batch; lengths and deltas of its record, rounded up


def producer(broker, **settings):
    config = {"bootstrap.servers": broker.bootstrap, "linger.ms": 2}
    return Producer({**config, **{k.replace("_", "."): v for k, v in settings.items()}})


def consumer(broker, group="alone", **settings):
    config = {"bootstrap.servers": broker.bootstrap, "group.id": group,
              "auto.offset.reset": "earliest", "enable.auto.commit": False,
              "fetch.wait.max.ms": 50}
    return Consumer({**config, **{k.replace("_", "."): v for k, v in settings.items()}})


def send(client, topic, rows, partition=0):
    """Produces rows of (key, value, headers, timestamp) and returns where each was put."""
    places = {}

    def delivered(at):
        def note(error, message):
            places[at] = error or message.offset()
        return note

    for at, (key, value, headers, timestamp) in enumerate(rows):
        client.produce(topic, value, key, partition, on_delivery=delivered(at),
                       timestamp=timestamp, headers=headers)
        client.poll(0)
    assert client.flush(30) == 0
    return [places[at] for at in range(len(rows))]


def values_to_send(client, topic, values, partition=0):
    return send(client, topic, [(None, value, None, 0) for value in values], partition)


def take(client, count, limit_s=20):
    """The next `count` records of a consumer."""
    found, end = [], time.monotonic() + limit_s
    while len(found) < count and time.monotonic() < end:
        for message in client.consume(count - len(found), 0.2):
            if message.error() is None:
                found.append(message)
            elif not message.error().retriable():
                raise KafkaException(message.error())
    assert len(found) == count, f"{len(found)} of {count} records"
    return found


def read(broker, topic, count, start=OFFSET_BEGINNING, partition=0, **settings):
    client = consumer(broker, **settings)
    try:
        client.assign([TopicPartition(topic, partition, start)])
        return take(client, count)
    finally:
        client.close()


def row(message):
    return message.key(), message.value(), message.headers(), message.timestamp()


ROWS = [
    (b"key", b"value", [("h", b"1")], 1_700_000_000_000),
    (None, b"no key", [], 1_700_000_000_001),
    (b"no value", None, [("a", b""), ("b", None), ("a", b"\x00\xff")], 1),
    (b"", b"", [], 1_600_000_000_000),
    (bytes(range(256)), bytes(reversed(range(256))), [("é", "ü".encode())], 1_700_000_000_002),
    (None, None, [], 1_700_000_000_003),
    (b"large", bytes(300_000), [], 1_700_000_000_004),
]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("acks", [1, "all"])
def test_rows_come_back_byte_by_byte(broker, topic, codec, acks):
    places = send(producer(broker, compression_type=codec, acks=acks), topic, ROWS)
    assert places == list(range(len(ROWS)))
    found = read(broker, topic, len(ROWS))
    assert [row(message) for message in found] == [
        (key, value, headers or None, (TIMESTAMP_CREATE_TIME, timestamp))
        for key, value, headers, timestamp in ROWS]
    assert [message.offset() for message in found] == places


@pytest.mark.parametrize("codec", CODECS)
def test_rows_sent_without_acknowledgement_arrive_in_order(broker, topic, codec):
    values = [b"%d" % n for n in range(500)]
    values_to_send(producer(broker, compression_type=codec, acks=0), topic, values)
    assert [message.value() for message in read(broker, topic, len(values))] == values


def test_a_message_may_be_as_large_as_the_limit_and_no_larger(broker, topic):
    client = producer(broker, message_max_bytes=4_000_000, acks="all")
    fits = bytes(MAX_MESSAGE_BYTES - BATCH_OVERHEAD)
    assert values_to_send(client, topic, [fits]) == [0]
    (error,) = values_to_send(client, topic, [bytes(MAX_MESSAGE_BYTES + 1)])
    assert error.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert values_to_send(client, topic, [b"after"]) == [1]
    assert [m.value() for m in read(broker, topic, 2)] == [fits, b"after"]


def test_a_message_larger_than_a_fetch_is_still_delivered(broker, topic):
    large = [bytes([n]) * 900_000 for n in range(3)]
    values_to_send(producer(broker), topic, large)
    found = read(broker, topic, 3, fetch_max_bytes=1000, max_partition_fetch_bytes=1000,
                 message_max_bytes=1000)
    assert [message.value() for message in found] == large


def test_watermarks_seek_and_offsets_of_times(broker, topic):
    base = 1_700_000_000_000
    send(producer(broker), topic, [(None, b"%d" % n, None, base + 10 * n) for n in range(10)])
    client = consumer(broker)
    place = TopicPartition(topic, 0)
    assert client.get_watermark_offsets(place, 10) == (0, 10)

    def offset_at(timestamp):
        return client.offsets_for_times([TopicPartition(topic, 0, timestamp)], 10)[0].offset

    assert [offset_at(base + t) for t in (-5, 0, 1, 10, 55, 90)] == [0, 0, 1, 1, 6, 9]
    assert offset_at(base + 91) == OFFSET_END
    client.assign([TopicPartition(topic, 0, 5)])
    assert [m.value() for m in take(client, 2)] == [b"5", b"6"]
    client.seek(TopicPartition(topic, 0, 1))
    assert take(client, 1)[0].value() == b"1"
    assert client.position([place])[0].offset == 2
    client.seek(TopicPartition(topic, 0, OFFSET_END))
    assert client.consume(1, 0.3) == []
    client.close()


def test_offsets_of_times_are_exact_within_a_batch(broker, topic):
    """Timestamps that are not in order: the first record at or after the time counts."""
    base = 1_700_000_000_000
    times = [base + t for t in (30, 10, 50, 20, 40)]
    send(producer(broker, linger_ms=50, compression_type="lz4"), topic,
         [(None, b"x", None, t) for t in times])
    client = consumer(broker)
    found = [client.offsets_for_times([TopicPartition(topic, 0, base + t)], 10)[0].offset
             for t in (0, 30, 31, 50)]
    assert found == [0, 0, 2, 2]
    client.close()


def test_an_offset_out_of_range_is_an_error_or_a_reset(broker, topic):
    values_to_send(producer(broker), topic, [b"0", b"1"])
    assert read(broker, topic, 1, start=77)[0].value() == b"0"
    client = consumer(broker, auto_offset_reset="error")
    client.assign([TopicPartition(topic, 0, 77)])
    message = client.poll(10)
    assert message.error().code() == KafkaError._AUTO_OFFSET_RESET
    client.close()


def test_pause_and_resume(broker, topic):
    send(producer(broker), topic, [(None, b"%d" % n, None, 0) for n in range(4)])
    client = consumer(broker, queued_min_messages=1)
    client.assign([TopicPartition(topic, 0, 0)])
    take(client, 1)
    client.pause([TopicPartition(topic, 0)])
    assert client.consume(1, 0.3) == []
    client.resume([TopicPartition(topic, 0)])
    assert [m.value() for m in take(client, 3)] == [b"1", b"2", b"3"]
    client.close()


def test_an_unknown_topic_is_told(broker, topic):
    client = consumer(broker, allow_auto_create_topics=False)
    client.subscribe([topic])
    message = client.poll(10)
    assert message.error().code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    client.close()
    sender = producer(broker)
    (error,) = send(sender, topic, [(None, b"x", None, 0)], partition=5)
    assert error.code() in (KafkaError._UNKNOWN_PARTITION, KafkaError.UNKNOWN_TOPIC_OR_PART)


@pytest.mark.needs("InitProducerId")
@pytest.mark.parametrize("codec", CODECS)
def test_an_idempotent_producer(broker, topic, codec):
    values = [b"%d" % n for n in range(2000)]
    client = producer(broker, enable_idempotence=True, compression_type=codec)
    assert values_to_send(client, topic, values) == list(range(len(values)))
    assert [m.value() for m in read(broker, topic, len(values))] == values


def produce_through(broker, topic, interrupt, **settings):
    """Produces while the server is interrupted; returns [(value, offset)] as acknowledged."""
    acknowledged = []
    client = producer(broker, acks="all", retry_backoff_ms=20, reconnect_backoff_ms=10,
                      reconnect_backoff_max_ms=50, max_in_flight=1, **settings)

    def note(error, message):
        assert error is None, error
        acknowledged.append((message.value(), message.offset()))

    for n in range(3000):
        client.produce(topic, b"%d" % n, on_delivery=note)
        client.poll(0)
        if n % 1000 == 500:
            time.sleep(0.05)
            interrupt()
    assert client.flush(60) == 0
    return acknowledged


INTERRUPTIONS = ["restart", pytest.param("kill_and_start", marks=pytest.mark.millrace_only(
    "after a kill Kafka answers for a moment that it does not know the topic"))]


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_nothing_acknowledged_is_lost_or_out_of_order(own_broker, topic, how):
    acknowledged = produce_through(own_broker, topic, getattr(own_broker, how))
    assert [value for value, _ in acknowledged] == [b"%d" % n for n in range(3000)]
    client = consumer(own_broker)
    low, high = client.get_watermark_offsets(TopicPartition(topic, 0), 20)
    client.close()
    assert low == 0 and high >= 3000  # without idempotence, a batch may be there twice
    stored = {m.offset(): m.value() for m in read(own_broker, topic, high)}
    assert all(stored[offset] == value for value, offset in acknowledged)
    offsets = [offset for _, offset in acknowledged]
    assert offsets == sorted(set(offsets))


@pytest.mark.needs("InitProducerId")
@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_an_idempotent_producer_writes_once_through_interruptions(own_broker, topic, how):
    acknowledged = produce_through(own_broker, topic, getattr(own_broker, how),
                                   enable_idempotence=True)
    assert acknowledged == [(b"%d" % n, n) for n in range(3000)]
    stored = read(own_broker, topic, 3000)
    assert [message.value() for message in stored] == [b"%d" % n for n in range(3000)]


def test_a_consumer_goes_on_after_a_restart(own_broker, topic):
    values_to_send(producer(own_broker), topic, [b"0", b"1"])
    client = consumer(own_broker, reconnect_backoff_ms=10, reconnect_backoff_max_ms=50)
    client.assign([TopicPartition(topic, 0, 0)])
    assert [m.value() for m in take(client, 2)] == [b"0", b"1"]
    own_broker.kill_and_start()
    values_to_send(producer(own_broker), topic, [b"2"])
    assert [m.value() for m in take(client, 1)] == [b"2"]
    client.close()
