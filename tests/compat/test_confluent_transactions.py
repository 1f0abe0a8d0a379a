"""confluent-kafka for Python: transactions, committed and aborted, and who reads them."""

import pytest
from confluent_kafka import (OFFSET_BEGINNING, KafkaError, KafkaException, Producer,
                             TopicPartition)

from test_confluent_data import consumer, read, take, values_to_send

pytestmark = pytest.mark.needs("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn",
                               "TxnOffsetCommit", "EndTxn")


def transactional(broker, name, **settings):
    config = {"bootstrap.servers": broker.bootstrap, "transactional.id": name, "linger.ms": 2,
              "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50}
    client = Producer({**config, **{k.replace("_", "."): v for k, v in settings.items()}})
    client.init_transactions(20)
    return client


def in_transaction(client, topic, values, end):
    client.begin_transaction()
    for value in values:
        client.produce(topic, value)
    client.flush(20)
    getattr(client, end)(20)


def committed_values(broker, topic, count, **settings):
    found = read(broker, topic, count, isolation_level="read_committed", **settings)
    return [message.value() for message in found]


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_only_what_was_committed_is_read(broker, topic, codec):
    client = transactional(broker, topic, compression_type=codec)
    in_transaction(client, topic, [b"1", b"2"], "commit_transaction")
    in_transaction(client, topic, [b"no", b"no"], "abort_transaction")
    in_transaction(client, topic, [b"3"], "commit_transaction")
    assert committed_values(broker, topic, 3) == [b"1", b"2", b"3"]
    found = read(broker, topic, 5, isolation_level="read_uncommitted")
    assert [m.value() for m in found] == [b"1", b"2", b"no", b"no", b"3"]


def test_an_open_transaction_holds_readers_back(broker, topic):
    first = transactional(broker, f"{topic}-1")
    second = transactional(broker, f"{topic}-2")
    first.begin_transaction()
    first.produce(topic, b"1")
    first.flush(20)
    in_transaction(second, topic, [b"2"], "commit_transaction")
    reader = consumer(broker, isolation_level="read_committed")
    reader.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    assert reader.consume(1, 0.3) == []
    first.commit_transaction(20)
    assert [m.value() for m in take(reader, 2)] == [b"1", b"2"]
    reader.close()


def test_a_new_producer_fences_the_old_one_and_ends_its_transaction(broker, topic):
    old = transactional(broker, topic)
    old.begin_transaction()
    old.produce(topic, b"never")
    old.flush(20)
    new = transactional(broker, topic)
    in_transaction(new, topic, [b"new"], "commit_transaction")
    with pytest.raises(KafkaException) as raised:
        old.commit_transaction(20)
    assert raised.value.args[0].code() in (KafkaError._FENCED, KafkaError.PRODUCER_FENCED,
                                           KafkaError.INVALID_PRODUCER_EPOCH)
    assert committed_values(broker, topic, 1) == [b"new"]


@pytest.mark.parametrize("end, read_again", [("commit_transaction", [b"3"]),
                                             ("abort_transaction", [b"1", b"2", b"3"])])
def test_offsets_and_records_are_committed_as_one(broker, topic, group, end, read_again):
    source, target = f"{topic}-in", f"{topic}-out"
    values_to_send(Producer({"bootstrap.servers": broker.bootstrap}), source, [b"1", b"2", b"3"])
    reader = consumer(broker, group, isolation_level="read_committed")
    reader.subscribe([source])
    found = take(reader, 2)
    client = transactional(broker, topic)
    client.begin_transaction()
    for message in found:
        client.produce(target, b"out " + message.value())
    client.send_offsets_to_transaction([TopicPartition(source, 0, 2)],
                                       reader.consumer_group_metadata(), 20)
    getattr(client, end)(20)
    reader.close()
    again = consumer(broker, group, isolation_level="read_committed")
    again.subscribe([source])
    assert [m.value() for m in take(again, len(read_again))] == read_again
    again.close()
    if end == "commit_transaction":
        assert committed_values(broker, target, 2) == [b"out 1", b"out 2"]


def test_a_transaction_spans_partitions_and_topics(broker, topic):
    client = transactional(broker, topic)
    client.begin_transaction()
    for name in ("a", "b", "c"):
        client.produce(f"{topic}-{name}", name.encode())
    client.commit_transaction(20)
    for name in ("a", "b", "c"):
        assert committed_values(broker, f"{topic}-{name}", 1) == [name.encode()]


def test_a_transaction_that_is_left_open_is_aborted_in_time(broker, topic):
    client = transactional(broker, topic, transaction_timeout_ms=1000, message_timeout_ms=1000)
    client.begin_transaction()
    client.produce(topic, b"left open")
    client.flush(20)
    values_to_send(Producer({"bootstrap.servers": broker.bootstrap}), topic, [b"after"])
    assert committed_values(broker, topic, 1) == [b"after"]


@pytest.mark.parametrize("how", ["restart", "kill_and_start"])
def test_transactions_go_on_after_a_restart(own_broker, topic, how):
    client = transactional(own_broker, topic)
    in_transaction(client, topic, [b"1"], "commit_transaction")
    client.begin_transaction()
    client.produce(topic, b"2")
    client.flush(20)
    getattr(own_broker, how)()
    client.produce(topic, b"3")
    client.commit_transaction(20)
    in_transaction(client, topic, [b"no"], "abort_transaction")
    assert committed_values(own_broker, topic, 3) == [b"1", b"2", b"3"]


def test_an_unfinished_transaction_is_ended_by_the_next_of_its_name(own_broker, topic):
    client = transactional(own_broker, topic)
    client.begin_transaction()
    client.produce(topic, b"never")
    client.flush(20)
    own_broker.kill_and_start()
    in_transaction(transactional(own_broker, topic), topic, [b"1"], "commit_transaction")
    assert committed_values(own_broker, topic, 1) == [b"1"]


def test_a_timeout_above_the_limit_is_refused(broker, topic):
    with pytest.raises(KafkaException) as raised:
        transactional(broker, topic, transaction_timeout_ms=2_000_000_000)
    assert raised.value.args[0].code() == KafkaError.INVALID_TRANSACTION_TIMEOUT
