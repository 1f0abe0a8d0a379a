"""Clients at work while their server is killed again and again, and what must hold afterwards:

- every acknowledged record is there once, in order; so is every record that any reader saw;
- a transaction is seen whole or not at all: committed ones are, aborted and abandoned ones are not;
- what is copied in transactions, with the positions of its group, is copied exactly once;
- positions of a group never fall behind what was acknowledged, and its members miss nothing;
- no transaction stays open.

usage: kill_loop.py FOLDER [--kills N] [--seed N]
"""

import argparse
import random
import sys
import threading
import time
import traceback
from collections import defaultdict
from functools import partial
from pathlib import Path

from confluent_kafka import (OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer,
                             TopicPartition)
from confluent_kafka.admin import AdminClient, NewTopic

import wire
from broker_process import Broker

PARTITIONS = 3
PLAIN, LEDGER = "plain", "ledger"
SOURCES = [PLAIN, LEDGER]
COPIES = {source: f"copied-{source}" for source in SOURCES}
PLACES = [(topic, p) for topic in SOURCES for p in range(PARTITIONS)]

CALL_S = 30  # within which a server that was killed is back, whatever was asked of it
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
        client = None
        while self.going.is_set():
            try:
                if client is None:
                    client = self.world.client(
                        Producer, PRODUCER, transactional_id=self.name,
                        transaction_timeout_ms=60_000)
                    retried(client.init_transactions, CALL_S)
                self.transaction(client)
            except KafkaException as error:
                if error.args[0].code() == KafkaError._TIMED_OUT:
                    self.world.violation(f"{self.name}: {error}")
                client = None

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
            retried(getattr(client, f"{wish}_transaction"), CALL_S)
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            retried(client.abort_transaction, CALL_S)
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
                 retried(client.committed, [TopicPartition(*place) for place in places], CALL_S)}
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
    """Reads, and commits its positions now and then."""

    def __init__(self, run, name, floors):
        super().__init__(run, name, floors)
        self.seen = []  # per assignment: {place: [offsets]}

    def assigned(self, client, places):
        super().assigned(client, places)
        self.seen.append(defaultdict(list))

    def work(self):
        client = self.consumer()
        while self.going.is_set():
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
                retried(producer.init_transactions, CALL_S)
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
                    consumer.consumer_group_metadata(), CALL_S)
            if self.random.random() > 0.1:
                retried(producer.commit_transaction, CALL_S)
                self.floors.raise_to(positions)
                return
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
        retried(producer.abort_transaction, CALL_S)
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


def read_all(run, topics, isolation):
    """{(topic, partition): {offset: message}} up to the end that such a reader sees."""
    client = run.client(Consumer, CONSUMER, group_id="reader", isolation_level=isolation,
                        enable_partition_eof=True)
    places = [(topic, p) for topic in topics for p in range(PARTITIONS)]
    client.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in places])
    found, waiting = {place: {} for place in places}, set(places)
    end = time.monotonic() + SETTLE_S
    while waiting and time.monotonic() < end:
        message = client.poll(0.2)
        if message is None:
            continue
        place = message.topic(), message.partition()
        if message.error() is None:
            found[place][message.offset()] = message
        elif message.error().code() == KafkaError._PARTITION_EOF:
            waiting.discard(place)
    client.close()
    if waiting:
        run.violation(f"{isolation}: the end of {sorted(waiting)} is never reached")
    return found


class KillLoop:
    """One run: `kill` as often as wished, then `finish`, which returns what was violated."""

    def __init__(self, broker, seed):
        self.broker = broker
        self.random = random.Random(seed)
        self.run = run = Run(broker.bootstrap, seed)
        self.watch, self.copy = Floors(run, "watch"), Floors(run, "copy")
        self.senders = [Sender(run, f"sender{n}") for n in range(2)]
        self.ledgers = [Ledger(run, f"ledger{n}") for n in range(2)]
        self.watchers = [Watcher(run, f"watcher{n}", self.watch) for n in range(2)]
        self.auditor = Auditor(run, "auditor")
        self.abandoner = Abandoner(run, "abandoner")
        self.copiers = [Copier(run, f"copier{n}", self.copy) for n in range(2)]
        self.producing = [*self.senders, *self.ledgers, self.abandoner]
        self.consuming = [*self.watchers, *self.copiers, self.auditor]

    def start(self):
        admin = AdminClient({"bootstrap.servers": self.run.bootstrap})
        topics = [NewTopic(topic, PARTITIONS, 1, config={"segment.bytes": str(1 << 20)})
                  for topic in [*SOURCES, *COPIES.values()]]
        for made in admin.create_topics(topics).values():
            made.result(CALL_S)
        for worker in [*self.producing, *self.consuming]:
            worker.start()

    def kill(self):
        """At a random moment of its work, or of its start; now and then it stops by itself."""
        time.sleep(self.random.choice([0.05, 0.5, 2]) * self.random.random())
        if self.random.random() < 0.1:
            self.broker.stop()
        else:
            self.broker.kill()
        while self.random.random() < 0.2:
            self.broker.launch()
            time.sleep(self.random.uniform(0, 0.2))
            self.broker.kill()
        self.broker.start()

    def finish(self):
        self.run.producing.clear()
        self.end(self.producing)
        self.check_transactions_end()
        visible = read_all(self.run, SOURCES, "read_committed")
        self.wait_for_copies(visible)
        self.run.consuming.clear()
        self.end(self.consuming)
        self.check_senders(visible)
        self.check_ledgers(visible)
        self.check_copies(visible)
        self.check_watchers(visible)
        self.check_auditor()
        return self.run.violations

    def end(self, workers):
        limit = time.monotonic() + SETTLE_S
        for worker in workers:
            worker.join(max(0, limit - time.monotonic()))
            if worker.is_alive():
                self.run.violation(f"{worker.name} does not end")

    def check_transactions_end(self):
        limit = time.monotonic() + SETTLE_S
        while time.monotonic() < limit:
            left = {place: ends for place in PLACES
                    if len(set(ends := wire.ends(self.run.bootstrap, *place))) > 1}
            open_ones = [one for one in wire.transactions(self.run.bootstrap)
                         if one.id.startswith((self.abandoner.name, "ledger"))
                         and one.state not in ("Empty", "CompleteCommit", "CompleteAbort")]
            if not left and not open_ones:
                return
            time.sleep(0.1)
        self.run.violation(f"open for ever: {open_ones}, stable and last offsets {left}")

    def wait_for_copies(self, visible):
        client = self.run.client(Consumer, CONSUMER, group_id=self.copy.group)
        last = {place: max(offsets) for place, offsets in visible.items() if offsets}
        limit = time.monotonic() + SETTLE_S
        while time.monotonic() < limit:
            found = self.copy.check(client, list(last))
            if all(found[place] > offset for place, offset in last.items()):
                break
            time.sleep(0.1)
        else:
            self.run.violation(f"the copiers do not come to the end: {found}, the end: {last}")
        client.close()

    def check_senders(self, visible):
        for sender in self.senders:
            for p in range(PARTITIONS):
                stored = [(number, offset, value_of(name, number) == message.value())
                          for offset, message in visible[PLAIN, p].items()
                          for name, number in [name_and_number(message.value())]
                          if name == sender.name]
                wanted = [(number, offset, True) for number, offset in sender.places[p]]
                if [number for number, _ in sender.places[p]] != list(range(sender.sent[p])):
                    self.run.violation(f"{sender.name}: {PLAIN}-{p} acknowledged out of order")
                if stored != wanted:
                    self.differ(f"{sender.name} {PLAIN}-{p}", stored, wanted)

    def check_ledgers(self, visible):
        names = {ledger.name for ledger in self.ledgers}
        for place in PLACES:
            for offset, message in visible[place].items():
                name = name_and_number(message.value())[0]
                if place[0] == LEDGER and name not in names:
                    self.run.violation(f"{place} {offset}: {name} never committed")
        for ledger in self.ledgers:
            self.check_ledger(ledger, visible)

    def check_ledger(self, ledger, visible):
        stored = [[number for message in visible[LEDGER, p].values()
                   for name, number in [name_and_number(message.value())]
                   if name == ledger.name and value_of(name, number) == message.value()]
                  for p in range(PARTITIONS)]
        there = {number for numbers in stored for number in numbers}
        wanted = [[] for _ in range(PARTITIONS)]
        for which, rows in ledger.rows.items():
            outcome = ledger.outcomes[which]
            seen = sum(number in there for _, number in rows)
            if outcome == "unknown" and seen not in (0, len(rows)):
                self.run.violation(f"{ledger.name} {which}: {seen} of {len(rows)} are seen")
            if outcome == "committed" or (outcome == "unknown" and seen):
                for p, number in rows:
                    wanted[p].append(number)
        for p in range(PARTITIONS):
            if stored[p] != wanted[p]:
                self.differ(f"{ledger.name} {LEDGER}-{p}", stored[p], wanted[p])

    def check_copies(self, visible):
        copied = read_all(self.run, COPIES.values(), "read_committed")
        for (topic, p), messages in visible.items():
            stored = [(int(m.key()), m.value()) for m in copied[COPIES[topic], p].values()]
            wanted = [(offset, m.value()) for offset, m in messages.items()]
            if stored != wanted:
                self.differ(f"copies of {topic}-{p}", stored, wanted)

    def check_watchers(self, visible):
        for watcher in self.watchers:
            for assignment in watcher.seen:
                for place, seen in assignment.items():
                    wanted = [offset for offset in visible[place] if seen[0] <= offset <= seen[-1]]
                    if seen != wanted:
                        self.differ(f"{watcher.name} {place}", seen, wanted)

    def check_auditor(self):
        stored = read_all(self.run, SOURCES, "read_uncommitted")
        for place, seen in self.auditor.seen.items():
            for offset, digest in seen.items():
                message = stored[place].get(offset)
                if message is None or hash(message.value()) != digest:
                    self.run.violation(f"{place} {offset} was served, and is not there any more")

    def differ(self, what, found, wanted):
        pairs = zip(found, wanted)
        at = next((n for n, (one, other) in enumerate(pairs) if one != other),
                  min(len(found), len(wanted)))

        def around(rows):
            return [str(row)[:80] for row in rows[max(0, at - 2):at + 3]]

        self.run.violation(f"{what}: {len(found)} of {len(wanted)}, they differ at {at}: found "
                           f"{around(found)}, wanted {around(wanted)}")

    def summary(self):
        outcomes = defaultdict(int)
        for ledger in self.ledgers:
            for outcome in ledger.outcomes.values():
                outcomes[outcome] += 1
        return {"records": sum(map(sum, (sender.sent for sender in self.senders))),
                "transactions": dict(outcomes), "abandoned": self.abandoner.left,
                "seen": sum(map(len, self.auditor.seen.values())),
                "assignments": sum(len(watcher.seen) for watcher in self.watchers)}


def run_kill_loop(broker, kills, seed, told=None):
    loop = KillLoop(broker, seed)
    loop.start()
    for at in range(kills):
        loop.kill()
        if loop.run.violations:
            break
        if told:
            told(at + 1, loop)
    return loop, loop.finish()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    args = parser.parse_args()
    seed = args.seed if args.seed is not None else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    args.folder.mkdir(parents=True)
    broker = Broker(args.folder).start()

    def told(at, loop):
        if at % 10 == 0:
            print(at, loop.summary(), flush=True)

    loop, violations = run_kill_loop(broker, args.kills, seed, told)
    print(loop.summary(), *violations, sep="\n")
    broker.stop()
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
