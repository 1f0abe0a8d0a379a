"""Compacted topics: of each key the newest record stays, whatever happens meanwhile."""

import random
import struct
import time

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic

import wire

pytestmark = pytest.mark.millrace_only("Kafka compacts what its segments say, which takes minutes")

EAGER = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0",
         "delete.retention.ms": "1000", "segment.ms": "1000"}
VALUE = b"v" * 4000
COMPACTED_WITHIN_S = 90


def create(broker, topic, **config):
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1, config=config)])[topic].result(10)


def producer(broker, **settings):
    return Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 5, **settings})


def put(broker, topic, records, **settings):
    """Writes (key, value) pairs; all of them are acknowledged afterwards."""
    failed, writer = [], producer(broker, **settings)
    for key, value in records:
        while True:
            try:
                writer.produce(topic, value, key,
                               on_delivery=lambda error, _: error and failed.append(error))
                break
            except BufferError:
                writer.poll(0.1)
    assert writer.flush(60) == 0
    assert not failed, failed[0]


def read(broker, topic):
    """All records, and the end of the topic."""
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": f"reader.{topic}",
                         "enable.auto.commit": False, "auto.offset.reset": "earliest",
                         "enable.partition.eof": True})
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        consumer.assign([TopicPartition(topic, 0, low)])
        records, limit = [], time.monotonic() + 60
        while time.monotonic() < limit:
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error():
                if message.error().name() == "_PARTITION_EOF":
                    return records, high
                raise KafkaException(message.error())
            records.append((message.offset(), message.key(), message.value()))
        raise AssertionError(f"no end of {topic} came after {len(records)} records")
    finally:
        consumer.close()


def settle(broker, topic):
    """Pushes what was written before out of the ring, by writing a lot elsewhere."""
    put(broker, f"{topic}.other", ((None, VALUE * 8) for _ in range(3000)))


def await_count(broker, topic, count):
    limit = time.monotonic() + COMPACTED_WITHIN_S
    while time.monotonic() < limit:
        records, end = read(broker, topic)
        if len(records) <= count:
            return records, end
        time.sleep(2)
    raise AssertionError(f"{topic} still has {len(records)} records, {count} were expected")


def test_the_newest_value_of_each_key_is_left_and_deleted_keys_vanish(own_broker, topic):
    create(own_broker, topic, **EAGER)
    keys = [b"key-%d" % n for n in range(20)]
    put(own_broker, topic, ((keys[n % 20], b"%d:" % n + VALUE) for n in range(5000)),
        **{"compression.type": "lz4", "enable.idempotence": True})
    put(own_broker, topic, [(keys[3], None), (keys[4], None), (b"last", b"1")])
    settle(own_broker, topic)
    records, end = await_count(own_broker, topic, 21)
    assert end == 5003
    for _ in range(2):
        assert {key: value[:5] for _, key, value in records if value is not None} == \
            {b"last": b"1", **{keys[n % 20]: b"%d:" % n for n in range(4980, 5000)
                               if n % 20 not in (3, 4)}}
        offsets = [offset for offset, _, _ in records]
        assert offsets == sorted(offsets) and offsets[-1] == 5002
        own_broker.kill_and_start()
        records, end = await_count(own_broker, topic, 19)
        assert end == 5003


def test_a_record_without_a_key_is_refused(broker, topic):
    create(broker, topic, **EAGER)
    writer, errors = producer(broker), []
    writer.produce(topic, b"v", on_delivery=lambda error, _: errors.append(error))
    writer.flush(10)
    assert [error.name() for error in errors] == ["INVALID_RECORD"]


def test_a_server_that_is_killed_again_and_again_keeps_the_newest(own_broker, topic):
    dice = random.Random(7)
    create(own_broker, topic, **EAGER)
    newest = {}
    for round_ in range(4):
        records = [(b"key-%d" % dice.randrange(50), b"%d-%d:" % (round_, n) + VALUE)
                   for n in range(4000)]
        put(own_broker, topic, records)
        newest.update(records)
        settle(own_broker, topic)
        time.sleep(14 + dice.random() * 3)  # a pass begins 15 s after the first record
        own_broker.kill_and_start()
        records, end = read(own_broker, topic)
        assert end == 4000 * (round_ + 1)
        assert {key: value for _, key, value in records} == newest
    records, _ = await_count(own_broker, topic, 50)
    assert {key: value for _, key, value in records} == newest


def test_aborted_records_are_no_newest_ones(own_broker, topic):
    create(own_broker, topic, **EAGER)
    writer = producer(own_broker, **{"transactional.id": topic})
    writer.init_transactions()
    for n in range(200):
        writer.begin_transaction()
        for key in range(5):
            writer.produce(topic, b"%d" % n, b"key-%d" % key)
        if n % 3 == 2 or n == 199:
            writer.abort_transaction()
        else:
            writer.commit_transaction()
    settle(own_broker, topic)
    records, _ = await_count(own_broker, topic, 5)
    assert {key: value for _, key, value in records} == {b"key-%d" % n: b"198" for n in range(5)}
    # What the coordinator knows was compacted, too.
    settle(own_broker, topic)
    own_broker.kill_and_start()
    writer = producer(own_broker, **{"transactional.id": topic})
    writer.init_transactions()
    writer.begin_transaction()
    writer.produce(topic, b"new", b"key-0")
    writer.commit_transaction()
    records, _ = read(own_broker, topic)
    assert records[-1][1:] == (b"key-0", b"new")


def test_what_groups_committed_outlives_the_compaction_of_its_topic(own_broker, topic, group):
    create(own_broker, topic)
    put(own_broker, topic, ((None, b"v") for _ in range(3000)))
    consumer = Consumer({"bootstrap.servers": own_broker.bootstrap, "group.id": group,
                         "enable.auto.commit": False})
    place = TopicPartition(topic, 0)
    for offset in range(2000):
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=offset != 1999)
    time.sleep(1)
    consumer.commit(offsets=[TopicPartition(topic, 0, 1999)], asynchronous=False)
    settle(own_broker, topic)
    time.sleep(20)
    settle(own_broker, topic)
    own_broker.kill_and_start()
    assert consumer.committed([place], timeout=10)[0].offset == 1999
    consumer.close()


def set_broker(broker, **settings):
    """What is set at run time for topics that do not say: this, and nothing else."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    node = str(next(iter(admin.list_topics(timeout=10).brokers)))
    resource = ConfigResource(
        ConfigResource.Type.BROKER, node,
        set_config={"log." + name.replace("_", "."): value for name, value in settings.items()})
    admin.alter_configs([resource])[resource].result(10)


def append_to_policy(broker, word):
    """One change to one setting, of all brokers, which librdkafka of 2022 does not know."""
    setting = b"log.cleanup.policy"
    body = struct.pack(">ibhi", 1, 4, 0, 1) + struct.pack(">h", len(setting)) + setting + \
        struct.pack(">bh", 2, len(word)) + word + b"\0"
    answer = wire.ask(broker.bootstrap, wire.API_KEYS["IncrementalAlterConfigs"], 0, body)
    assert answer[8:10] == b"\0\0", answer


def policy_of(broker, topic):
    """The value that holds, and where it is from."""
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entry = admin.describe_configs([resource])[resource].result(10)["cleanup.policy"]
    return entry.value, ConfigSource(entry.source).name


def test_a_topic_that_does_not_say_follows_what_the_broker_has(own_broker, topic):
    create(own_broker, topic)
    own = f"{topic}.own"
    for other in (own, f"{topic}.other"):
        create(own_broker, other, **{"cleanup.policy": "delete"})

    def fill(count):
        for name in (topic, own):
            put(own_broker, name, ((b"key-%d" % (n % 10), VALUE) for n in range(count)))
        settle(own_broker, topic)

    fill(2000)
    time.sleep(20)  # a look for what to compact comes each 15 s
    assert len(read(own_broker, topic)[0]) == 2000
    assert policy_of(own_broker, topic) == ("delete", "DEFAULT_CONFIG")
    set_broker(own_broker, cleanup_policy="compact", cleaner_min_cleanable_ratio="0")
    assert policy_of(own_broker, topic) == ("compact", "DYNAMIC_BROKER_CONFIG")
    assert policy_of(own_broker, own) == ("delete", "DYNAMIC_TOPIC_CONFIG")
    records, end = await_count(own_broker, topic, 10)
    assert {key for _, key, _ in records} == {b"key-%d" % n for n in range(10)} and end == 2000
    assert len(read(own_broker, own)[0]) == 2000
    writer, errors = producer(own_broker), []
    writer.produce(topic, b"v", on_delivery=lambda error, _: errors.append(error))
    writer.flush(10)
    assert [error.name() for error in errors] == ["INVALID_RECORD"]

    set_broker(own_broker, cleaner_min_cleanable_ratio="0")
    fill(1000)
    time.sleep(20)
    assert len(read(own_broker, topic)[0]) == 1010

    append_to_policy(own_broker, b"compact")
    own_broker.kill_and_start()
    assert policy_of(own_broker, topic) == ("delete,compact", "DYNAMIC_DEFAULT_BROKER_CONFIG")
    records, end = await_count(own_broker, topic, 10)
    assert end == 3000 and len(read(own_broker, own)[0]) == 3000


def test_what_the_broker_cannot_have_is_refused(broker):
    for wrong in ({"cleanup_policy": "compacted"}, {"cleaner_min_cleanable_ratio": "2"},
                  {"cleaner_delete_retention_ms": "-1"}, {"cleaner_enable": "false"},
                  {"cleaner_min_compaction_lag_ms": "9", "cleaner_max_compaction_lag_ms": "8"}):
        with pytest.raises(KafkaException) as refused:
            set_broker(broker, **wrong)
        assert refused.value.args[0].name() in ("INVALID_CONFIG", "INVALID_REQUEST"), \
            wrong
