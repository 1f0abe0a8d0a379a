"""/metrics of a running server: what clients do is seen there."""

import re
import signal
import subprocess
import urllib.error
import urllib.request

import pytest
from broker import Server, wait_until

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, "--listen", "http=127.0.0.1:0") as server:
        yield server


def fetch(server, path):
    address = re.search(r"http=(\S+)", server.ready_line)[1]
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()


def scrape(server, path="/metrics"):
    """Values by name and labels: {("a", frozenset({("topic", "t")})): 1.0}."""
    values = {}
    for line in fetch(server, path).splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = SAMPLE.match(line).groups()
        key = name, frozenset(LABEL.findall(labels or ""))
        assert key not in values
        values[key] = float(value)
    return values


def value(values, name, **labels):
    return values.get((name, frozenset(labels.items())), 0)


def test_what_is_produced_and_consumed_moves_the_counters(server):
    server.create("t", "-p", 2)
    before = scrape(server)
    server.ok("produce", "t", given=b"a\nb\nc\nd\n")
    server.ok("consume", "t", "-n", 4, "-g", "readers")
    server.ok("produce", "t", given=b"e\nf\ng\n")
    after = scrape(server, "/metrics?partitions=true")

    def grown(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("millrace_broker_requests_total", api="Produce") >= 2
    assert grown("millrace_broker_request_seconds_count", api="Produce") >= 2
    assert grown("millrace_broker_request_seconds_sum", api="Produce") > 0
    assert grown("millrace_broker_request_bytes_total", api="Produce") > 7
    assert grown("millrace_broker_response_bytes_total", api="Fetch") > 4
    assert grown("millrace_broker_requests_total", api="OffsetCommit") >= 1
    assert grown("millrace_log_topic_offsets_total", topic="t") == 7
    assert grown("millrace_log_topic_records", topic="t") == 7
    assert grown("millrace_log_topic_bytes", topic="t") > 7
    assert grown("millrace_log_sync_seconds_count") >= 2
    assert grown("millrace_log_group_bytes_sum") > 7
    assert grown("millrace_log_read_bytes_total", **{"from": "ring"}) > 4
    assert grown("millrace_log_read_batches_total", **{"from": "ring"}) >= 1
    assert grown("millrace_log_read_batches_total", **{"from": "files"}) == 0
    assert value(after, "millrace_broker_groups", state="Empty") == 1
    assert value(after, "millrace_broker_group_lag", group="readers", topic="t") == 3
    ends = [value(after, "millrace_log_partition_end_offset", topic="t", partition=str(index))
            for index in range(2)]
    assert sum(ends) == 7
    assert not any(name == "millrace_log_partition_bytes" for name, _ in scrape(server))


def test_buckets_add_up(server):
    server.create("t")
    server.ok("produce", "t", given=b"a\n" * 100)
    values = scrape(server)
    for name in ("millrace_log_sync_seconds", "millrace_log_group_bytes"):
        buckets = sorted((float(dict(labels)["le"]), count) for (bucket, labels), count
                         in values.items() if bucket == name + "_bucket")
        counts = [count for _, count in buckets]
        assert counts == sorted(counts)
        assert buckets[-1] == (float("inf"), value(values, name + "_count"))


def test_errors_are_counted_by_their_code(server):
    server.create("t")
    code, _, _ = server.run("topic", "create", "t")
    assert code != 0
    assert value(scrape(server), "millrace_broker_errors_total",
                 api="CreateTopics", error="TOPIC_ALREADY_EXISTS") == 1


def test_scrapes_under_way_do_not_stand_in_the_way_of_the_end(server):
    for index in range(3):
        server.create(f"t{index}", "-p", 500)
    address = re.search(r"http=(\S+)", server.ready_line)[1]
    command = f"while curl -sf http://{address}/metrics; do :; done"
    scrapers = [subprocess.Popen(["bash", "-c", command],
                                 stdout=subprocess.DEVNULL) for _ in range(3)]
    wait_until(lambda: value(scrape(server), "process_cpu_seconds_total") > 0.1,
               "scrapes are under way")
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(20) == 0
    for scraper in scrapers:
        scraper.wait(10)
    server.process.stdout.close()
    server.process = None


def test_a_server_is_ready_when_its_doors_are_open(server):
    assert fetch(server, "/readyz") == "ready\n"
    assert fetch(server, "/healthz") == "ok\n"
    with pytest.raises(urllib.error.HTTPError) as refused:
        fetch(server, "/metric")
    assert refused.value.code == 404
