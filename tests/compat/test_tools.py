"""Kafka's own command-line tools: what they do, and what they say."""

import json
import re

import pytest

from kafka_tools import Tools, is_there

pytestmark = pytest.mark.skipif(not is_there(), reason="no JDK with Maven, or Kafka's tools could "
                                                       "not be fetched")


@pytest.fixture(scope="module")
def tools(shared_broker):
    made = Tools(shared_broker.bootstrap)
    yield made
    made.close()


@pytest.fixture
def document(tmp_path):
    """Writes what a tool reads from a file."""
    def write(value):
        path = tmp_path / "given.json"
        path.write_text(json.dumps(value))
        return str(path)

    return write


def rows(table):
    """The lines of a printed table, without its head, as lists of words."""
    return [line.split() for line in table.strip().splitlines()[1:]]


def produce(tools, topic, lines, *options):
    tools.say("console-producer", "--topic", topic, *options,
              given="".join(f"{line}\n" for line in lines))


def consume(tools, topic, count, *options):
    done = tools.run("console-consumer", "--topic", topic, "--max-messages", str(count),
                     "--timeout-ms", "15000", *options)
    assert f"Processed a total of {count} messages" in done.err, done
    return done.out.splitlines()


def test_topics(tools, topic):
    assert f"Created topic {topic}." in tools.say(
        "topics", "--create", "--topic", topic, "--partitions", "3", "--config",
        "retention.ms=100000")
    again = tools.run("topics", "--create", "--topic", topic)
    assert again.code == 1 and "TopicExistsException" in again.err
    tools.say("topics", "--create", "--topic", topic, "--if-not-exists")
    assert topic in tools.say("topics", "--list").split()
    told = tools.say("topics", "--describe", "--topic", topic)
    assert re.search(r"PartitionCount: 3\s+ReplicationFactor: 1\s+Configs: .*retention.ms=100000",
                     told)
    assert re.findall(r"Partition: (\d)\s+Leader: 1\s+Replicas: 1\s+Isr: 1", told) == [
        "0", "1", "2"]
    tools.say("topics", "--alter", "--topic", topic, "--partitions", "4")
    fewer = tools.run("topics", "--alter", "--topic", topic, "--partitions", "2")
    assert fewer.code == 1 and "InvalidPartitionsException" in fewer.err
    assert topic in tools.say("topics", "--describe", "--topics-with-overrides")
    assert topic not in tools.say("topics", "--describe", "--under-replicated-partitions")
    tools.say("topics", "--delete", "--topic", topic)
    gone = tools.run("topics", "--describe", "--topic", topic)
    assert gone.code == 1 and "does not exist" in gone.out
    wrong = tools.run("topics", "--create", "--topic", "a/b")
    assert wrong.code == 1 and "InvalidTopicException" in wrong.err
    wrong = tools.run("topics", "--create", "--topic", f"{topic}.x", "--config", "nonsense=1")
    assert wrong.code == 1 and "InvalidConfigurationException" in wrong.err


@pytest.mark.millrace_only("a replication factor above the number of brokers is clamped")
def test_a_replication_factor_of_three_is_taken(tools, topic):
    tools.say("topics", "--create", "--topic", topic, "--replication-factor", "3")
    assert "ReplicationFactor: 1" in tools.say("topics", "--describe", "--topic", topic)


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_console_producer_and_consumer(tools, topic, codec):
    produce(tools, topic, ["k1:v1", "k2:v2", "k3:v3"], "--compression-codec", codec,
            "--reader-property", "parse.key=true", "--reader-property", "key.separator=:")
    assert consume(tools, topic, 3, "--from-beginning", "--formatter-property",
                   "print.key=true") == ["k1\tv1", "k2\tv2", "k3\tv3"]
    assert consume(tools, topic, 2, "--partition", "0", "--offset", "1", "--formatter-property",
                   "print.offset=true", "--isolation-level", "read_committed") == [
                       "Offset:1\tv2", "Offset:2\tv3"]


def test_consumer_groups(tools, topic, group):
    tools.say("topics", "--create", "--topic", topic, "--partitions", "2")
    produce(tools, topic, "abcde")
    consume(tools, topic, 5, "--from-beginning", "--group", group)
    assert group in tools.say("consumer-groups", "--list").split()
    assert [group, "Empty"] in rows(tools.say("consumer-groups", "--list", "--state"))

    def offsets():
        told = rows(tools.say("consumer-groups", "--describe", "--group", group))
        return [(row[1], int(row[2]), row[5]) for row in told]

    assert offsets() == [(topic, 0, "0"), (topic, 1, "0")]
    state = rows(tools.say("consumer-groups", "--describe", "--group", group, "--state"))
    assert state[0][-2:] == ["Empty", "0"]
    reset = ["consumer-groups", "--reset-offsets", "--group", group, "--topic", topic]
    planned = rows(tools.say(*reset, "--to-earliest", "--dry-run"))
    assert sorted(row[2:] for row in planned) == [["0", "0"], ["1", "0"]]
    assert [lag for _, _, lag in offsets()] == ["0", "0"]
    tools.say(*reset, "--to-earliest", "--execute")
    assert sum(int(lag) for _, _, lag in offsets()) == 5
    tools.say(*reset, "--to-latest", "--execute")
    assert sum(int(lag) for _, _, lag in offsets()) == 0
    removed = tools.say("consumer-groups", "--delete-offsets", "--group", group, "--topic", topic)
    assert removed.count("Successful") == 2
    tools.say("consumer-groups", "--delete", "--group", group)
    assert group not in tools.say("consumer-groups", "--list").split()
    missing = tools.run("consumer-groups", "--describe", "--group", group)
    assert "GroupIdNotFoundException" in missing.out + missing.err


def test_configs(tools, topic):
    tools.say("topics", "--create", "--topic", topic)

    def configs(kind, name):
        return tools.say("configs", "--describe", "--entity-type", kind, *name)

    def alter(kind, name, change, value):
        return tools.run("configs", "--alter", "--entity-type", kind, *name, change, value)

    this = ["--entity-name", topic]
    assert alter("topics", this, "--add-config",
                 "retention.ms=5000,cleanup.policy=[compact,delete]").code == 0
    told = configs("topics", this)
    assert "cleanup.policy=compact,delete" in told
    assert "retention.ms=5000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=5000" in (
        told)
    assert alter("topics", this, "--delete-config", "retention.ms").code == 0
    assert "retention.ms" not in configs("topics", this)
    wrong = alter("topics", this, "--add-config", "nonsense=1")
    assert wrong.code == 1 and "InvalidConfigurationException" in wrong.out + wrong.err
    node, every = ["--entity-name", "1"], ["--entity-default"]
    assert alter("brokers", node, "--add-config", "message.max.bytes=2000000").code == 0
    assert "message.max.bytes=2000000" in configs("brokers", node)
    assert alter("brokers", node, "--delete-config", "message.max.bytes").code == 0
    assert alter("brokers", every, "--add-config", "message.max.bytes=3000000").code == 0
    assert "message.max.bytes=3000000" in configs("brokers", every)
    assert alter("brokers", every, "--delete-config", "message.max.bytes").code == 0
    client = ["--entity-name", f"client.{topic}"]
    assert alter("clients", client, "--add-config", "producer_byte_rate=1000000").code == 0
    assert "producer_byte_rate=1000000.0" in configs("clients", client)
    assert alter("clients", client, "--delete-config", "producer_byte_rate").code == 0
    assert "producer_byte_rate" not in configs("clients", client)


def test_offsets_and_deleted_records(tools, topic, document):
    produce(tools, topic, "abc")

    def offset(*options):
        return tools.say("get-offsets", "--topic", topic, *options).strip()

    def delete(before):
        place = {"topic": topic, "partition": 0, "offset": before}
        return tools.say("delete-records", "--offset-json-file",
                         document({"version": 1, "partitions": [place]}))

    assert offset() == f"{topic}:0:3"
    assert offset("--time", "earliest") == f"{topic}:0:0"
    assert offset("--time", "1000") == f"{topic}:0:0"
    assert "low_watermark: 2" in delete(2)
    assert offset("--time", "earliest") == f"{topic}:0:2"
    assert "OffsetOutOfRangeException" in delete(99)


@pytest.mark.needs("DescribeLogDirs")
def test_log_dirs(tools, topic):
    produce(tools, topic, ["x" * 1000])
    told = tools.say("log-dirs", "--describe", "--topic-list", topic)
    (broker,) = json.loads(told.strip().splitlines()[-1])["brokers"]
    (folder,) = broker["logDirs"]
    (place,) = folder["partitions"]
    assert (broker["broker"], folder["error"]) == (1, None)
    assert (place["partition"], place["offsetLag"], place["isFuture"]) == (f"{topic}-0", 0, False)
    assert 1000 <= place["size"] <= 2000


@pytest.mark.needs("DescribeProducers", "ListTransactions", "DescribeTransactions")
def test_transactions(tools, topic):
    perf = ["producer-perf-test", "--topic", topic, "--num-records", "500", "--record-size", "100",
            "--throughput", "-1"]
    assert "500 records sent" in tools.say(*perf, "--command-property", "acks=all")
    assert "500 records sent" in tools.say(*perf, "--transactional-id", topic,
                                           "--transaction-duration-ms", "50")
    (listed,) = [row for row in rows(tools.say("transactions", "list")) if row[0] == topic]
    assert listed[3] in ("PrepareCommit", "CompleteCommit")
    (told,) = rows(tools.say("transactions", "describe", "--transactional-id", topic))
    assert (told[0], told[1], told[2], told[5]) == ("1", topic, listed[2], "60000")
    producers = rows(tools.say("transactions", "describe-producers", "--topic", topic,
                               "--partition", "0"))
    assert listed[2] in [row[0] for row in producers] and len(producers) == 2
    assert all(row[-1] == "None" for row in producers)
    assert rows(tools.say("transactions", "find-hanging", "--broker-id", "1")) == []
    unknown = tools.run("transactions", "describe", "--transactional-id", f"{topic}.x")
    assert unknown.code == 1 and "could not be found" in unknown.err


def test_the_cluster(tools, topic, shared_broker):
    produce(tools, topic, "a")
    status = tools.say("metadata-quorum", "describe", "--status")
    assert re.search(r"LeaderId:\s+1\n", status) and re.search(r"MaxFollowerLag:\s+0\n", status)
    (voter,) = rows(tools.say("metadata-quorum", "describe", "--replication"))
    assert (voter[0], voter[3], voter[-1]) == ("1", "0", "Leader")
    versions = tools.say("broker-api-versions")
    assert versions.startswith(f"{shared_broker.bootstrap} (id: 1 rack: null")
    assert "Produce(0): 0 to 13 [usable: 13]" in versions
    assert "Valid replica already elected" in tools.say(
        "leader-election", "--election-type", "preferred", "--topic", topic, "--partition", "0")
    tools.say("features", "describe")


@pytest.mark.needs("DescribeLogDirs")
def test_reassignments(tools, topic, document):
    """There is one broker: everything is where it was asked to be."""
    produce(tools, topic, "a")
    assert "No partition reassignments found." in tools.say("reassign-partitions", "--list")
    planned = tools.say("reassign-partitions", "--broker-list", "1", "--generate",
                        "--topics-to-move-json-file",
                        document({"version": 1, "topics": [{"topic": topic}]}))
    assert f'"topic":"{topic}","partition":0,"replicas":[1]' in planned
    asked = ["--reassignment-json-file", document({"version": 1, "partitions": [
        {"topic": topic, "partition": 0, "replicas": [1]}]})]
    assert f"Successfully started partition reassignment for {topic}-0" in tools.say(
        "reassign-partitions", *asked, "--execute")
    told = tools.say("reassign-partitions", *asked, "--verify")
    assert f"Reassignment of partition {topic}-0 is completed." in told
