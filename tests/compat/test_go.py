"""franz-go and sarama, the clients of Go: each scenario of go/franz.go and go/sarama.go."""

import subprocess

import pytest

from broker_process import ROOT

PROGRAM = ROOT / "build/compat/go/clients"
TRANSACTIONS = ("InitProducerId", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit",
                "EndTxn", "ListTransactions")

pytestmark = pytest.mark.skipif(not PROGRAM.is_file(),
                                reason="no Go toolchain, or its modules could not be fetched")


@pytest.mark.parametrize("client", ["franz", "sarama"])
@pytest.mark.parametrize("scenario", [
    "codecs", "acknowledgements", "offsets", "errors", "range", "roundrobin", "sticky",
    "cooperative",
    pytest.param("idempotence", marks=pytest.mark.needs("InitProducerId")),
    pytest.param("administration", marks=pytest.mark.needs("DeleteRecords")),
    pytest.param("transactions", marks=pytest.mark.needs(*TRANSACTIONS))])
def test_go(broker, topic, client, scenario):
    if (client, scenario) == ("sarama", "cooperative"):
        pytest.skip("sarama has no cooperative assignor")
    done = subprocess.run([str(PROGRAM), client, scenario, broker.bootstrap, topic],
                          capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
