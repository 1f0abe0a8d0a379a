"""A Kafka Streams program with exactly_once_v2 (java/Streams.java): it and the server are killed,
and each word is counted once."""

import os
import random
import subprocess
import threading
import time

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from broker_process import AGAINST_KAFKA, JAVA
from kafka_tools import JVM

FULL = os.environ.get("MILLRACE_TEST_DEPTH") == "full"
LINES, KILLS = (20_000, 12) if FULL else (2_000, 1)
PARTITIONS = 2
WORDS = [f"word{n}" for n in range(40)]
LIMIT_S = 60
MINUTE_MS = 60_000

pytestmark = [
    pytest.mark.skipif(not (JAVA / "classes/Streams.class").is_file(),
                       reason="no JDK with Maven, or Kafka Streams could not be fetched"),
    pytest.mark.needs("AddPartitionsToTxn", "TxnOffsetCommit", "DeleteRecords")]


class Program:
    """The Streams program, which is killed and started again on its folder of state."""

    def __init__(self, broker, topic, folder):
        self.command = [*JVM, "-cp", f"{JAVA}/classes:{JAVA}/lib/*", "Streams", broker.bootstrap,
                        topic, str(folder / "state")]
        self.log = folder / "streams.log"
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def program(own_broker, topic, tmp_path):
    made = Program(own_broker, topic, tmp_path)
    yield made
    if made.process is not None:
        made.kill()


def feed(broker, topic, lines):
    """Sends lines of words, a second of their time each, and returns how often each word came:
    altogether, and by the minute."""
    client = Producer({"bootstrap.servers": broker.bootstrap, "enable.idempotence": True,
                       "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100,
                       "log_level": 0})
    counts, windows, choose = {}, {}, random.Random(5)
    for at in range(lines):
        words = choose.choices(WORDS, k=3)
        stamp = 1_700_000_000_000 + 1000 * at
        client.produce(topic, " ".join(words), partition=at % PARTITIONS, timestamp=stamp)
        for word in words:
            window = f"{word}@{stamp - stamp % MINUTE_MS}"
            counts[word] = counts.get(word, 0) + 1
            windows[window] = windows.get(window, 0) + 1
        client.poll(0.005 if at % 10 == 0 else 0)
    assert client.flush(LIMIT_S) == 0
    return counts, windows


def committed(broker, topic):
    """{key: [value, …]} of all that is committed now."""
    client = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "reader",
                       "isolation.level": "read_committed", "enable.partition.eof": True})
    waiting = set(range(PARTITIONS))
    client.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in waiting])
    found = {}
    while waiting:
        message = client.poll(LIMIT_S)
        assert message is not None, f"the end of {topic} is never reached"
        if message.error() is None:
            found.setdefault(message.key().decode(), []).append(int(message.value()))
        else:
            assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
            waiting.discard(message.partition())
    client.close()
    return found


def total(found):
    return sum(len(values) for values in found.values())


def test_each_word_is_counted_once_through_kills(own_broker, program, topic):
    outputs = [f"{topic}-counts", f"{topic}-windows"]
    admin = AdminClient({"bootstrap.servers": own_broker.bootstrap})
    topics = [NewTopic(name, PARTITIONS, 1) for name in [topic, *outputs]]
    for made in admin.create_topics(topics).values():
        made.result(20)
    program.start()
    wanted = []
    feeding = threading.Thread(target=lambda: wanted.extend(feed(own_broker, topic, LINES)))
    feeding.start()
    for _ in range(KILLS):
        before, end = total(committed(own_broker, outputs[0])), time.monotonic() + LIMIT_S
        while total(committed(own_broker, outputs[0])) == before and time.monotonic() < end:
            assert program.process.poll() is None, program.log.read_text()
            time.sleep(0.2)
        time.sleep(random.random())
        program.kill()
        program.start()
        time.sleep(random.random() * 3)
        if not AGAINST_KAFKA:  # its clients would be told that their topics are not known
            own_broker.kill_and_start()
    feeding.join(LIMIT_S)
    end = time.monotonic() + LIMIT_S
    found = []
    while time.monotonic() < end:
        found = [committed(own_broker, output) for output in outputs]
        if all(total(one) >= 3 * LINES for one in found):
            break
        assert program.process.poll() is None, program.log.read_text()
        time.sleep(0.2)
    for one, counts in zip(found, wanted):
        assert one == {key: list(range(1, count + 1)) for key, count in counts.items()}, (
            program.log.read_text()[-4000:])
