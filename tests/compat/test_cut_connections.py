"""Connections that are cut in the midst of requests and of answers: what an idempotent producer
writes is there once and in order, a transaction is there as a whole or not at all."""

import random
import shutil
import subprocess

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

import test_go
import test_java
from broker_process import Broker
from cutting_proxy import CuttingProxy
from kill_loop_workers import value_of
from test_confluent_data import read
from test_confluent_transactions import committed_values

COUNT = 5000
CLIENT = {"linger.ms": 2, "batch.size": 16384, "retry.backoff.ms": 10, "reconnect.backoff.ms": 5,
          "reconnect.backoff.max.ms": 20, "log_level": 0}


class Cuts:
    """Cuts the first connections after some thousand bytes, or more, until it is over. A client
    that gets no answer to its very first request gives up."""

    bits_max = 18
    left = 40

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.over = False

    def __call__(self):
        self.left -= 1
        if self.over or self.left < 0:
            return None
        return int(2 ** self.random.uniform(10, self.bits_max))


@pytest.fixture
def cuts():
    return Cuts(random.randrange(1 << 32))


@pytest.fixture
def proxy(tmp_path, cuts):
    """In front of a server that sends all its clients to it."""
    made = CuttingProxy(cuts)
    broker = Broker(tmp_path, advertise=made.address).start()
    made.target, made.bootstrap = broker.bootstrap, made.address
    yield made
    made.close()
    broker.stop()


@pytest.mark.needs("InitProducerId")
@pytest.mark.parametrize("codec", ["none", "lz4"])
def test_an_idempotent_producer_writes_each_record_once(proxy, cuts, topic, codec):
    client = Producer({"bootstrap.servers": proxy.address, "enable.idempotence": True,
                       "compression.type": codec, **CLIENT})
    offsets, failed = [], []
    for at in range(COUNT):
        client.produce(topic, value_of("cut", at), on_delivery=lambda error, message: (
            failed.append(error) if error else offsets.append(message.offset())))
        client.poll(0.001 if at % 10 == 0 else 0)
    assert client.flush(60) == 0
    assert (failed, offsets) == ([], list(range(COUNT)))
    assert proxy.cuts > 1
    cuts.over = True
    found = read(proxy, topic, COUNT)
    assert [message.value() for message in found] == [value_of("cut", at) for at in range(COUNT)]


@pytest.mark.needs("AddPartitionsToTxn")
def test_a_transaction_is_there_as_a_whole_or_not_at_all(proxy, cuts, topic):
    client, wanted, cuts.bits_max, at = None, [], 15, 0
    while at < 100 or proxy.cuts < 2:
        at += 1
        try:
            if client is None:
                client = Producer({"bootstrap.servers": proxy.address, "transactional.id": topic,
                                   **CLIENT})
                client.init_transactions(30)
            client.begin_transaction()
            values = [b"%d %d" % (at, n) for n in range(5)]
            for value in values:
                client.produce(topic, value)
            client.commit_transaction(30)
            wanted += values
        except KafkaException as error:
            # Whether it was committed is not known where that was on its way.
            assert error.args[0].code() != KafkaError._TIMED_OUT
            client = None
    cuts.over = True
    found = committed_values(proxy, topic, len(wanted))
    assert [value for value in found if value in set(wanted)] == wanted


def test_a_consumer_misses_nothing(proxy, cuts, topic):
    cuts.over = True
    client = Producer({"bootstrap.servers": proxy.address, **CLIENT})
    for at in range(COUNT):
        client.produce(topic, value_of("cut", at))
        client.poll(0)
    assert client.flush(30) == 0
    cuts.over = False
    found = read(proxy, topic, COUNT, max_partition_fetch_bytes=10_000, reconnect_backoff_ms=5,
                 reconnect_backoff_max_ms=20, fetch_error_backoff_ms=10)
    assert [(m.offset(), m.value()) for m in found] == [
        (at, value_of("cut", at)) for at in range(COUNT)]
    assert proxy.cuts > 1


@pytest.mark.skipif(not test_go.PROGRAM.is_file(), reason="no Go toolchain")
@pytest.mark.needs("InitProducerId")
def test_franz_go_writes_each_record_once(proxy, cuts, topic):
    cuts.left = 12  # it waits longer after each
    done = subprocess.run([str(test_go.PROGRAM), "franz", "idempotence", proxy.address, topic],
                          capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("java") is None or not test_java.BUILT.is_dir(),
                    reason="no JDK with Maven")
@pytest.mark.needs("InitProducerId")
def test_kafka_clients_write_each_record_once(proxy, topic):
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                           f"{test_java.BUILT}/classes:{test_java.BUILT}/lib/*", "Scenarios",
                           proxy.address, "idempotence", topic],
                          capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
