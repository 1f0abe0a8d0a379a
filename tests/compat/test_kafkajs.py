"""kafkajs, the client of Node.js: each scenario of kafkajs/scenarios.js."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from broker_process import ROOT

SCENARIOS = Path(__file__).parent / "kafkajs/scenarios.js"
MODULES = ROOT / "build/compat/kafkajs/node_modules"
TRANSACTIONS = ("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit",
                "EndTxn")

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "kafkajs").is_dir(),
    reason="no Node.js, or kafkajs could not be installed")


@pytest.mark.parametrize("scenario", [
    "bytes", "bytes_gzip", "acknowledgements", "too_large",
    pytest.param("offsets", marks=pytest.mark.needs("CreateTopics")),
    pytest.param("group_members", marks=pytest.mark.needs("CreateTopics", "DeleteGroups")),
    pytest.param("administration", marks=pytest.mark.needs(
        "CreateTopics", "DeleteTopics", "CreatePartitions", "AlterConfigs", "DescribeConfigs")),
    pytest.param("delete_records", marks=pytest.mark.needs("DeleteRecords")),
    pytest.param("idempotence", marks=pytest.mark.needs("InitProducerId")),
    pytest.param("transactions", marks=pytest.mark.needs(*TRANSACTIONS))])
def test_kafkajs(broker, topic, scenario):
    done = subprocess.run(["node", str(SCENARIOS), broker.bootstrap, scenario, topic],
                          env={**os.environ, "NODE_PATH": str(MODULES),
                               "KAFKAJS_NO_PARTITIONER_WARNING": "1"},
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
