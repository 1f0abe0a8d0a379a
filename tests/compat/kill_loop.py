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
import time
from collections import defaultdict
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

import wire
from broker_process import Broker
from kill_loop_workers import (CALL_S, CONSUMER, COPIES, LEDGER, PARTITIONS, PLACES, PLAIN,
                               SETTLE_S, SOURCES, Abandoner, Auditor, Copier, Floors, Ledger, Run,
                               Sender, Watcher, name_and_number, value_of)


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
        pause_s = self.random.choice([0.05, 0.5, 2]) * self.random.random()
        time.sleep(pause_s * self.broker.patience)
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
        """Until the copiers have come to the end; they have time as long as they go on."""
        client = self.run.client(Consumer, CONSUMER, group_id=self.copy.group)
        last = {place: max(offsets) for place, offsets in visible.items() if offsets}
        found, limit = {}, 0
        while True:
            before, found = found, self.copy.check(client, list(last))
            if all(found[place] > offset for place, offset in last.items()):
                break
            now = time.monotonic()
            limit = now + SETTLE_S if found != before else limit
            if now > limit:
                self.run.violation(f"the copiers stand still: {found}, the end: {last}")
                break
            time.sleep(0.1)
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
