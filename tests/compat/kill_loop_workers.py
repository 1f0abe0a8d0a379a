"""The clients that work while their server is killed, and what they remember: see kill_loop.py."""

import random
import threading
import time
import traceback
from collections import defaultdict
from functools import partial

from confluent_kafka import (OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer,
                             TopicPartition)

PARTITIONS = 3
PLAIN, LEDGER = "plain", "ledger"
SOURCES = [PLAIN, LEDGER]
COPIES = {source: f"copied-{source}" for source in SOURCES}
PLACES = [(topic, p) for topic in SOURCES for p in range(PARTITIONS)]

CALL_S = 40  # within which a server that was killed is back, whatever was asked of it
TRY_S = 4  # after which a client is asked again; some hang when a produce fails while they abort
SETTLE_S = 90  # within which everything that was begun is ended, once the server stays
ABANDONED_TIMEOUT_MS = 2000

CLIENT = {"reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 100, "log_level": 0,
          "topic.metadata.refresh.interval.ms": 2000}
PRODUCER = {**CLIENT, "linger.ms": 2, "retry.backoff.ms": 20}
CONSUMER = {**CLIENT, "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 50, "session.timeout.ms": 6000, "heartbeat.interval.ms": 500}

NOISE = random.Random(1).randbytes(1 << 16)


def value_of(sender, number):
    """A name, a number, and bytes that follow from the number."""
    start = number * 7919 % (len(NOISE) - 3000)
    length = (40, 300, 3000)[number % 3] * (number % 17) // 17
    return b"%s:%d:" % (sender.encode(), number) + NOISE[start:start + length]


def name_and_number(value):
    name, number, _ = value.split(b":", 2)
    return name.decode(), int(number)


def retried(call, *arguments):
    """Calls again while the answer is an error that passes."""
    end = time.monotonic() + CALL_S
    while True:
        try:
            return call(*arguments)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                raise
            time.sleep(0.02)


class Run:
    """What the workers of one run share."""

    def __init__(self, bootstrap, seed):
        self.bootstrap = bootstrap
        self.seed = seed
        self.lock = threading.Lock()
        self.violations = []
        self.producing = threading.Event()
        self.consuming = threading.Event()
        self.producing.set()
        self.consuming.set()

    def violation(self, text):
        with self.lock:
            self.violations.append(text)

    def client(self, kind, base, **settings):
        return kind({"bootstrap.servers": self.bootstrap, **base,
                     **{k.replace("_", "."): v for k, v in settings.items()}})


class Worker(threading.Thread):
    """Works while its event is set. An error that it does not expect is a violation."""

    def __init__(self, run, name, going):
        super().__init__(name=name, daemon=True)
        self.world = run
        self.going = going
        self.random = random.Random(f"{run.seed} {name}")

    def run(self):
        try:
            self.work()
        except Exception:  # pylint: disable=broad-except
            self.world.violation(f"{self.name} ended with {traceback.format_exc()}")

    def work(self):
        raise NotImplementedError


class Sender(Worker):
    """An idempotent producer; each of its records must be acknowledged."""

    def __init__(self, run, name):
        super().__init__(run, name, run.producing)
        self.sent = [0] * PARTITIONS
        self.places = [[] for _ in range(PARTITIONS)]  # [(number, offset)] in order of the answers

    def work(self):
        client = self.world.client(Producer, PRODUCER, enable_idempotence=True, acks="all",
                                   message_timeout_ms=120_000,
                                   compression_type=self.random.choice(["none", "lz4", "zstd"]))
        while self.going.is_set():
            for _ in range(self.random.randrange(1, 40)):
                self.send(client, self.random.randrange(PARTITIONS))
            client.poll(self.random.uniform(0, 0.04))
        if left := client.flush(SETTLE_S):
            self.world.violation(f"{self.name}: {left} records are never acknowledged")

    def send(self, client, place):
        number = self.sent[place]
        client.produce(PLAIN, value_of(self.name, number), partition=place,
                       on_delivery=partial(self.delivered, place, number))
        self.sent[place] = number + 1

    def delivered(self, place, number, error, message):
        if error is None:
            self.places[place].append((number, message.offset()))
        else:
            self.world.violation(f"{self.name}: {PLAIN}-{place} number {number}: {error}")


class Ledger(Worker):
    """Transactions that commit or abort; their outcomes are kept."""

    def __init__(self, run, name):
        super().__init__(run, name, run.producing)
        self.number = 0
        self.outcomes = {}  # transaction -> "committed", "aborted", "unknown"
        self.rows = {}  # transaction -> [(partition, number of the record)]

    def work(self):
        while self.going.is_set():
            client = self.world.client(Producer, PRODUCER, transactional_id=self.name,
                                       transaction_timeout_ms=60_000)
            try:
                retried(client.init_transactions, TRY_S)
                while self.going.is_set():
                    self.transaction(client)
            except KafkaException as error:
                if error.args[0].code() == KafkaError._TIMED_OUT:
                    self.world.violation(f"{self.name}: {error}")

    def transaction(self, client):
        which = len(self.rows)
        self.rows[which] = rows = []
        self.outcomes[which] = "unknown"
        wish = "abort" if self.random.random() < 0.3 else "commit"
        client.begin_transaction()
        for _ in range(self.random.choice([1, 3, 30])):
            rows.append((self.random.randrange(PARTITIONS), self.number))
            client.produce(LEDGER, value_of(self.name, self.number), partition=rows[-1][0])
            self.number += 1
        if self.random.random() < 0.3:
            client.flush(CALL_S)
        client.poll(self.random.uniform(0, 0.02))
        try:
            retried(getattr(client, f"{wish}_transaction"), TRY_S)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            retried(client.abort_transaction, TRY_S)
            wish = "abort"
        self.outcomes[which] = {"abort": "aborted", "commit": "committed"}[wish]


class Abandoner(Worker):
    """Leaves transactions open, as a program that dies does."""

    def __init__(self, run, name):
        super().__init__(run, name, run.producing)
        self.left = 0

    def work(self):
        while self.going.is_set():
            client = self.world.client(Producer, PRODUCER,
                                       transactional_id=f"{self.name}-{self.left}",
                                       transaction_timeout_ms=ABANDONED_TIMEOUT_MS)
            self.left += 1
            try:
                client.init_transactions(CALL_S)
                client.begin_transaction()
                for place in range(PARTITIONS):
                    client.produce(LEDGER, value_of(self.name, self.left), partition=place)
                client.flush(self.random.choice([0.001, 5]))
            except KafkaException:
                pass  # whatever became of it, it is never committed
            del client
            time.sleep(self.random.uniform(0.2, 1.5))


class Floors:
    """Per partition, the highest position of a group whose commit was acknowledged."""

    def __init__(self, run, group):
        self.run = run
        self.group = group
        self.lock = threading.Lock()
        self.floors = {}

    def raise_to(self, positions):
        with self.lock:
            for place, offset in positions.items():
                self.floors[place] = max(offset, self.floors.get(place, 0))

    def snapshot(self):
        with self.lock:
            return dict(self.floors)

    def check(self, client, places):
        """The committed positions of these places, none of which may be behind its floor."""
        floors = self.snapshot()
        found = {(one.topic, one.partition): one.offset for one in
                 retried(client.committed, [TopicPartition(*place) for place in places], TRY_S)}
        for place, offset in found.items():
            if offset < floors.get(place, -1001):
                self.run.violation(f"{self.group}: {place} is back at {offset}, "
                                   f"{floors[place]} was acknowledged")
        return found


class Member(Worker):
    """A member of a group. `batch` is what it read since its last step; it is forgotten when
    partitions are taken away."""

    def __init__(self, run, name, floors):
        super().__init__(run, name, run.consuming)
        self.floors = floors
        self.batch = []

    def consumer(self):
        client = self.world.client(Consumer, CONSUMER, group_id=self.floors.group,
                                   isolation_level="read_committed")
        client.subscribe(SOURCES, on_assign=self.assigned, on_revoke=self.revoked,
                         on_lost=self.revoked)
        return client

    def assigned(self, client, places):
        try:
            self.floors.check(client, [(one.topic, one.partition) for one in places])
        except KafkaException as error:
            self.world.violation(f"{self.name}: positions cannot be had: {error}")

    def revoked(self, _client, _places):
        self.batch.clear()

    def fill(self, client):
        self.batch.clear()
        end = time.monotonic() + 0.1
        while len(self.batch) < 200 and time.monotonic() < end:
            message = client.poll(0.02)
            if message is not None and message.error() is None:
                self.batch.append(message)
        return self.batch

    @staticmethod
    def positions(messages):
        return {(m.topic(), m.partition()): m.offset() + 1 for m in messages}


class Watcher(Member):
    """Reads, and commits its positions now and then; it leaves its group, and joins it again."""

    def __init__(self, run, name, floors):
        super().__init__(run, name, floors)
        self.seen = []  # per assignment: {place: [offsets]}

    def assigned(self, client, places):
        super().assigned(client, places)
        self.seen.append(defaultdict(list))

    def work(self):
        while self.going.is_set():
            self.stay(self.random.uniform(2, 20))

    def stay(self, seconds):
        client, end = self.consumer(), time.monotonic() + seconds
        while self.going.is_set() and time.monotonic() < end:
            for message in self.fill(client):
                self.seen[-1][message.topic(), message.partition()].append(message.offset())
            if self.batch and self.random.random() < 0.5:
                self.commit(client, self.positions(self.batch))
        client.close()

    def commit(self, client, positions):
        offsets = [TopicPartition(*place, offset) for place, offset in positions.items()]
        try:
            done = client.commit(offsets=offsets, asynchronous=False)
        except KafkaException:
            return  # not acknowledged
        self.floors.raise_to({(one.topic, one.partition): one.offset for one in done
                              if one.error is None})


class Copier(Member):
    """Reads, writes and commits its positions in transactions."""

    def work(self):
        while self.going.is_set():
            consumer, producer = self.consumer(), self.world.client(
                Producer, PRODUCER, transactional_id=self.name, transaction_timeout_ms=10_000)
            try:
                retried(producer.init_transactions, TRY_S)
                while self.going.is_set():
                    if messages := list(self.fill(consumer)):
                        self.copy(consumer, producer, messages)
            except KafkaException as error:
                if error.args[0].code() == KafkaError._TIMED_OUT:
                    self.world.violation(f"{self.name}: {error}")
            consumer.close()

    def copy(self, consumer, producer, messages):
        positions = self.positions(messages)
        producer.begin_transaction()
        try:
            for message in messages:
                producer.produce(COPIES[message.topic()], message.value(),
                                 b"%d" % message.offset(), message.partition())
            retried(producer.send_offsets_to_transaction,
                    [TopicPartition(*place, offset) for place, offset in positions.items()],
                    consumer.consumer_group_metadata(), TRY_S)
            if self.random.random() > 0.1:
                retried(producer.commit_transaction, TRY_S)
                self.floors.raise_to(positions)
                return
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
        retried(producer.abort_transaction, TRY_S)
        owned = [(one.topic, one.partition) for one in consumer.assignment()]
        for place, offset in self.floors.check(consumer, owned).items():
            consumer.seek(TopicPartition(*place, offset if offset >= 0 else OFFSET_BEGINNING))


class Auditor(Worker):
    """Reads everything, uncommitted records too: what was served once must be there at the end."""

    def __init__(self, run, name):
        super().__init__(run, name, run.consuming)
        self.seen = defaultdict(dict)

    def work(self):
        client = self.world.client(Consumer, CONSUMER, group_id=self.name,
                                   auto_offset_reset="error")
        client.assign([TopicPartition(*place, 0) for place in PLACES])
        while self.going.is_set():
            message = client.poll(0.1)
            if message is None:
                continue
            if message.error() is None:
                offsets = self.seen[message.topic(), message.partition()]
                if message.offset() in offsets:
                    self.world.violation(f"{self.name} sees {message.offset()} twice")
                offsets[message.offset()] = hash(message.value())
            elif not message.error().retriable():
                raise KafkaException(message.error())
        client.close()
