"""The servers that bench/kafka.py measures: each starts on a free port of loopback with its data in
a folder of its own, tells what it used of the machine, and stops."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
READY = re.compile(rb"^ready .*\bkafka=(\S+)", re.MULTILINE)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process with a Kafka port. `name` stands in the results."""

    name = ""
    topic_settings = {}

    def __init__(self, folder):
        self.folder = Path(folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.process = None
        self.brokers = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def cpu_s(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def _memory_mb(self, name):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", status).group(1)) / 1024

    def resident_mb(self):
        return self._memory_mb("VmRSS")

    def resident_mb_max(self):
        return self._memory_mb("VmHWM")

    def admin(self):
        return AdminClient({"bootstrap.servers": self.brokers, "socket.timeout.ms": 120_000})

    def make_topics(self, topics):
        """Makes {name: partitions}, a few hundred partitions a request."""
        admin, waiting, count = self.admin(), [], 0
        for name, partitions in [*topics.items(), (None, 0)]:
            if name is None or count + partitions > 500:
                for made in admin.create_topics(waiting, operation_timeout=100).values():
                    made.result()
                waiting, count = [], 0
            if name is not None:
                waiting.append(NewTopic(name, partitions, 1, config=self.topic_settings))
                count += partitions

    def remove_topic(self, name):
        admin = self.admin()  # it must outlive its answers
        for removed in admin.delete_topics([name]).values():
            removed.result()

    def answers(self):
        """The partitions that a client sees, or None: nobody answers yet."""
        try:
            topics = self.admin().list_topics(timeout=2).topics
        except KafkaException:
            return None
        return sum(len(topic.partitions) for topic in topics.values())

    def stop(self):
        self._end(signal.SIGTERM)

    def kill(self):
        self._end(signal.SIGKILL)

    def _end(self, with_signal):
        if self.process is not None:
            self.process.send_signal(with_signal)
            self.process.wait(120)
            self.process = None


class Millrace(Server):
    name = "millrace"

    def __init__(self, folder, program):
        super().__init__(folder)
        self.program = program

    def start(self):
        """Returns the seconds until it was ready."""
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "server", "--data", str(self.folder / "data"), "--listen",
                 "kafka=127.0.0.1:0", "--listen", "http=off"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        output = b""
        while not (ready := READY.search(output)):
            part = os.read(self.process.stdout.fileno(), 4096)
            if not part:
                raise SystemExit(f"{self.program} did not start, see {self.folder}/log")
            output += part
        self.brokers = ready.group(1).decode()
        return time.monotonic() - began


class ApacheKafka(Server):
    """One KRaft node with its defaults, a heap of 2 GiB. `fsync`: topics with flush.messages=1."""

    def __init__(self, folder, jars, fsync):
        super().__init__(folder)
        self.name = "kafka, fsync" if fsync else "kafka"
        self.topic_settings = {"flush.messages": "1"} if fsync else {}
        self.java = ["java", "-Xms2g", "-Xmx2g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-cp",
                     f"{jars}/*"]
        self.properties = self.folder / "server.properties"
        ports = free_port(), free_port()
        self.brokers = f"127.0.0.1:{ports[0]}"
        self.properties.write_text("\n".join([
            "process.roles=broker,controller", "node.id=1",
            f"controller.quorum.voters=1@127.0.0.1:{ports[1]}",
            f"listeners=PLAINTEXT://127.0.0.1:{ports[0]},CONTROLLER://127.0.0.1:{ports[1]}",
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{ports[0]}",
            "controller.listener.names=CONTROLLER", f"log.dirs={self.folder}/data",
            "offsets.topic.replication.factor=1", "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1", "group.initial.rebalance.delay.ms=0", ""]))
        self._run("kafka.tools.StorageTool", "format", "-t", "bWlsbHJhY2UtYmVuY2gwMA", "-c",
                  str(self.properties))

    def _run(self, *arguments):
        done = subprocess.run([*self.java, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"Apache Kafka could not be set up: {done.stdout}{done.stderr}")

    def start(self):
        """Returns the seconds until it answered."""
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([*self.java, "kafka.Kafka", str(self.properties)],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() - began < 180:
            if self.process.poll() is not None:
                break
            with socket.socket() as probe:
                host, port = self.brokers.split(":")
                if probe.connect_ex((host, int(port))) == 0 and self.answers() is not None:
                    return time.monotonic() - began
            time.sleep(0.02)
        raise SystemExit(f"Apache Kafka did not start, see {self.folder}/log")
