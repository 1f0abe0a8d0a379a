"""A server that the tests start, stop, kill and start again: Millrace, or in its place Apache Kafka
(MILLRACE_COMPAT_AGAINST=kafka), which proves that the tests are right."""

import os
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

import wire

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(os.environ.get("MILLRACE", ROOT / "build/release/millrace")).resolve())
AGAINST_KAFKA = os.environ.get("MILLRACE_COMPAT_AGAINST") == "kafka"
JAVA = ROOT / "build/compat/java"
READY = re.compile(rb"^ready .*\bkafka=(\S+)", re.MULTILINE)
START_LIMIT_S = 30
STOP_LIMIT_S = 30

# Short times, so that tests of groups need not wait.
SETTINGS = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
}


class Server:
    """One server with its data in `folder`; it keeps its port over restarts. `advertise`: where
    clients are told to connect, if it is not there."""

    start_limit_s = START_LIMIT_S
    patience = 1  # how many times as long it takes to get to work as Millrace does

    def __init__(self, folder, advertise=None, **settings):
        self.folder = Path(folder)
        self.advertise = advertise
        self.settings = {**SETTINGS, **{k.replace("_", "."): v for k, v in settings.items()}}
        self.bootstrap = "127.0.0.1:0"
        self.process = None

    def command(self):
        raise NotImplementedError

    def await_ready(self):
        raise NotImplementedError

    def launch(self):
        """Starts the process, and does not wait until it serves."""
        assert self.process is None
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log)
        return self

    def start(self):
        self.launch()
        self.await_ready()
        return self

    def log(self):
        return (self.folder / "server.log").read_text(errors="replace")

    def stop(self):
        """A graceful stop, which must succeed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop in {STOP_LIMIT_S} s") from None
        self._forget()
        assert code in (0, 128 + signal.SIGTERM), f"exited with {code}\n{self.log()}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._forget()

    def _forget(self):
        self.process.stdout.close()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def kill_and_start(self):
        self.kill()
        self.start()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def served(self):
        """{API key: (lowest version, highest version)}, as the server says itself."""
        return wire.api_versions(self.bootstrap)


class Millrace(Server):
    """`millrace server`, which says on its standard output when it is ready, and where."""

    def command(self):
        command = [PROGRAM, "server", "--data", str(self.folder / "data"),
                   "--listen", f"kafka={self.bootstrap}", "--listen", "http=off"]
        if self.advertise:
            command += ["--advertise", self.advertise]
        for name, value in self.settings.items():
            command += ["--broker-set", f"{name}={value}"]
        return command

    def await_ready(self):
        output, pipe, end = b"", self.process.stdout, time.monotonic() + self.start_limit_s
        while time.monotonic() < end:
            if not select.select([pipe], [], [], 0.5)[0]:
                continue
            part = os.read(pipe.fileno(), 4096)
            output += part
            if ready := READY.search(output):
                self.bootstrap = ready.group(1).decode()
                return
            if not part:
                break
        raise AssertionError(f"the server did not become ready: {output!r}\n{self.log()}")


class ApacheKafka(Server):
    """One KRaft node, from its jars; controller and broker in one process."""

    start_limit_s = 120
    patience = 8
    java = ["java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            "-Xshare:auto", "-cp", f"{JAVA}/lib/*"]

    def __init__(self, folder, advertise=None, **settings):
        super().__init__(folder, advertise, **settings)
        ports = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{ports[0]}"
        self.properties = self.folder / "server.properties"
        rows = {
            "process.roles": "broker,controller", "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{ports[1]}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{ports[1]}",
            "advertised.listeners": f"PLAINTEXT://{advertise or self.bootstrap}",
            "controller.listener.names": "CONTROLLER", "log.dirs": f"{self.folder}/data",
            "offsets.topic.replication.factor": "1", "offsets.topic.num.partitions": "1",
            "transaction.state.log.replication.factor": "1", "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1", **self.settings}
        self.properties.write_text("".join(f"{name}={value}\n" for name, value in rows.items()))
        subprocess.run([*self.java, "kafka.tools.StorageTool", "format", "-t",
                        "bWlsbHJhY2UtdGVzdHMtMQ", "-c", str(self.properties)],
                       check=True, capture_output=True)

    def command(self):
        return [*self.java, "kafka.Kafka", str(self.properties)]

    def await_ready(self):
        host, port = self.bootstrap.split(":")
        end = time.monotonic() + self.start_limit_s
        while time.monotonic() < end and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return self.wake_coordinators()
            time.sleep(0.05)
        raise AssertionError(f"Apache Kafka did not become ready\n{self.log()}")


    def wake_coordinators(self):
        """The first who asks for one of them has its topic made, which takes a while."""
        names = {"bootstrap.servers": self.bootstrap, "group.id": "first", "log_level": 0}
        client = Consumer(names)
        client.committed([TopicPartition("first", 0)], self.start_limit_s)
        client.close()
        Producer({"bootstrap.servers": self.bootstrap, "transactional.id": "first",
                  "log_level": 0}).init_transactions(self.start_limit_s)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


Broker = ApacheKafka if AGAINST_KAFKA else Millrace
