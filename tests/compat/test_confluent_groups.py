"""confluent-kafka for Python: consumer groups whose members join, leave and die."""

import os
import signal
import subprocess
import sys
import time

import pytest
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from test_confluent_data import producer, send

ASSIGNORS = ["range", "roundrobin", "cooperative-sticky"]
PARTITIONS = 4


class Member:
    """A member of a group that knows what it was given."""

    def __init__(self, broker, group, topics, **settings):
        config = {"bootstrap.servers": broker.bootstrap, "group.id": group,
                  "auto.offset.reset": "earliest", "enable.auto.commit": False,
                  "session.timeout.ms": 3000, "heartbeat.interval.ms": 100,
                  "fetch.wait.max.ms": 50, "topic.metadata.refresh.interval.ms": 500}
        config.update({k.replace("_", "."): v for k, v in settings.items()})
        self.client = Consumer(config)
        self.assignments = 0
        self.lost = 0
        self.records = []
        self.client.subscribe(topics, on_assign=self.on_assign, on_lost=self.on_lost)

    def on_assign(self, _client, _partitions):
        self.assignments += 1

    def on_lost(self, _client, _partitions):
        self.lost += 1

    def owned(self):
        return {(place.topic, place.partition) for place in self.client.assignment()}

    def turn(self, timeout_s=0.05):
        for message in self.client.consume(500, timeout_s):
            if message.error() is None:
                self.records.append(message)
            elif not message.error().retriable():
                raise KafkaException(message.error())


@pytest.fixture
def member(broker):
    """Makes members, and closes those that the test left."""
    made = []

    def make(*arguments, on=broker, **settings):
        made.append(Member(on, *arguments, **settings))
        return made[-1]

    yield make
    for one in made:
        one.client.close()


@pytest.fixture
def wide_topic(broker, topic):
    return make_topic(broker, topic)


def make_topic(broker, topic, partitions=PARTITIONS):
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(20)
    return topic


def until(members, condition, limit_s=20):
    """Lets the members work until the condition holds."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, [one.owned() for one in members]
        for one in members:
            one.turn()


def shares(members, total):
    """Whether the members own all partitions, each once, as evenly as can be."""
    owned = [one.owned() for one in members]
    sizes = sorted(len(one) for one in owned)
    return (len(set().union(*owned)) == sum(sizes) == total
            and sizes[-1] - sizes[0] <= 1)


def fill(broker, topic, count, first=0):
    for partition in range(PARTITIONS):
        send(producer(broker), topic,
             [(b"%d" % partition, b"%d" % n, None, 0) for n in range(first, first + count)],
             partition)


def values_by_partition(members):
    found = {}
    for one in members:
        for message in one.records:
            found.setdefault(message.partition(), []).append(int(message.value()))
    return found


@pytest.mark.parametrize("assignor", ASSIGNORS)
def test_members_join_and_leave(broker, wide_topic, group, member, assignor):
    def join():
        return member(group, [wide_topic], partition_assignment_strategy=assignor)

    first = join()
    until([first], lambda: shares([first], PARTITIONS))
    second = join()
    until([first, second], lambda: shares([first, second], PARTITIONS))
    third = join()
    until([first, second, third], lambda: shares([first, second, third], PARTITIONS))
    second.client.close()
    until([first, third], lambda: shares([first, third], PARTITIONS))
    assert first.lost == third.lost == 0


@pytest.mark.parametrize("assignor", ASSIGNORS)
def test_each_record_goes_to_one_member_while_the_group_changes(broker, wide_topic, group, member,
                                                                assignor):
    settings = {"partition_assignment_strategy": assignor}
    first = member(group, [wide_topic], **settings)
    fill(broker, wide_topic, 50)
    until([first], lambda: len(first.records) == 50 * PARTITIONS)
    first.client.commit(asynchronous=False)
    second = member(group, [wide_topic], **settings)
    both = [first, second]
    until(both, lambda: shares(both, PARTITIONS))
    fill(broker, wide_topic, 50, first=50)
    until(both, lambda: len(first.records) + len(second.records) >= 100 * PARTITIONS)
    assert values_by_partition(both) == {p: list(range(100)) for p in range(PARTITIONS)}
    assert second.records


DYING_MEMBER = """
import sys
from confluent_kafka import Consumer
client = Consumer({"bootstrap.servers": sys.argv[1], "group.id": sys.argv[2],
                   "session.timeout.ms": 1500, "heartbeat.interval.ms": 100})
client.subscribe([sys.argv[3]])
while not client.assignment():
    client.poll(0.05)
print("in", flush=True)
while True:
    client.poll(1)
"""


def test_a_member_that_dies_gives_its_partitions_to_the_others(broker, wide_topic, group, member):
    stays = member(group, [wide_topic])
    command = [sys.executable, "-c", DYING_MEMBER, broker.bootstrap, group, wide_topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as dying:
        os.set_blocking(dying.stdout.fileno(), False)
        until([stays], lambda: dying.stdout.readline() == b"in\n")
        until([stays], lambda: len(stays.owned()) == PARTITIONS // 2)
        dying.send_signal(signal.SIGKILL)
    began = time.monotonic()
    until([stays], lambda: shares([stays], PARTITIONS))
    assert time.monotonic() - began < 10


def test_a_static_member_comes_back_to_what_it_had(broker, wide_topic, group, member):
    def join(name):
        return member(group, [wide_topic], group_instance_id=name, session_timeout_ms=6000)

    first, second = join("one"), join("two")
    until([first, second], lambda: shares([first, second], PARTITIONS))
    before, assignments = second.owned(), first.assignments
    second.client.close()
    again = join("two")
    until([first, again], lambda: again.owned() != set())
    assert again.owned() == before
    assert first.assignments == assignments


def test_two_static_members_of_one_name_do_not_both_live(broker, wide_topic, group, member):
    first = member(group, [wide_topic], group_instance_id="one")
    until([first], lambda: shares([first], PARTITIONS))
    second = member(group, [wide_topic], group_instance_id="one")
    with pytest.raises(KafkaException) as raised:
        until([second, first], lambda: False)
    assert "fenced" in raised.value.args[0].str()


def test_commits_are_kept(broker, wide_topic, group):
    settings = {"bootstrap.servers": broker.bootstrap, "group.id": group,
                "enable.auto.commit": False}
    client = Consumer(settings)
    places = [TopicPartition(wide_topic, 0, 7), TopicPartition(wide_topic, 1, 1)]
    done = client.commit(offsets=places, asynchronous=False)
    assert [place.error for place in done] == [None, None]
    client.close()
    client = Consumer(settings)
    asked = [TopicPartition(wide_topic, partition) for partition in range(3)]
    found = client.committed(asked, 10)
    assert [place.offset for place in found] == [7, 1, OFFSET_INVALID]
    client.close()


def test_offsets_that_were_stored_are_committed_on_the_way(broker, wide_topic, group, member):
    fill(broker, wide_topic, 10)
    first = member(group, [wide_topic], enable_auto_commit=True, auto_commit_interval_ms=50)
    until([first], lambda: len(first.records) == 10 * PARTITIONS)
    first.client.close()
    second = member(group, [wide_topic])
    until([second], lambda: shares([second], PARTITIONS))
    fill(broker, wide_topic, 1, first=10)
    until([second], lambda: len(second.records) >= PARTITIONS)
    assert values_by_partition([second]) == {p: [10] for p in range(PARTITIONS)}


def test_a_pattern_finds_topics_that_are_made_later(broker, topic, group, member):
    prefix = f"pattern-{topic}".replace(".", "-")
    make_topic(broker, f"{prefix}-a", 1)
    one = member(group, [f"^{prefix}-.*"])
    until([one], lambda: shares([one], 1))
    make_topic(broker, f"{prefix}-b", 2)
    until([one], lambda: shares([one], 3))


@pytest.mark.parametrize("how", ["restart", "kill_and_start"])
def test_a_group_outlives_its_server(own_broker, topic, group, member, how):
    make_topic(own_broker, topic)
    settings = {"reconnect_backoff_ms": 10, "reconnect_backoff_max_ms": 50,
                "session_timeout_ms": 10_000}
    pair = [member(group, [topic], on=own_broker, **settings) for _ in range(2)]
    until(pair, lambda: shares(pair, PARTITIONS))
    fill(own_broker, topic, 20)
    until(pair, lambda: sum(len(one.records) for one in pair) == 20 * PARTITIONS)
    for one in pair:
        one.client.commit(asynchronous=False)
    getattr(own_broker, how)()
    fill(own_broker, topic, 20, first=20)
    until(pair, lambda: sum(len(one.records) for one in pair) >= 40 * PARTITIONS)
    assert values_by_partition(pair) == {p: list(range(40)) for p in range(PARTITIONS)}
    committed = Consumer({"bootstrap.servers": own_broker.bootstrap, "group.id": group})
    places = committed.committed([TopicPartition(topic, p) for p in range(PARTITIONS)], 10)
    assert [place.offset for place in places] == [20] * PARTITIONS
    committed.close()
