"""Kafka's own command-line tools, which run one after the other in one Java machine."""

import base64
import subprocess
from collections import namedtuple

from broker_process import JAVA

TOOLS = {
    "topics": "org.apache.kafka.tools.TopicCommand",
    "configs": "kafka.admin.ConfigCommand",
    "consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "console-producer": "org.apache.kafka.tools.ConsoleProducer",
    "console-consumer": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "transactions": "org.apache.kafka.tools.TransactionsCommand",
    "log-dirs": "org.apache.kafka.tools.LogDirsCommand",
    "get-offsets": "org.apache.kafka.tools.GetOffsetShell",
    "delete-records": "org.apache.kafka.tools.DeleteRecordsCommand",
    "producer-perf-test": "org.apache.kafka.tools.ProducerPerformance",
    "metadata-quorum": "org.apache.kafka.tools.MetadataQuorumCommand",
    "features": "org.apache.kafka.tools.FeatureCommand",
    "broker-api-versions": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "leader-election": "org.apache.kafka.tools.LeaderElectionCommand",
    "reassign-partitions": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
}
JVM = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
       "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]

Done = namedtuple("Done", "code out err")


def is_there():
    return (JAVA / "classes/Tools.class").is_file()


class Tools:
    """Runs `TOOL --bootstrap-server … ARGUMENTS`, one command at a time."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.process = subprocess.Popen(
            [*JVM, "-cp", f"{JAVA}/classes:{JAVA}/lib/*", "Tools"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)

    def run(self, tool, *arguments, given=""):
        words = [TOOLS[tool], given, "--bootstrap-server", self.bootstrap, *arguments]
        line = " ".join(base64.b64encode(word.encode()).decode() for word in words)
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        code, out, err = self.process.stdout.readline().decode().rstrip("\n").split(" ")
        return Done(int(code), *(base64.b64decode(text).decode() for text in (out, err)))

    def say(self, tool, *arguments, given=""):
        """What a tool that must succeed prints."""
        done = self.run(tool, *arguments, given=given)
        assert done.code == 0, f"{tool} {arguments}: {done.out}\n{done.err}"
        return done.out
