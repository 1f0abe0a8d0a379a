"""kafka-python, which implements the protocol by itself and uses old versions of the APIs."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import (MessageSizeTooLargeError, TopicAlreadyExistsError,
                          UnknownTopicOrPartitionError)
from kafka.structs import OffsetAndMetadata

CODECS = [None, "gzip", "snappy", "lz4", "zstd"]
# The first versions with which this client writes batches as they are today, and the newest.
API_VERSIONS = [(1, 0, 0), (2, 5, 0)]
BASE = 1_700_000_000_000


@pytest.fixture
def clients(broker):
    """Makes clients that are closed with the test."""
    made = []

    def make(kind, *arguments, on=broker, **settings):
        settings = {"bootstrap_servers": on.bootstrap, "api_version": (2, 5, 0), **settings}
        made.append(kind(*arguments, **settings))
        return made[-1]

    yield make
    for client in made:
        if isinstance(client, KafkaProducer):
            client.close(timeout=10)
        else:
            client.close()


def consumer(clients, *topics, **settings):
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False,
                "fetch_max_wait_ms": 50, "consumer_timeout_ms": 20_000, **settings}
    return clients(KafkaConsumer, *topics, **settings)


def take(client, count, limit_s=20):
    found, end = [], time.monotonic() + limit_s
    while len(found) < count and time.monotonic() < end:
        for records in client.poll(50, count - len(found)).values():
            found += records
    assert len(found) == count
    return found


def send(client, topic, values, partition=0):
    sent = [client.send(topic, value, partition=partition, timestamp_ms=BASE + at)
            for at, value in enumerate(values)]
    client.flush(20)
    return [future.get(20).offset for future in sent]


def make_topic(clients, topic, partitions, on=None, **options):
    admin = clients(KafkaAdminClient, **({"on": on} if on else {}))
    admin.create_topics([NewTopic(topic, partitions, 1, **options)])
    return topic


ROWS = [
    (b"key", b"value", [("h", b"1"), ("h", b"\x00\xff")]),
    (None, b"no key", []),
    (b"no value", None, [("empty", b"")]),
    (b"", b"", []),
    (bytes(range(256)), bytes(range(256)) * 1000, [("é", "ü".encode())]),
]


@pytest.mark.parametrize("version", API_VERSIONS, ids=str)
@pytest.mark.parametrize("codec", CODECS)
def test_rows_come_back_byte_by_byte(clients, topic, codec, version):
    if codec == "zstd" and version < (2, 1):
        pytest.skip("this client has no zstd in its old versions")
    sender = clients(KafkaProducer, compression_type=codec, acks="all", linger_ms=5,
                     api_version=version)
    sent = [sender.send(topic, value, key, headers, 0, BASE + at)
            for at, (key, value, headers) in enumerate(ROWS)]
    sender.flush(20)
    assert [future.get(20).offset for future in sent] == list(range(len(ROWS)))
    reader = consumer(clients, api_version=version)
    reader.assign([TopicPartition(topic, 0)])
    found = take(reader, len(ROWS))
    assert [(r.key, r.value, r.headers) for r in found] == ROWS
    assert [(r.offset, r.timestamp, r.timestamp_type) for r in found] == [
        (at, BASE + at, 0) for at in range(len(ROWS))]


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_every_kind_of_acknowledgement(clients, topic, acks):
    make_topic(clients, topic, 1)
    values = [b"%d" % n for n in range(300)]
    sender = clients(KafkaProducer, acks=acks)
    for value in values:
        sender.send(topic, value)
    sender.flush(20)
    reader = consumer(clients, topic)
    assert [r.value for r in take(reader, len(values))] == values


def test_a_message_above_the_limit_is_refused(clients, topic):
    sender = clients(KafkaProducer, max_request_size=8_000_000)
    with pytest.raises(MessageSizeTooLargeError):
        sender.send(topic, bytes(1_100_000)).get(20)
    assert sender.send(topic, bytes(1_000_000)).get(20).offset == 0


def test_the_version_of_the_broker_is_found_by_probing(clients, topic):
    sender = clients(KafkaProducer, api_version=None)
    assert sender.config["api_version"] >= (2, 4)
    assert sender.send(topic, b"x").get(20).offset == 0


@pytest.mark.parametrize("version", API_VERSIONS, ids=str)
def test_offsets_by_number_end_and_time(clients, topic, version):
    sender = clients(KafkaProducer, linger_ms=20)
    send(sender, topic, [b"%d" % n for n in range(10)])
    place = TopicPartition(topic, 0)
    reader = consumer(clients, api_version=version)
    reader.assign([place])
    assert reader.beginning_offsets([place]) == {place: 0}
    assert reader.end_offsets([place]) == {place: 10}
    assert reader.offsets_for_times({place: BASE + 4})[place][:2] == (4, BASE + 4)
    assert reader.offsets_for_times({place: BASE + 10})[place] is None
    reader.seek(place, 7)
    assert [r.value for r in take(reader, 3)] == [b"7", b"8", b"9"]
    reader.seek_to_beginning(place)
    assert [r.offset for r in take(reader, 10)] == list(range(10))
    assert reader.position(place) == 10
    reader.pause(place)
    send(sender, topic, [b"10"])
    assert reader.poll(200) == {}
    reader.resume(place)
    assert [r.value for r in take(reader, 1)] == [b"10"]


def test_commits_are_kept_with_their_metadata(clients, topic, group):
    make_topic(clients, topic, 2)
    places = [TopicPartition(topic, partition) for partition in range(2)]
    first = consumer(clients, group_id=group)
    first.assign(places)
    first.commit({places[0]: OffsetAndMetadata(5, "five: ü")})
    second = consumer(clients, group_id=group)
    second.assign(places)
    assert second.committed(places[0], metadata=True) == OffsetAndMetadata(5, "five: ü")
    assert second.committed(places[1]) is None
    listed = clients(KafkaAdminClient).list_consumer_group_offsets(group)
    assert listed == {places[0]: OffsetAndMetadata(5, "five: ü")}


def until(members, condition, limit_s=20):
    """Lets each member work in a thread of its own, for this client waits for the whole group when
    it joins; returns what they read."""
    found, done = [], threading.Event()

    def work(member):
        while not done.is_set():
            for records in member.poll(50).values():
                found.extend(records)

    with ThreadPoolExecutor(len(members)) as pool:
        workers = [pool.submit(work, member) for member in members]
        end = time.monotonic() + limit_s
        while not condition(found) and time.monotonic() < end:
            time.sleep(0.02)
        done.set()
    for worker in workers:
        worker.result()
    assert condition(found), [member.assignment() for member in members]
    return found


def shared(members, partitions):
    owned = [member.assignment() for member in members]
    return all(owned) and len(set().union(*owned)) == sum(map(len, owned)) == partitions


@pytest.mark.parametrize("assignor", [RangePartitionAssignor, RoundRobinPartitionAssignor])
def test_members_join_and_leave(clients, topic, group, assignor):
    make_topic(clients, topic, 4)

    def join():
        return consumer(clients, topic, group_id=group, session_timeout_ms=6000,
                        heartbeat_interval_ms=100, partition_assignment_strategy=[assignor])

    sender = clients(KafkaProducer)
    first = join()
    until([first], lambda _: shared([first], 4))
    second = join()
    until([first, second], lambda _: shared([first, second], 4))
    for partition in range(4):
        send(sender, topic, [b"%d-%d" % (partition, n) for n in range(20)], partition)
    found = until([first, second], lambda found: len(found) >= 80)
    assert sorted(r.value for r in found) == sorted(
        b"%d-%d" % (partition, n) for partition in range(4) for n in range(20))
    first.commit()
    second.commit()
    second.close()
    until([first], lambda _: shared([first], 4))


def test_a_group_goes_on_where_it_stopped(clients, topic, group):
    sender = clients(KafkaProducer)
    send(sender, topic, [b"1", b"2"])
    first = consumer(clients, topic, group_id=group, enable_auto_commit=True)
    assert [r.value for r in take(first, 2)] == [b"1", b"2"]
    first.close()
    send(sender, topic, [b"3"])
    second = consumer(clients, topic, group_id=group)
    assert [r.value for r in take(second, 1)] == [b"3"]


@pytest.mark.parametrize("how", ["restart", "kill_and_start"])
def test_a_client_goes_on_after_a_restart(own_broker, clients, topic, group, how):
    sender = clients(KafkaProducer, on=own_broker, acks="all", retries=100, retry_backoff_ms=50,
                     reconnect_backoff_ms=10, reconnect_backoff_max_ms=50)
    reader = consumer(clients, topic, on=own_broker, group_id=group, reconnect_backoff_ms=10,
                      reconnect_backoff_max_ms=50)
    assert send(sender, topic, [b"1", b"2"]) == [0, 1]
    assert [r.value for r in take(reader, 2)] == [b"1", b"2"]
    reader.commit()
    getattr(own_broker, how)()
    assert send(sender, topic, [b"3"]) == [2]
    assert [r.value for r in take(reader, 1)] == [b"3"]
    assert reader.committed(TopicPartition(topic, 0)) == 2


@pytest.mark.needs("CreateTopics", "DeleteTopics", "CreatePartitions")
def test_topics_are_administered(clients, topic):
    admin = clients(KafkaAdminClient)
    make_topic(clients, topic, 2)
    with pytest.raises(TopicAlreadyExistsError):
        admin.create_topics([NewTopic(topic, 2, 1)])
    assert topic in admin.list_topics()
    (described,) = admin.describe_topics([topic])
    assert [p["partition"] for p in described["partitions"]] == [0, 1]
    admin.create_partitions({topic: NewPartitions(3)})
    (described,) = admin.describe_topics([topic])
    assert sorted(p["partition"] for p in described["partitions"]) == [0, 1, 2]
    admin.delete_topics([topic])
    assert topic not in admin.list_topics()
    with pytest.raises(UnknownTopicOrPartitionError):
        admin.delete_topics([topic])


@pytest.mark.needs("DescribeConfigs", "AlterConfigs")
def test_settings_are_shown_and_changed(clients, topic):
    admin = clients(KafkaAdminClient)
    make_topic(clients, topic, 1, topic_configs={"retention.ms": "1000000"})

    def settings():
        asked = ConfigResource(ConfigResourceType.TOPIC, topic)
        (answer,) = admin.describe_configs([asked])
        return {row[0]: row[1] for row in answer.resources[0][4]}

    assert settings()["retention.ms"] == "1000000"
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic,
                                        configs={"retention.ms": "2000000"})])
    assert settings()["retention.ms"] == "2000000"


@pytest.mark.needs("ListGroups", "DescribeGroups", "DeleteGroups")
def test_groups_are_listed_described_and_deleted(clients, topic, group):
    make_topic(clients, topic, 2)
    admin = clients(KafkaAdminClient)
    member = consumer(clients, topic, group_id=group, client_id="someone")
    until([member], lambda _: shared([member], 2))
    assert (group, "consumer") in admin.list_consumer_groups()
    (described,) = admin.describe_consumer_groups([group])
    assert (described.state, described.protocol_type, described.protocol) == (
        "Stable", "consumer", "range")
    (only,) = described.members
    assert only.client_id == "someone"
    assert only.member_assignment.assignment == [(topic, [0, 1])]
    ((_, refused),) = admin.delete_consumer_groups([group])
    assert refused.__name__ == "NonEmptyGroupError"
    member.close()
    ((_, error),) = admin.delete_consumer_groups([group])
    assert error.__name__ == "NoError"
    assert (group, "consumer") not in admin.list_consumer_groups()
