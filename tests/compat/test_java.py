"""Kafka's own client, kafka-clients for Java: each scenario of java/Scenarios.java."""

import shutil
import subprocess

import pytest

from broker_process import ROOT

BUILT = ROOT / "build/compat/java"
TRANSACTIONS = ("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit",
                "EndTxn")

pytestmark = [
    pytest.mark.skipif(
        shutil.which("java") is None or not (BUILT / "classes/Scenarios.class").is_file(),
        reason="no JDK with Maven, or kafka-clients could not be fetched"),
    pytest.mark.needs("InitProducerId")]  # this producer is idempotent unless told otherwise


@pytest.mark.parametrize("scenario", [
    "codecs", "idempotence", "withoutIdempotence", "limits",
    pytest.param("offsets", marks=pytest.mark.needs("CreateTopics")),
    pytest.param("range", marks=pytest.mark.needs("CreateTopics", "DeleteGroups")),
    pytest.param("cooperative", marks=pytest.mark.needs("CreateTopics", "DeleteGroups")),
    pytest.param("administration", marks=pytest.mark.needs(
        "CreateTopics", "DeleteTopics", "CreatePartitions", "IncrementalAlterConfigs",
        "DescribeConfigs")),
    pytest.param("deleteRecords", marks=pytest.mark.needs("DeleteRecords")),
    pytest.param("transactions", marks=pytest.mark.needs(*TRANSACTIONS)),
    pytest.param("transactionEpochs", marks=pytest.mark.needs(*TRANSACTIONS, "DescribeProducers"))])
def test_kafka_clients(broker, topic, scenario):
    command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
               "-cp", f"{BUILT}/classes:{BUILT}/lib/*", "Scenarios", broker.bootstrap, scenario,
               topic]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
