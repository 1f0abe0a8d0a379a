"""What the server tells of itself, and what it costs when nobody asks anything of it."""

import os
import re
import time
import urllib.request
from pathlib import Path

import pytest

import wire
from broker_process import Broker

pytestmark = pytest.mark.millrace_only("its metrics")
PAGE = Path(__file__).resolve().parents[2] / "docs/reference/metrics.md"


class Watched(Broker):
    def command(self):
        return [part.replace("http=off", "http=127.0.0.1:0") for part in super().command()]

    def await_ready(self):
        output = b""
        while b"\n" not in output:
            part = os.read(self.process.stdout.fileno(), 4096)
            assert part, self.log()
            output += part
        self.bootstrap = re.search(rb"kafka=(\S+)", output).group(1).decode()
        self.http = re.search(rb"http=(\S+)", output).group(1).decode()

    def metrics(self, query=""):
        with urllib.request.urlopen(f"http://{self.http}/metrics{query}", timeout=10) as answer:
            return answer.read().decode()

    def cpu_ticks(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def resident_kib(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1))


@pytest.fixture
def watched(tmp_path):
    server = Watched(tmp_path).start()
    yield server
    server.stop()


def test_the_page_of_metrics_lists_what_is_told(watched):
    told = dict(re.findall(r"^# TYPE (\S+) (\S+)", watched.metrics("?partitions=true"), re.M))
    page = dict(re.findall(r"^\| `(\S+)` \| (\S+) \|", PAGE.read_text(), re.M))
    assert told == page


def test_connections_are_counted(watched):
    with wire.connect(watched.bootstrap) as connection:
        connection.sendall(wire.request(18, 0, 1, b""))
        wire.answer(connection)
        assert "millrace_broker_connections 1\n" in watched.metrics()
        assert "millrace_broker_traffic_bytes 0\n" in watched.metrics()


def test_an_idle_server_costs_nothing(watched):
    held = [wire.connect(watched.bootstrap) for _ in range(100)]
    time.sleep(1)
    before = watched.cpu_ticks()
    time.sleep(5)
    assert watched.cpu_ticks() - before <= 2  # of 500
    assert watched.resident_kib() < 100 << 10
    for connection in held:
        connection.close()
