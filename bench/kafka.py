#!/usr/bin/env python3
"""Measures Millrace as a Kafka broker with an independent client (librdkafka), and beside it, in
the same run on the same machine, Apache Kafka where Java and Maven are present.

usage: bench/kafka.py [--runs N] [--scale X] [--peer] [--only CASE...] [--list]

Prints a line of JSON for each run, and a table of the medians at the end (on stderr). Client and
server share the machine. acks=all: Millrace has synced what it acknowledges to disk; Apache Kafka
has it in the page cache, or synced too in the column "kafka, fsync". Nothing else should run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from brokers import ROOT, ApacheKafka, Millrace

BUILD = ROOT / "build" / "bench"


class Case:
    """A load, with the figures of its result that the table shows."""

    def __init__(self, name, mode, figures, topic="load", partitions=1, fill=None, **arguments):
        self.name, self.mode, self.figures = name, mode, figures
        self.partitions, self.arguments = partitions, arguments
        self.fill = fill  # arguments of a `produce` that comes first, not measured

    def run(self, server, load, scale):
        topic = f"{self.name}-{time.monotonic_ns()}"
        server.make_topics({topic: self.partitions})
        if self.fill:
            load("produce", server.brokers, topic, partitions=self.partitions,
                 **scaled(self.fill, scale))
        before = server.cpu_s()
        result = load(self.mode, server.brokers, topic, partitions=self.partitions,
                      **scaled(self.arguments, scale))
        cpu_s = server.cpu_s() - before
        result["broker_cpu_s"] = round(cpu_s, 3)
        if cpu_s > 0:
            result["records_per_broker_cpu_s"] = round(result["records"] / cpu_s)
            result["mb_per_broker_cpu_s"] = round(
                result["records"] * result["bytes"] / 1e6 / cpu_s, 1)
        result["broker_resident_mb"] = round(server.resident_mb(), 1)
        result["broker_resident_mb_max"] = round(server.resident_mb_max(), 1)
        server.remove_topic(topic)
        return result


def scaled(arguments, scale):
    return {name: max(1, round(value * scale)) if name in ("count", "seconds") else value
            for name, value in arguments.items()}


THROUGHPUT = ["records_per_s", "mb_per_s", "records_per_broker_cpu_s", "mb_per_broker_cpu_s"]
LATENCY = ["latency_ms.p50", "latency_ms.p99", "latency_ms.p999", "latency_ms.max"]
IDEMPOTENT = {"client.enable.idempotence": "true"}
SMALL, LARGE = {"count": 5_000_000, "bytes": 100}, {"count": 1_000_000, "bytes": 1024}
TRANSACTIONS = {"count": 100, "bytes": 100, "seconds": 10}

CASES = [
    Case("produce-100", "produce", THROUGHPUT, **SMALL),
    Case("produce-100-p6", "produce", THROUGHPUT, partitions=6, **SMALL),
    Case("produce-100-idempotent", "produce", THROUGHPUT, **SMALL, **IDEMPOTENT),
    Case("produce-100-idempotent-p6", "produce", THROUGHPUT, partitions=6, **SMALL, **IDEMPOTENT),
    Case("produce-1k", "produce", THROUGHPUT, **LARGE),
    Case("produce-1k-p6", "produce", THROUGHPUT, partitions=6, **LARGE),
    Case("produce-1k-idempotent", "produce", THROUGHPUT, **LARGE, **IDEMPOTENT),
    Case("produce-1k-idempotent-p6", "produce", THROUGHPUT, partitions=6, **LARGE, **IDEMPOTENT),
    Case("consume-100", "consume", THROUGHPUT, fill=SMALL, **SMALL),
    Case("consume-1k", "consume", THROUGHPUT, fill=LARGE, **LARGE),
    Case("latency-20000-1k", "latency", LATENCY, rate=20_000, bytes=1024, seconds=20,
         **{"client.linger.ms": "0"}),
    Case("latency-50000-100", "latency", LATENCY, rate=50_000, bytes=100, seconds=20,
         **{"client.linger.ms": "5"}),
    Case("transactions-100", "transactions", ["transactions_per_s", *LATENCY[:2]],
         **TRANSACTIONS, **{"client.linger.ms": "0"}),
]


def build_load():
    program = ROOT / "build/release/kafka_load"
    BUILD.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(ROOT / "dev"), "build", "kafka_load"], check=True, stdout=sys.stderr)

    def load(mode, brokers, topic, **arguments):
        done = subprocess.run([str(program), mode, brokers, topic,
                               *(f"{name}={value}" for name, value in arguments.items())],
                              capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            raise SystemExit(f"{mode} of {topic} at {brokers}: {done.stderr}")
        return json.loads(done.stdout)

    return load


def fetch_kafka():
    """The folder of Apache Kafka's jars, fetched when they are missing."""
    jars = BUILD / "apache_kafka"
    if not jars.exists():
        subprocess.run(["mvn", "-q", "-B", "-f", str(ROOT / "bench/apache_kafka/pom.xml"),
                        "dependency:copy-dependencies", f"-DoutputDirectory={jars}.part"],
                       check=True)
        Path(f"{jars}.part").rename(jars)
    return jars


def makers(options):
    """What makes a server with an empty folder, for each that is to be measured."""
    yield lambda: Millrace(BUILD / "data", options.program)
    if options.peer:
        jars = fetch_kafka()
        yield lambda: ApacheKafka(BUILD / "data", jars, fsync=False)
        yield lambda: ApacheKafka(BUILD / "data", jars, fsync=True)


def figure(result, path):
    for part in path.split("."):
        result = result.get(part, {})
    return result


def measure(server, cases, load, options, report):
    report(server.name, "start", {"ready_s": round(server.start(), 3)})
    for case in cases:
        for _ in range(options.runs):
            report(server.name, case.name, case.run(server, load, options.scale))
    time.sleep(3)
    cpu_s = server.cpu_s()
    time.sleep(10)
    report(server.name, "idle", {"cpu_percent": round((server.cpu_s() - cpu_s) * 10, 2),
                                 "resident_mb": round(server.resident_mb(), 1)})
    server.stop()


def measure_start(server, partitions, report):
    """From the start of the process to its first answer, with so many partitions."""
    server.start()
    server.make_topics({f"t{i}": 10 for i in range(partitions // 10)})
    server.stop()
    name = f"start-{partitions}"
    report(server.name, name, {"after": "stop", "ready_s": round(server.start(), 3)})
    assert server.answers() >= partitions
    server.kill()
    report(server.name, f"{name}-killed", {"after": "kill", "ready_s": round(server.start(), 3)})
    assert server.answers() >= partitions
    server.stop()


def print_table(results, cases):
    names = list(dict.fromkeys(server for server, _ in results))
    figures = {case.name: case.figures for case in cases}
    print(f"\n{'':45}" + "".join(f"{name:>16}" for name in names), file=sys.stderr)
    for case in dict.fromkeys(case for _, case in results):
        shown = figures.get(case, ["ready_s", "cpu_percent", "resident_mb"])
        for path in shown:
            values = [[figure(run, path) for run in results.get((name, case), [])]
                      for name in names]
            values = [[v for v in runs if v != {}] for runs in values]
            if not any(values):
                continue
            row = "".join(f"{statistics.median(runs):>16,.6g}" if runs else f"{'':16}"
                          for runs in values)
            print(f"{case + ' ' + path:45}{row}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--program", default=str(ROOT / "build/release/millrace"))
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--scale", type=float, default=1, help="of counts and seconds")
    parser.add_argument("--peer", action="store_true", help="Apache Kafka, too")
    parser.add_argument("--starts", type=int, nargs="*", default=[], metavar="PARTITIONS",
                        help="measure the start with so many partitions, too")
    parser.add_argument("--only", nargs="+", choices=[case.name for case in CASES], metavar="CASE")
    parser.add_argument("--list", action="store_true", help="name the cases")
    options = parser.parse_args()
    if options.list:
        print("\n".join(case.name for case in CASES))
        return
    cases = [case for case in CASES if options.only is None or case.name in options.only]
    load, results = build_load(), {}

    def report(server, case, result):
        results.setdefault((server, case), []).append(result)
        print(json.dumps({"server": server, "case": case, **result, "machine":
                          f"{os.cpu_count()} cores"}), flush=True)

    for make in makers(options):
        with make() as server:
            measure(server, cases, load, options, report)
        for partitions in options.starts:
            with make() as server:
                measure_start(server, partitions, report)
    print_table(results, cases)


if __name__ == "__main__":
    main()
