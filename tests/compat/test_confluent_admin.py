"""confluent-kafka for Python: AdminClient."""

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

from test_confluent_data import producer, read, values_to_send


@pytest.fixture
def admin(broker):
    return AdminClient({"bootstrap.servers": broker.bootstrap})


def code_of(future):
    with pytest.raises(KafkaException) as raised:
        future.result(20)
    return raised.value.args[0].code()


def make(admin, topic, partitions=1, **options):
    admin.create_topics([NewTopic(topic, partitions, 1, **options)])[topic].result(20)
    return topic


def configs_of(admin, topic):
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    return admin.describe_configs([resource])[resource].result(20)


pytestmark = pytest.mark.needs("CreateTopics", "DeleteTopics")


def test_topics_are_made_and_deleted(broker, admin, topic):
    make(admin, topic, 3)
    listed = admin.list_topics(timeout=10).topics[topic]
    assert sorted(listed.partitions) == [0, 1, 2]
    values_to_send(producer(broker), topic, [b"x"], partition=2)
    admin.delete_topics([topic])[topic].result(20)
    assert topic not in admin.list_topics(timeout=10).topics
    make(admin, topic, 1)
    values_to_send(producer(broker), topic, [b"new"])
    assert [m.value() for m in read(broker, topic, 1)] == [b"new"]


def test_what_cannot_be_made_is_refused(admin, topic):
    make(admin, topic)

    def refused(new, **options):
        return code_of(admin.create_topics([new], **options)[new.topic])

    assert refused(NewTopic(topic, 1, 1)) == KafkaError.TOPIC_ALREADY_EXISTS
    assert refused(NewTopic("a/b", 1, 1)) == KafkaError.TOPIC_EXCEPTION
    assert refused(NewTopic(f"{topic}.x", 1, 1, config={"nonsense": "1"})) == (
        KafkaError.INVALID_CONFIG)
    assert refused(NewTopic(f"{topic}.y", 1, 1, config={"retention.ms": "often"})) == (
        KafkaError.INVALID_CONFIG)
    assert code_of(admin.delete_topics([f"{topic}.z"])[f"{topic}.z"]) == (
        KafkaError.UNKNOWN_TOPIC_OR_PART)


def test_validation_makes_nothing(admin, topic):
    admin.create_topics([NewTopic(topic, 2, 1)], validate_only=True)[topic].result(20)
    assert topic not in admin.list_topics(timeout=10).topics


@pytest.mark.needs("CreatePartitions")
def test_partitions_are_added(broker, admin, topic):
    make(admin, topic, 1)
    values_to_send(producer(broker), topic, [b"before"])
    admin.create_partitions([NewPartitions(topic, 3)])[topic].result(20)
    assert sorted(admin.list_topics(topic, timeout=10).topics[topic].partitions) == [0, 1, 2]
    values_to_send(producer(broker), topic, [b"after"], partition=2)
    assert [m.value() for m in read(broker, topic, 1)] == [b"before"]
    assert [m.value() for m in read(broker, topic, 1, partition=2)] == [b"after"]
    assert code_of(admin.create_partitions([NewPartitions(topic, 2)])[topic]) == (
        KafkaError.INVALID_PARTITIONS)


@pytest.mark.needs("DescribeConfigs", "AlterConfigs")
def test_settings_of_a_topic_are_shown_and_changed(broker, admin, topic):
    make(admin, topic, config={"cleanup.policy": "compact", "retention.ms": "123456789"})
    configs = configs_of(admin, topic)
    assert configs["cleanup.policy"].value == "compact"
    assert configs["retention.ms"].value == "123456789"
    assert not configs["retention.ms"].is_default
    assert configs["max.message.bytes"].value == "1048588"
    assert configs["max.message.bytes"].is_default
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic,
                             set_config={"max.message.bytes": "2000"})
    admin.alter_configs([changed])[changed].result(20)
    configs = configs_of(admin, topic)
    assert configs["max.message.bytes"].value == "2000"
    assert configs["cleanup.policy"].value == "delete"  # AlterConfigs replaces everything
    (error,) = values_to_send(producer(broker), topic, [bytes(3000)])
    assert error.code() == KafkaError.MSG_SIZE_TOO_LARGE
    assert values_to_send(producer(broker), topic, [bytes(1000)]) == [0]
    wrong = ConfigResource(ConfigResource.Type.TOPIC, topic, set_config={"retention.ms": "x"})
    assert code_of(admin.alter_configs([wrong])[wrong]) in (
        KafkaError.INVALID_CONFIG, KafkaError.INVALID_REQUEST)


@pytest.mark.needs("DescribeConfigs")
def test_settings_of_the_broker_are_shown(admin):
    node = next(iter(admin.list_topics(timeout=10).brokers))
    resource = ConfigResource(ConfigResource.Type.BROKER, str(node))
    configs = admin.describe_configs([resource])[resource].result(20)
    assert configs["group.initial.rebalance.delay.ms"].value == "0"
    assert configs["num.partitions"].value == "1"
    assert len(configs) > 50


def test_records_written_as_asked_by_the_topic(broker, admin, topic):
    """LogAppendTime stamps, and a codec of the topic's own, are the server's work."""
    make(admin, topic, config={"message.timestamp.type": "LogAppendTime"})
    sender = producer(broker, compression_type="gzip")
    values_to_send(sender, topic, [b"a", b"b"])
    first, second = read(broker, topic, 2)
    assert first.timestamp()[0] == 2
    assert 1_700_000_000_000 < first.timestamp()[1] <= second.timestamp()[1]


@pytest.mark.needs("ListGroups")
def test_groups_are_listed(broker, admin, topic, group):
    make(admin, topic)
    client = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": group,
                       "fetch.wait.max.ms": 50})
    client.subscribe([topic])
    while not client.assignment():
        client.poll(0.05)
    (found,) = admin.list_groups(group, timeout=10)
    assert (found.id, found.state, found.protocol_type, found.protocol) == (
        group, "Stable", "consumer", "range")
    assert len(found.members) == 1
    assert found.members[0].client_id == "rdkafka"
    assert group in [one.id for one in admin.list_groups(timeout=10)]
    client.close()
    (found,) = admin.list_groups(group, timeout=10)
    assert (found.state, found.members) == ("Empty", [])
