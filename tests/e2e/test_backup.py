"""Backups of a data directory that is in use, under load, and what is restored from them."""

import json
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest
from broker import PATIENCE_S, Server, wait_until
from conftest import PROGRAM

kafka = pytest.importorskip("confluent_kafka")

PARTITIONS = 3


def millrace(*arguments, code=0):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE_S)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def back_up(data, to):
    return json.loads(millrace("backup", "--data", data, "--to", to, "-o", "jsonl"))


def restore(source, data):
    return json.loads(millrace("restore", "--from", source, "--data", data, "-o", "jsonl"))


def settings(server, **more):
    return {"bootstrap.servers": server.brokers,
            **{name.replace("_", "."): value for name, value in more.items()}}


class Load(threading.Thread):
    """Works on a server until it is told to end; what went wrong is an error of `end`."""

    def __init__(self, server):
        super().__init__()
        self.server, self.ended, self.problem = server, threading.Event(), None
        self.start()

    def run(self):
        try:
            self.work()
        except Exception as problem:  # for the thread that waits
            self.problem = problem

    def end(self):
        self.ended.set()
        self.join()
        if self.problem is not None:
            raise self.problem


class Counter(Load):
    """Sends 0, 1, 2, … to each partition of `plain`."""

    def work(self):
        producer = kafka.Producer(settings(self.server, enable_idempotence=True, linger_ms=2))
        self.acknowledged = [0] * PARTITIONS
        sent = [0] * PARTITIONS
        padding = b"/" + b"x" * 2000

        def done(error, message):
            assert error is None, error
            self.acknowledged[message.partition()] += 1

        while not self.ended.is_set():
            for partition in range(PARTITIONS):
                producer.produce("plain", b"%d" % sent[partition] + padding, partition=partition,
                                 on_delivery=done)
                sent[partition] += 1
            producer.poll(0)
            if sent[0] % 10 == 0:  # a load, not all that goes
                time.sleep(0.002)
        assert producer.flush(PATIENCE_S) == 0


class Transactions(Load):
    """Sends each number to `left` and `right` in one transaction; those ending in 3 are aborted."""

    def work(self):
        self.committed = 0
        producer = kafka.Producer(settings(self.server, transactional_id="both"))
        producer.init_transactions(PATIENCE_S)
        number = 0
        while not self.ended.is_set():
            producer.begin_transaction()
            for topic in ("left", "right"):
                producer.produce(topic, b"%d" % number, partition=number % PARTITIONS)
            if number % 10 == 3:
                producer.abort_transaction(PATIENCE_S)
            else:
                producer.commit_transaction(PATIENCE_S)
                self.committed += 1
            number += 1


class Group(Load):
    """Commits offsets of `plain` for the group `readers`."""

    def work(self):
        self.offsets = [0] * PARTITIONS
        consumer = kafka.Consumer(settings(self.server, group_id="readers",
                                           auto_offset_reset="earliest", enable_auto_commit=False))
        consumer.subscribe(["plain"])
        while not self.ended.is_set():
            if not consumer.consume(500, 0.2):
                continue
            for committed in consumer.commit(asynchronous=False):
                assert committed.error is None
                self.offsets[committed.partition] = committed.offset
        consumer.close()


def read(server, topic, isolation="read_committed"):
    """The values of each partition from its beginning to its end."""
    consumer = kafka.Consumer(settings(server, group_id="none", isolation_level=isolation,
                                       enable_partition_eof=True, enable_auto_commit=False))
    consumer.assign([kafka.TopicPartition(topic, partition, kafka.OFFSET_BEGINNING)
                     for partition in range(PARTITIONS)])
    values, open_partitions = [[] for _ in range(PARTITIONS)], set(range(PARTITIONS))
    while open_partitions:
        for message in consumer.consume(1000, 0.1):
            if message.error() is None:
                values[message.partition()].append(int(message.value().split(b"/")[0]))
            else:
                assert message.error().code() == kafka.KafkaError._PARTITION_EOF
                open_partitions.discard(message.partition())
    consumer.close()
    return values


def committed_offsets(server):
    consumer = kafka.Consumer(settings(server, group_id="readers"))
    partitions = [kafka.TopicPartition("plain", index) for index in range(PARTITIONS)]
    found = [entry.offset for entry in consumer.committed(partitions, PATIENCE_S)]
    consumer.close()
    return found


def check_restored(folder, acknowledged, committed, offsets):
    with Server(folder) as server:
        plain = read(server, "plain")
        for values, least in zip(plain, acknowledged):
            assert values == list(range(len(values)))
            assert len(values) >= least
        left, right = read(server, "left"), read(server, "right")
        assert left == right
        numbers = sorted(number for values in left for number in values)
        assert numbers == [n for n in range(numbers[-1] + 1 if numbers else 0) if n % 10 != 3]
        assert len(numbers) >= committed
        found = committed_offsets(server)
        assert all(at >= least for at, least in zip(found, offsets) if least > 0)
        assert all(at <= len(values) for at, values in zip(found, plain))
        # It goes on: the transactional producer, too.
        producer = kafka.Producer(settings(server, transactional_id="both"))
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
        producer.produce("left", b"4711", partition=0)
        producer.commit_transaction(PATIENCE_S)
        assert read(server, "left")[0][-1] == 4711


def test_all_that_was_acknowledged_is_in_every_backup(tmp_path):
    (tmp_path / "live").mkdir()
    with Server(tmp_path / "live") as server:
        for topic in ("plain", "left", "right"):
            server.create(topic, "--partitions", PARTITIONS)
        loads = [Counter(server), Transactions(server), Group(server)]
        counter, transactions, group = loads
        wait_until(lambda: all(getattr(group, "offsets", [0])), "a group reads")
        taken = []
        for number in range(5):
            time.sleep(1)
            known = list(counter.acknowledged), transactions.committed, list(group.offsets)
            folder = tmp_path / ("often" if number % 2 else f"once-{number}")
            told = back_up(tmp_path / "live/data", folder)
            assert (told["topics"], told["jobs"]) == (4, 0)  # with sys.errors
            (tmp_path / f"restored-{number}").mkdir()
            assert restore(folder, tmp_path / f"restored-{number}/data")["lsn"] == told["lsn"]
            taken.append(known)
        assert told["files"] > 2, "nothing was settled"
        for load in loads:
            load.end()
        millrace("restore", "--from", tmp_path / "often", "--verify-only")
    for number, known in enumerate(taken):
        check_restored(tmp_path / f"restored-{number}", *known)


JOB = """
SET 'epoch.interval' = '50 ms';
CREATE TABLE IF NOT EXISTS numbers (id BIGINT);
CREATE TABLE IF NOT EXISTS doubled (id BIGINT, twice BIGINT);
CREATE TABLE IF NOT EXISTS totals (ending BIGINT, n BIGINT, PRIMARY KEY (ending) NOT ENFORCED);
BEGIN STATEMENT SET;
INSERT INTO doubled SELECT id, id * 2 FROM numbers;
INSERT INTO totals SELECT id % 10, COUNT(*) FROM numbers GROUP BY id % 10;
END;
"""


class Numbers(Load):
    """Sends {"id": 0}, {"id": 1}, … to `numbers`."""

    def work(self):
        producer = kafka.Producer(settings(self.server, linger_ms=2))
        self.sent = 0
        while not self.ended.is_set():
            producer.produce("numbers", b'{"id": %d}' % self.sent)
            self.sent += 1
            if len(producer) > 1000:
                producer.poll(0.01)
            producer.poll(0)
            if self.sent % 100 == 0:
                time.sleep(0.01)
        assert producer.flush(PATIENCE_S) == 0


def rows(server, topic):
    return [json.loads(line) for line in server.consume(topic, "-f", "%v").splitlines()]


def totals(server):
    """The newest value of each key."""
    lines = server.consume("totals", "-f", "%k %v").splitlines()
    return sum({row["ending"]: row["n"] for row in
                (json.loads(line[line.index("} ") + 2:]) for line in lines)}.values())


def test_a_job_goes_on_exactly_once_from_a_backup(tmp_path):
    live, copy = tmp_path / "live", tmp_path / "copy"
    for folder in (live, copy):
        folder.mkdir()
        (folder / "job.sql").write_text(JOB)
    with Server(live, "-f", str(live / "job.sql")) as server:
        wait_until(lambda: "totals" in server.ok("topic", "list"), "the job runs")
        numbers = Numbers(server)
        wait_until(lambda: len(rows(server, "doubled")) > 5000, "some output")
        told = back_up(live / "data", tmp_path / "backup")
        assert told["jobs"] >= 1
        time.sleep(0.5)
        numbers.end()
    restore(tmp_path / "backup", copy / "data")
    with Server(copy, "-f", str(copy / "job.sql")) as server:
        ids = sorted(row["id"] for row in rows(server, "numbers"))
        assert ids == list(range(len(ids))) and 5000 < len(ids) < numbers.sent
        more = range(1_000_000, 1_000_100)
        server.produce("numbers", b"".join(b'{"id": %d}\n' % number for number in more))
        expected = ids + list(more)
        wait_until(lambda: len(rows(server, "doubled")) >= len(expected), "all output")
        assert sorted(row["id"] for row in rows(server, "doubled")) == expected
        wait_until(lambda: totals(server) == len(expected), "all are counted")


FILES = """
SET 'epoch.interval' = '50 ms';
CREATE TABLE IF NOT EXISTS numbers (id BIGINT);
CREATE TABLE IF NOT EXISTS files (id BIGINT) WITH ('connector' = 'filesystem', 'format' = 'json',
  'path' = 'PATH', 'sink.rolling-policy.rollover-interval' = '300 ms',
  'sink.rolling-policy.check-interval' = '100 ms');
INSERT INTO files SELECT id FROM numbers;
"""


def test_files_that_a_job_has_written_are_told_of_or_restored_with_it(tmp_path):
    live, copy, path = tmp_path / "live", tmp_path / "copy", tmp_path / "files"
    for folder in (live, copy):
        folder.mkdir()
        (folder / "job.sql").write_text(FILES.replace("PATH", str(path)))

    def ids():
        return sorted(json.loads(line)["id"] for part in path.glob("*.json")
                      for line in part.read_text().splitlines())

    def produce(server, numbers):
        server.produce("numbers", b"".join(b'{"id": %d}\n' % number for number in numbers))

    with Server(live, "-f", str(live / "job.sql")) as server:
        wait_until(lambda: "numbers" in server.ok("topic", "list"), "the job runs")
        produce(server, range(100))
        wait_until(lambda: len(ids()) == 100, "files")
        shutil.copytree(path, tmp_path / "files-before")
        produce(server, range(100, 200))
        wait_until(lambda: len(ids()) == 200, "more files")
        back_up(live / "data", tmp_path / "backup")
        produce(server, range(200, 300))
        wait_until(lambda: len(ids()) == 300, "files that the backup knows nothing of")
    restore(tmp_path / "backup", copy / "data")
    server = Server(copy, "-f", str(copy / "job.sql")).start()
    wait_until(lambda: "MR-4007 __sink." in (copy / "server.log").read_text(), "it says so")
    server.process.wait(PATIENCE_S)
    server.process.stdout.close()
    # From the copy of the folder before the backup, and from none, it goes on exactly once.
    for folder in (tmp_path / "files-before", None):
        path.rename(tmp_path / f"gone-{folder is None}")
        if folder is not None:
            folder.rename(path)
        with Server(copy, "-f", str(copy / "job.sql")) as server:
            if folder is not None:
                produce(server, range(1000, 1010))
            expected = [*range(200), *range(1000, 1010)]
            wait_until(lambda: len(ids()) >= len(expected), "all files")
            time.sleep(0.5)
            assert ids() == expected


def test_a_run_that_goes_on_is_copied_and_finished_from_there(tmp_path):
    """Its input is counted exactly, whichever copy finishes it."""
    rows_in = 20_000
    (tmp_path / "in.json").write_text("".join('{"id": %d}\n' % n for n in range(rows_in)))
    script = tmp_path / "script.sql"
    script.write_text(f"""
SET 'epoch.interval' = '20 ms';
CREATE TABLE input (id BIGINT) WITH ('connector' = 'filesystem', 'format' = 'json',
  'path' = '{tmp_path}/in.json', 'scan.rows-per-second' = '10000');
CREATE TABLE seen (id BIGINT);
CREATE TABLE counts (ending BIGINT PRIMARY KEY NOT ENFORCED, n BIGINT, total BIGINT);
BEGIN STATEMENT SET;
INSERT INTO seen SELECT id FROM input;
INSERT INTO counts SELECT id % 7, COUNT(*), SUM(id) FROM input GROUP BY id % 7;
END;
""")
    process = subprocess.Popen([PROGRAM, "run", "-q", "--data", str(tmp_path / "data"),
                                str(script)])
    copies = []
    while process.poll() is None:
        time.sleep(0.3)
        if (tmp_path / "data/format").exists():
            back_up(tmp_path / "data", tmp_path / "backup")
            copies.append(tmp_path / f"copy-{len(copies)}")
            restore(tmp_path / "backup", copies[-1])
    assert process.returncode == 0 and len(copies) > 2
    expected = sorted(f"{m},{len(range(m, rows_in, 7))},{sum(range(m, rows_in, 7))}"
                      for m in range(7))
    for copy in [tmp_path / "data", *copies]:
        millrace("run", "-q", "--data", copy, script)
        out = millrace("run", "-q", "--data", copy, "-o", "csv", "-c", "SELECT * FROM counts")
        assert sorted(out.splitlines()[1:]) == expected
        out = millrace("run", "-q", "--data", copy, "-o", "csv", "-c",
                       "SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM seen")
        assert out.splitlines()[1] == f"{rows_in},{rows_in}"


@pytest.fixture
def small(tmp_path):
    """A data directory with a topic of three records, and a backup of it."""
    millrace("run", "-q", "--data", tmp_path / "data", "-c", "CREATE TABLE t (v STRING);")
    subprocess.run([PROGRAM, "produce", "t", "--data", tmp_path / "data"], input=b"a\nb\nc\n",
                   check=True, capture_output=True, timeout=PATIENCE_S)
    back_up(tmp_path / "data", tmp_path / "backup")
    return tmp_path


def test_a_directory_that_nobody_uses_is_copied_and_restored(small):
    millrace("restore", "--from", small / "backup", "--data", small / "new/data")
    assert millrace("consume", "t", "-e", "--data", small / "new/data") == "a\nb\nc\n"


def test_errors_say_what_to_do(small):
    def error(*arguments, code):
        return millrace(*arguments, code=code).replace(str(small) + "/", "")

    backup, data = small / "backup", small / "data"
    assert error("backup", "--data", small / "none", "--to", backup, code=3).startswith("MR-1002")
    assert error("backup", "--data", backup, "--to", small / "b", code=3) == (
        "MR-1002 backup: the folder is no data directory: it has no file 'format'\n"
        "  Name the folder that `millrace server --data` or `millrace run --data` was given.\n")
    (small / "letters").mkdir()
    (small / "letters/one").write_text("Dear reader")
    assert error("backup", "--data", data, "--to", small / "letters", code=4) == (
        "MR-1006 letters: the folder holds something else than a backup: 'one'\n"
        "  Name an empty folder, or one that holds an earlier backup of this data directory.\n")
    assert error("restore", "--from", backup, "--data", data, code=4).startswith(
        "MR-1006 data: the folder is not empty")
    assert error("restore", "--from", small / "letters", "--data", small / "b", code=3) == (
        "MR-1002 letters: the folder holds no finished backup\n"
        "  Name the folder that `millrace backup --to` was given, once that has succeeded.\n")
    assert "--verify-only" in error("restore", "--from", backup, code=2)
    ring = next((backup / "ring").iterdir())
    content = bytearray(ring.read_bytes())
    content[4200] ^= 1
    ring.write_bytes(content)
    for options in (["--verify-only"], ["--data", small / "new"]):
        assert re.match(r"MR-6003 backup/ring/000001: a file of the backup does not match its "
                        r"checksum: \w+ instead of \w+\n",
                        error("restore", "--from", backup, *options, code=1))
    assert not (small / "new").exists()


def test_a_folder_that_cannot_be_written_keeps_what_it_has(small):
    before = sorted(small.glob("backup/**/*"))
    done = subprocess.run(f"ulimit -f 1; exec {PROGRAM} backup --data data --to backup",
                          shell=True, cwd=small, capture_output=True, text=True,
                          preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
                          timeout=PATIENCE_S)
    assert done.returncode != 0 and done.stderr.startswith("MR-"), done.stderr
    assert sorted(small.glob("backup/**/*")) == before
    millrace("restore", "--from", small / "backup", "--verify-only")


def test_ctrl_c_ends_it_and_the_folder_is_as_before(small):
    lines = b"".join(b"x" * 100_000 + b"\n" for _ in range(60))
    subprocess.run([PROGRAM, "produce", "t", "--data", small / "data"], input=lines, check=True,
                   capture_output=True, timeout=PATIENCE_S)
    new, large = small / "new", small / "large"
    back_up(small / "data", large)
    for arguments, made in ((["backup", "--data", new, "--to", small / "b"], "b"),
                            (["restore", "--from", large, "--data", new], "new")):
        if made == "b":
            restore(large, new)
        process = subprocess.Popen([PROGRAM, *map(str, arguments), "--rate", "1"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        wait_until((small / made).exists, "it begins")
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out, err) == (130, "", "MR-1008: interrupted\n")
        assert not (small / made).exists()
        if made == "b":
            shutil.rmtree(new)


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_killed_at_any_moment_it_leaves_nothing_that_is_taken_for_whole(tmp_path, command):
    numbers = "\n".join('{"id": %d}' % number for number in range(60_000))
    (tmp_path / "numbers.json").write_text(numbers)
    millrace("run", "-q", "--data", tmp_path / "data", "-c",
             "CREATE TABLE t (id BIGINT, padding STRING);"
             "CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'filesystem', 'path' = "
             f"'{tmp_path}/numbers.json', 'format' = 'json');"
             "INSERT INTO t SELECT id, REPEAT('x', 1000) FROM numbers;")
    back_up(tmp_path / "data", tmp_path / "whole")
    names = sorted((tmp_path / "data").glob("**/*"))
    for number in range(10):
        arguments = (["--data", tmp_path / "data", "--to", tmp_path / "b"] if command == "backup"
                     else ["--from", tmp_path / "whole", "--data", tmp_path / "r"])
        process = subprocess.Popen([PROGRAM, command, *map(str, arguments)],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.01 + 0.015 * number)
        process.kill()
        process.wait()
        assert sorted((tmp_path / "data").glob("**/*")) == names
        if command == "backup" and (tmp_path / "b/manifest").exists():
            millrace("restore", "--from", tmp_path / "b", "--verify-only")
        if command == "restore" and (tmp_path / "r/format").exists():
            break
    millrace(command, *arguments, code=0 if not (tmp_path / "r/format").exists() else 4)
    data = tmp_path / "r"
    if command == "backup":
        restore(tmp_path / "b", data)
    out = millrace("run", "-q", "--data", data, "-o", "csv", "-c", "SELECT COUNT(*) AS n FROM t")
    assert out == "n\n60000\n"
