"""The server is killed again and again under the hands of its clients: see kill_loop.py."""

import os
import random

import pytest

from kill_loop import run_kill_loop

KILLS = 200 if os.environ.get("MILLRACE_TEST_DEPTH") == "full" else 5


@pytest.mark.millrace_only("Apache Kafka takes longer to start again than is left here")
@pytest.mark.needs("AddPartitionsToTxn", "ListTransactions")
def test_nothing_is_lost_doubled_or_left_open_when_the_server_is_killed(own_broker):
    seed = random.randrange(1 << 32)
    loop, violations = run_kill_loop(own_broker, KILLS, seed)
    assert not violations, (seed, loop.summary(), violations[:10])
    assert loop.summary()["records"] > 100 and loop.summary()["transactions"]["committed"] > 10
