"""Transactions and what is served, byte by byte: both forms of transactions side by side."""

import random
import struct
import time

import pytest
from confluent_kafka import Consumer, TopicPartition

import wire
from broker_process import AGAINST_KAFKA
from wire import API_KEYS, Reader

# What is served, by key: the protocol's names stand in docs/reference/kafka.md. A change here is a
# change of the product.
SERVED = {
    0: (0, 13), 1: (4, 18), 2: (0, 11), 3: (0, 13), 8: (1, 10), 9: (1, 10), 10: (0, 6), 11: (0, 9),
    12: (0, 4), 13: (0, 5), 14: (0, 5), 15: (0, 6), 16: (0, 5), 18: (0, 4), 19: (0, 7), 20: (0, 6),
    21: (0, 2), 22: (0, 5), 23: (0, 4), 24: (0, 5), 25: (0, 4), 26: (0, 5), 27: (0, 2), 28: (0, 5),
    32: (0, 4), 33: (0, 2), 34: (0, 2), 35: (0, 4), 37: (0, 3), 42: (0, 2), 43: (0, 2), 44: (0, 1),
    45: (0, 1), 46: (0, 0), 47: (0, 0), 48: (0, 1), 49: (0, 1), 55: (0, 2), 57: (0, 2), 60: (0, 2),
    61: (0, 0), 65: (0, 0), 66: (0, 2), 74: (0, 1), 75: (0, 0),
}
NONE, INVALID_EPOCH, INVALID_STATE, FENCED = 0, 47, 48, 90
ABORTABLE, COORDINATOR_FENCED = 120, 52


def text(value):
    """A compact string."""
    raw = value.encode()
    assert len(raw) < 127
    return bytes([len(raw) + 1]) + raw


def array(*items):
    assert len(items) < 127
    return bytes([len(items) + 1]) + b"".join(items)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def batch(producer, sequence, value=b"v", transactional=True):
    """One record batch of one record."""
    record = b"\0\0\0\1" + bytes([2 * len(value)]) + value + b"\0"
    body = bytes([2 * len(record)]) + record
    now = int(time.time() * 1000)
    tail = struct.pack(">hiqqqhii", 0x10 if transactional else 0, 0, now, now, *producer, sequence,
                       1) + body
    return struct.pack(">qiibI", 0, len(tail) + 9, -1, 2, crc32c(tail)) + tail


def produce_body(name, topic, data):
    """Of a Produce request from version 9 on, for partition 0."""
    records = bytes([len(data) + 1 & 0x7f | 0x80, (len(data) + 1) >> 7]) + data
    return (text(name) + struct.pack(">hi", -1, 10_000) +
            array(text(topic) + array(struct.pack(">i", 0) + records + b"\0") + b"\0") + b"\0")


class Client:
    """One connection; each call is one request."""

    def __init__(self, bootstrap):
        self.connection = wire.connect(bootstrap)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def ask(self, key, version, body, flexible=True):
        self.connection.sendall(wire.request(key, version, 1, b"\0" * flexible + body))
        return Reader(wire.answer(self.connection)[1][int(flexible):])

    def begin(self, name, timeout_ms=60_000, known=(-1, -1)):
        """(error, (producer id, epoch)), by InitProducerId."""
        body = text(name) + struct.pack(">iqh", timeout_ms, *known) + b"\0"
        answer = self.ask(22, 5, body)
        answer.take(">i")
        return answer.take(">h"), (answer.take(">q"), answer.take(">h"))

    def produce(self, version, name, topic, data):
        """(error, base offset) of partition 0."""
        answer = self.ask(0, version, produce_body(name, topic, data))
        assert answer.length() == 2
        assert answer.text() == topic
        assert answer.length() == 2
        answer.take(">i")
        return answer.take(">h"), answer.take(">q")

    def end(self, version, name, producer, commit):
        """(error, producer), by EndTxn."""
        body = text(name) + struct.pack(">qhb", *producer, commit) + b"\0"
        answer = self.ask(26, version, body)
        answer.take(">i")
        error = answer.take(">h")
        return (error, (answer.take(">q"), answer.take(">h"))) if version >= 5 else error

    def add_partitions(self, name, producer, topic):
        body = (text(name) + struct.pack(">qh", *producer) +
                array(text(topic) + array(struct.pack(">i", 0)) + b"\0") + b"\0")
        answer = self.ask(24, 3, body)
        answer.take(">i")
        assert answer.length() == 2
        assert answer.text() == topic
        assert answer.length() == 2
        answer.take(">i")
        return answer.take(">h")

    def commit_offset(self, version, name, group, producer, topic, offset):
        """By TxnOffsetCommit, of partition 0."""
        body = (text(name) + text(group) + struct.pack(">qhi", *producer, -1) + text("") + b"\0" +
                array(text(topic) +
                      array(struct.pack(">iqi", 0, offset, -1) + text("") + b"\0") + b"\0") + b"\0")
        answer = self.ask(28, version, body)
        answer.take(">i")
        assert answer.length() == 2
        assert answer.text() == topic
        assert answer.length() == 2
        answer.take(">i")
        return answer.take(">h")

    def committed(self, group, topic):
        body = (text(group) + array(text(topic) + array(struct.pack(">i", 0)) + b"\0") + b"\1" +
                b"\0")
        answer = self.ask(9, 7, body)
        answer.take(">i")
        assert answer.length() == 2
        assert answer.text() == topic
        assert answer.length() == 2
        answer.take(">i")
        return answer.take(">q")

    def producers(self, topic):
        """{producer id: (epoch, last sequence, first offset of its open transaction)}."""
        body = array(text(topic) + array(struct.pack(">i", 0)) + b"\0") + b"\0"
        answer = self.ask(61, 0, body)
        answer.take(">i")
        assert answer.length() == 2
        assert answer.text() == topic
        assert answer.length() == 2
        answer.take(">i")
        assert answer.take(">h") == NONE
        assert answer.length() == 0
        found = {}
        for _ in range(answer.length() - 1):
            pid, epoch, last, _, _, first = (answer.take(t) for t in (">q", ">i", ">i", ">q", ">i",
                                                                      ">q"))
            answer.length()
            found[pid] = (epoch, last, first)
        return found

    def features(self, version):
        """(supported, finalized, epoch): names with two levels."""
        body = b"" if version < 3 else text("wire") + text("1") + b"\0"
        self.connection.sendall(wire.request(18, version, 1, b"\0" + body))
        answer = Reader(wire.answer(self.connection)[1])  # its header has no tags
        answer.take(">h")
        for _ in range(answer.length() - 1):
            for _ in range(3):
                answer.take(">h")
            answer.length()
        answer.take(">i")
        found = [{}, {}, None]
        for _ in range(answer.length()):
            tag, _ = answer.length(), answer.length()
            if tag == 1:
                found[2] = answer.take(">q")
                continue
            for _ in range(answer.length() - 1):
                name = answer.text()
                found[min(tag, 1)][name] = (answer.take(">h"), answer.take(">h"))
                answer.length()
        return found

    def update_feature(self, name, level, kind):
        change = text(name) + struct.pack(">hb", level, kind) + b"\0"
        body = struct.pack(">i", 1000) + array(change) + b"\0\0"
        answer = self.ask(57, 2, body)
        answer.take(">i")
        return answer.take(">h")


@pytest.fixture
def client(broker):
    with Client(broker.bootstrap) as made:
        yield made


@pytest.fixture
def plain_topic(broker, topic):
    """It is there, with one partition."""
    name = topic.encode()
    body = struct.pack(f">ih{len(name)}s", 1, len(name), name)
    for _ in range(100):
        answer = wire.ask(broker.bootstrap, API_KEYS["Metadata"], 1, body)
        if struct.pack(">h", 0) + struct.pack(f">h{len(name)}s", len(name), name) in answer:
            wire.await_leader(broker.bootstrap, topic)
            return topic
        time.sleep(0.1)
    raise AssertionError("the topic was not made")


@pytest.mark.millrace_only("which APIs it serves")
def test_what_is_served_is_what_the_list_says(served):
    assert served == SERVED


def test_the_second_form_of_transactions_is_announced(client):
    for version in (3, 4):
        supported, finalized, epoch = client.features(version)
        assert finalized["transaction.version"] == (2, 2)
        assert epoch >= 0
        # A lowest level of 0 is told only to clients that can read it.
        if version == 4:
            assert supported["transaction.version"] == (0, 2)
        else:
            assert all(low > 0 for low, _ in supported.values())


def test_a_transaction_of_the_second_form(client, broker, plain_topic, group):
    error, first = client.begin(plain_topic)
    assert (error, first[1]) == (NONE, 0)
    # The partition becomes part of the transaction by being written to.
    assert client.produce(12, plain_topic, plain_topic, batch(first, 0)) == (NONE, 0)
    assert client.produce(12, plain_topic, plain_topic, batch(first, 1)) == (NONE, 1)
    assert client.produce(12, plain_topic, plain_topic, batch(first, 0)) == (NONE, 0)  # again
    assert client.commit_offset(5, plain_topic, group, first, plain_topic, 7) == NONE
    assert wire.ends(broker.bootstrap, plain_topic, 0) == (0, 2)
    assert client.producers(plain_topic)[first[0]] == (0, 1, 0)
    error, second = client.end(5, plain_topic, first, True)
    assert (error, second) == (NONE, (first[0], 1))
    # Apache Kafka answers before the markers stand.
    for _ in range(50):
        if wire.ends(broker.bootstrap, plain_topic, 0) == (3, 3):
            break
        time.sleep(0.1)
    assert wire.ends(broker.bootstrap, plain_topic, 0) == (3, 3)
    assert client.committed(group, plain_topic) == 7
    # The answer was lost; the opposite was never true; what comes late is fenced.
    assert client.end(5, plain_topic, first, True) == (NONE, second)
    assert client.end(5, plain_topic, first, False)[0] == INVALID_STATE
    assert client.produce(12, plain_topic, plain_topic, batch(first, 2))[0] == INVALID_EPOCH
    assert client.commit_offset(5, plain_topic, group, first, plain_topic, 8) in (FENCED,
                                                                                 INVALID_EPOCH)
    # An empty transaction can be aborted only.
    assert client.end(5, plain_topic, second, True) == (INVALID_STATE, (-1, -1))
    error, third = client.end(5, plain_topic, second, False)
    assert (error, third) == (NONE, (first[0], 2))
    # Each transaction counts from 0.
    assert client.produce(12, plain_topic, plain_topic, batch(third, 5))[0] == 45
    assert client.produce(12, plain_topic, plain_topic, batch(third, 0)) == (NONE, 3)
    assert client.end(5, plain_topic, third, False)[0] == NONE


def test_a_partition_that_does_not_know_the_producer_wants_its_first_batch(client, plain_topic):
    _, producer = client.begin(plain_topic)
    assert client.produce(12, plain_topic, plain_topic, batch(producer, 3))[0] == 45
    assert client.end(5, plain_topic, producer, False)[0] == NONE


def settled(call, *arguments):
    """What is answered when nothing is on its way any more."""
    for _ in range(100):
        answer = call(*arguments)
        if answer != 51:
            break
        time.sleep(0.05)
    return answer


def test_a_transaction_of_the_first_form_beside_it(client, broker, plain_topic, group):
    _, producer = client.begin(plain_topic)
    # Not part of the transaction: newer clients are told that they can abort.
    assert client.produce(9, plain_topic, plain_topic, batch(producer, 0))[0] == INVALID_STATE
    assert client.produce(11, plain_topic, plain_topic, batch(producer, 0))[0] == ABORTABLE
    assert client.commit_offset(3, plain_topic, group, producer, plain_topic, 1) == INVALID_STATE
    assert client.add_partitions(plain_topic, producer, plain_topic) == NONE
    assert client.produce(9, plain_topic, plain_topic, batch(producer, 0)) == (NONE, 0)
    plain = batch(producer, 1, transactional=False)
    assert client.produce(9, plain_topic, plain_topic, plain)[0] == INVALID_STATE
    assert client.end(3, plain_topic, producer, True) == NONE
    # Its answer was lost; Kafka may be about to write the markers.
    assert settled(client.end, 3, plain_topic, producer, True) == NONE
    assert client.end(3, plain_topic, producer, False) == INVALID_STATE
    # The epoch stays, and the sequence goes on.
    assert settled(client.add_partitions, plain_topic, producer, plain_topic) == NONE
    assert client.produce(9, plain_topic, plain_topic, batch(producer, 1)) == (NONE, 2)
    assert client.end(3, plain_topic, producer, False) == NONE


def test_a_producer_that_begins_anew_fences_in_the_codes_of_each_version(client, plain_topic):
    _, old = client.begin(plain_topic)
    assert client.produce(12, plain_topic, plain_topic, batch(old, 0))[0] == NONE
    for _ in range(100):
        error, new = client.begin(plain_topic)
        if error != 51:
            break
        time.sleep(0.05)
    assert (error, new[0]) == (NONE, old[0])
    assert new[1] > old[1]
    assert client.produce(12, plain_topic, plain_topic, batch(old, 1))[0] == INVALID_EPOCH
    assert client.end(5, plain_topic, old, True) == (FENCED, (-1, -1))
    assert client.end(3, plain_topic, old, True) == FENCED
    assert client.add_partitions(plain_topic, old, plain_topic) == FENCED
    # Who says what it was goes on; half of it is nonsense.
    assert client.begin(plain_topic, known=(new[0], -1))[0] == 42
    assert client.begin(plain_topic, known=old)[0] == FENCED
    assert client.begin(plain_topic, known=new) == (NONE, (new[0], new[1] + 1))


def marker_request(producer, topic, coordinator_epoch=0, commit=False, form=b""):
    return array(struct.pack(">qhb", *producer, commit) +
                 array(text(topic) + array(struct.pack(">i", 0)) + b"\0") +
                 struct.pack(">i", coordinator_epoch) + form + b"\0") + b"\0"


def marker_error(answer, topic):
    assert answer.length() == 2
    answer.take(">q")
    assert answer.length() == 2
    assert answer.text() == topic
    assert answer.length() == 2
    answer.take(">i")
    return answer.take(">h")


def test_a_hanging_transaction_is_ended_by_force(client, broker, plain_topic):
    _, producer = client.begin(plain_topic)

    def force(version, *arguments, **options):
        topic = options.pop("topic", plain_topic)
        answer = client.ask(27, version, marker_request(*arguments, topic, **options))
        return marker_error(answer, topic)

    assert client.produce(12, plain_topic, plain_topic, batch(producer, 0)) == (NONE, 0)
    assert client.producers(plain_topic)[producer[0]] == (0, 0, 0)
    assert force(1, producer, topic="not-there") == 3
    # In the second form a marker has an epoch above that of the records.
    assert force(2, producer, form=b"\2") == INVALID_EPOCH
    assert force(2, producer, form=b"\1", coordinator_epoch=5) == NONE
    assert client.producers(plain_topic)[producer[0]] == (0, 0, -1)
    assert wire.ends(broker.bootstrap, plain_topic, 0) == (2, 2)
    assert force(1, producer, coordinator_epoch=4) == COORDINATOR_FENCED
    # The coordinator goes on with what it knows.
    error, second = client.end(5, plain_topic, producer, False)
    assert (error, second) == (NONE, (producer[0], 1))
    if not AGAINST_KAFKA:  # whose coordinator is fenced by the marker of a later one
        assert force(1, producer, coordinator_epoch=5) == INVALID_EPOCH


@pytest.mark.millrace_only("the partition of the group")
def test_offsets_of_a_hanging_transaction_are_committed_by_force(client, plain_topic, group):
    _, producer = client.begin(plain_topic)
    assert client.commit_offset(5, plain_topic, group, producer, plain_topic, 7) == NONE
    assert client.committed(group, plain_topic) == -1
    offsets = "__consumer_offsets"
    answer = client.ask(27, 1, marker_request(producer, offsets, commit=True))
    assert marker_error(answer, offsets) == NONE
    assert client.committed(group, plain_topic) == 7
    assert client.end(5, plain_topic, producer, False)[0] == NONE
    assert client.committed(group, plain_topic) == 7


@pytest.mark.millrace_only("after a kill a coordinator of Kafka is away for seconds")
def test_answers_that_are_lost_with_the_broker_come_again(own_broker, topic, group):
    """The second form: whatever is asked again is done once, also where the broker was killed in
    the midst of it."""
    chance = random.Random(11)
    retriable = (3, 5, 14, 15, 16, 19, 51, 56)
    client = Client(own_broker.bootstrap)

    def again(key, version, body, take):
        """The answer, perhaps not the first one."""
        nonlocal client
        if chance.randrange(4) == 0:
            client.connection.sendall(wire.request(key, version, 1, b"\0" + body))
            time.sleep(chance.random() / 100)
            own_broker.kill_and_start()
            client = Client(own_broker.bootstrap)
        for _ in range(200):
            found = take(client)
            if found[0] not in retriable:
                return found
            time.sleep(0.05)
        raise AssertionError(found)

    error, producer = again(22, 5, text(topic) + struct.pack(">iqh", 60_000, -1, -1) + b"\0",
                            lambda one: one.begin(topic))
    assert error == NONE
    wire.ask(own_broker.bootstrap, API_KEYS["Metadata"], 1,
             struct.pack(f">ih{len(topic)}s", 1, len(topic), topic.encode()))
    committed, last = [], -1
    for turn in range(16):
        values = [f"{turn}/{at}" for at in range(chance.randrange(1, 4))]
        for at, value in enumerate(values):
            data = batch(producer, at, value.encode())
            error, _ = again(0, 12, produce_body(topic, topic, data),
                             lambda one, data=data: one.produce(12, topic, topic, data))
            assert error == NONE
        if chance.randrange(2) == 0:
            error = client.commit_offset(5, topic, group, producer, topic, turn)
            assert error == NONE
        else:
            error = None
        commit = chance.randrange(3) > 0
        body = text(topic) + struct.pack(">qhb", *producer, commit) + b"\0"
        before, name = producer, topic
        answer, producer = again(26, 5, body,
                                 lambda one, before=before, commit=commit: one.end(
                                     5, name, before, commit))
        assert answer == NONE
        assert producer == (before[0], before[1] + 1)
        if commit:
            committed += values
            last = turn if error == NONE else last
    assert client.committed(group, topic) == last
    stable, end = wire.ends(own_broker.bootstrap, topic, 0)
    assert stable == end
    reader = Consumer({"bootstrap.servers": own_broker.bootstrap, "group.id": "reader",
                       "isolation.level": "read_committed", "auto.offset.reset": "earliest",
                       "enable.partition.eof": True})
    reader.assign([TopicPartition(topic, 0, 0)])
    found = []
    while (message := reader.poll(10)) is not None and not message.error():
        found.append(message.value().decode())
    reader.close()
    assert found == committed


@pytest.mark.millrace_only("the levels of its features")
def test_a_level_of_a_feature_is_kept(own_broker):
    with Client(own_broker.bootstrap) as client:
        epoch = client.features(4)[2]
        assert client.update_feature("transaction.version", 1, 1) == 95  # no downgrade
        assert client.update_feature("transaction.version", 1, 2) == NONE
        assert client.update_feature("unheard.of", 1, 1) == 95
    own_broker.kill_and_start()
    with Client(own_broker.bootstrap) as client:
        supported, finalized, newer = client.features(4)
        assert supported["transaction.version"] == (0, 2)
        assert finalized["transaction.version"] == (1, 1)
        assert newer > epoch
        assert client.update_feature("transaction.version", 0, 2) == NONE
        assert "transaction.version" not in client.features(4)[1]
        assert client.update_feature("transaction.version", 2, 1) == NONE
        assert client.features(4)[1]["transaction.version"] == (2, 2)


@pytest.mark.millrace_only("it takes what brokers ask from anybody")
def test_partitions_of_several_transactions_are_added_or_asked_for(client, plain_topic):
    names = [f"{plain_topic}-{at}" for at in range(2)]
    producers = [client.begin(name)[1] for name in names]

    def ask(verify_only, topic=plain_topic):
        each = (text(name) + struct.pack(">qhb", *producer, verify_only) +
                array(text(topic) + array(struct.pack(">i", 0)) + b"\0") + b"\0"
                for name, producer in zip(names, producers))
        answer = client.ask(24, 4, array(*each) + b"\0")
        answer.take(">i")
        assert answer.take(">h") == NONE
        errors = []
        for _ in range(answer.length() - 1):
            assert answer.text() == names[len(errors)]
            assert answer.length() == 2
            assert answer.text() == topic
            assert answer.length() == 2
            answer.take(">i")
            errors.append(answer.take(">h"))
            for _ in range(3):  # tags of partition, topic, transaction
                answer.length()
        return errors

    assert ask(True) == [ABORTABLE, ABORTABLE]
    assert ask(False, "not-there") == [3, 3]
    assert ask(False) == [NONE, NONE]
    assert ask(True) == [NONE, NONE]
    for name, producer in zip(names, producers):
        assert client.end(5, name, producer, False)[0] == NONE
