"""The oracle: random rows through a dozen queries, and through random ones, in random worlds. What
a changelog folds to, and what a SELECT answers, is what SQLite answers over the same rows. Nothing
here is linked with the engine.

A failure names its seed; MILLRACE_ORACLE_SEED=N runs that one alone, and keeps the files.
"""

import os
import random
import sqlite3
import subprocess

import pytest
from conftest import PROGRAM
from random_query import RandomQuery

KEYS = ["p", "q", "r", "s", "", "é", None]
START_S = -25  # seconds since 1970: windows before it, too
END_MS = 10**12  # the end of the rows closes all windows

TABLES = """
statement ok
CREATE TABLE a (id INT, k STRING, x INT, f DOUBLE);

statement ok
CREATE TABLE b (k STRING, v INT);

statement ok
CREATE TABLE c (k STRING, x INT, PRIMARY KEY (k) NOT ENFORCED);

statement ok
CREATE TABLE t (k STRING, x INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '3' SECOND);

statement ok
CREATE VIEW w AS SELECT k, COUNT(*) AS n, MAX(x) AS m FROM
TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end, k;
"""

# Each change shows at once.
EAGER = {
    "filtered": "SELECT id, x + 1, k || '!' FROM a WHERE x > 0",
    "grouped": "SELECT k, COUNT(*), COUNT(x), SUM(x), MIN(x), MAX(x) FROM a GROUP BY k",
    "whole": "SELECT COUNT(*), SUM(x), COUNT(DISTINCT k), MIN(k), AVG(f) FROM a",
    "distinct_rows": "SELECT DISTINCT k, x FROM a",
    "having": "SELECT k, SUM(x) FROM a WHERE id % 3 <> 0 GROUP BY k HAVING COUNT(*) < 4",
    "groups_of_groups": "SELECT c, COUNT(*), MIN(m), MAX(m), SUM(m) FROM"
                        " (SELECT k, COUNT(*) AS c, MAX(x) AS m FROM a GROUP BY k) AS s GROUP BY c",
    "distinct_under_changes": "SELECT m, COUNT(DISTINCT k), COUNT(*) FROM"
                              " (SELECT k, MIN(x) AS m FROM a GROUP BY k) AS s GROUP BY m",
    "joined": "SELECT a.id, b.v FROM a JOIN b ON a.k = b.k",
    "left_joined": "SELECT a.id, a.k, b.v FROM a LEFT JOIN b ON a.k = b.k AND b.v > a.x",
    "full_joined": "SELECT a.id, b.v FROM a FULL JOIN b ON a.k = b.k AND a.x = b.v",
    "left_joined_changes": "SELECT a.id, s.c FROM a LEFT JOIN"
                           " (SELECT k, COUNT(*) AS c FROM b GROUP BY k HAVING COUNT(*) < 3) AS s"
                           " ON a.k = s.k",
    "changes_left_joined": "SELECT s.k, s.n, b.v FROM"
                           " (SELECT k, COUNT(*) AS n FROM a GROUP BY k HAVING COUNT(*) > 1) AS s"
                           " LEFT JOIN b ON s.k = b.k AND b.v > s.n",
    "joined_groups": "SELECT p.k, p.n, q.total FROM"
                     " (SELECT k, COUNT(*) AS n FROM a GROUP BY k) AS p JOIN"
                     " (SELECT k, SUM(v) AS total FROM b GROUP BY k) AS q ON p.k = q.k",
    "united": "SELECT k, SUM(x), COUNT(*) FILTER (WHERE x > 2) FROM"
              " (SELECT k, x FROM a UNION ALL SELECT k, v FROM b) AS u GROUP BY k",
    "upserted": "SELECT x % 3, COUNT(*), MIN(x), MAX(k) FROM c GROUP BY x % 3",
    "upserted_rows": "SELECT k, x FROM c WHERE x > 0",
    "joined_with_upserts": "SELECT a.id, c.x FROM a LEFT JOIN c ON a.k = c.k",
}

# A row when its window closes: (Millrace, size in seconds, slide).
WINDOWS = {
    "tumbling": ("SELECT window_start, k, COUNT(*), SUM(x), MIN(x), COUNT(DISTINCT x) FROM"
                 " TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND))"
                 " GROUP BY window_start, window_end, k", 10, 10),
    "hopping": ("SELECT window_start, k, COUNT(*), SUM(x), MIN(x), COUNT(DISTINCT x) FROM"
                " TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '7' SECOND))"
                " GROUP BY window_start, window_end, k", 7, 3),
}
WINDOW_ORACLE = ("SELECT start, k, COUNT(*), SUM(x), MIN(x), COUNT(DISTINCT x) FROM {name}"
                 " WHERE stop <= {watermark} GROUP BY start, k")

# What SQLite does for ASCII only, or by another name.
FUNCTIONS = {
    "UPPER": lambda text: None if text is None else text.upper(),
    "LOWER": lambda text: None if text is None else text.lower(),
    "CHAR_LENGTH": lambda text: None if text is None else len(text),
}


# What tables hold that queries are written into, and what a second job makes of them.
SINK = "CREATE TABLE {name} (k STRING, m {type}, n BIGINT, PRIMARY KEY (k) NOT ENFORCED)"
FILES = ("CREATE TABLE {name} (k STRING, m BIGINT, n BIGINT) WITH ("
         "'connector' = 'filesystem', 'path' = '/{name}', 'format' = 'json')")
OF_SINK = "SELECT n, COUNT(*), MIN(m), MAX(k) FROM {source} AS o GROUP BY n"


def literal(value):
    if value is None:
        return "NULL"
    return "'" + value + "'" if isinstance(value, str) else repr(value)


def cell(value):
    if value is None:
        return "NULL"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return '""' if value == "" else str(value)


def moment(ms):
    seconds, rest = divmod(ms, 1000)
    text = sqlite3.connect(":memory:").execute("SELECT datetime(?, 'unixepoch')", (seconds,))
    return f"{text.fetchone()[0]}.{rest:03}"


class Oracle:
    """The same rows in SQLite; for windows the rows that are not late."""

    def __init__(self):
        self.database = sqlite3.connect(":memory:")
        for name, function in FUNCTIONS.items():
            self.database.create_function(name, 1, function, deterministic=True)
        self.database.executescript(
            "PRAGMA case_sensitive_like = ON;"
            "CREATE TABLE a (id, k, x, f); CREATE TABLE b (k, v);"
            "CREATE TABLE c (k PRIMARY KEY NOT NULL, x);"
            + "".join(f"CREATE TABLE {name} (start, stop, k, x);" for name in WINDOWS)
            + "CREATE TABLE closed (until); INSERT INTO closed VALUES (NULL);"
            "CREATE VIEW w AS SELECT k, COUNT(*) AS n, MAX(x) AS m FROM tumbling, closed"
            " WHERE stop <= until GROUP BY start, k;")
        self.watermark = None

    def add(self, table, row):
        if table == "t":
            self.add_event(*row)
            return
        marks = ", ".join("?" * len(row))
        self.database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)

    def add_event(self, k, x, ms):
        for name, (_, size, slide) in WINDOWS.items():
            start = ms // (slide * 1000) * slide * 1000
            while start + size * 1000 > ms:
                stop = start + size * 1000
                if self.watermark is None or stop > self.watermark:
                    self.database.execute(f"INSERT INTO {name} VALUES (?, ?, ?, ?)",
                                          (start, stop, k, x))
                start -= slide * 1000
        self.watermark = max(ms - 3000, self.watermark if self.watermark is not None else ms - 3000)

    def rows(self, sql, closed=None):
        """`closed`: up to where windows are, if not up to the watermark."""
        self.database.execute("UPDATE closed SET until = ?", (closed or self.watermark,))
        found = self.database.execute(RandomQuery.for_sqlite(sql))
        return [" | ".join(map(cell, row)) for row in found]

    def window_rows(self, name, watermark):
        if watermark is None:
            return []
        sql = WINDOW_ORACLE.format(name=name, watermark=watermark)
        return [" | ".join([moment(row[0]), *map(cell, row[1:])])
                for row in self.database.execute(sql)]


class Script:
    """An .slt file that pushes random rows and expects what the oracle says."""

    def __init__(self, seed, eager, windows):
        self.random = random.Random(seed)
        self.eager = eager
        self.windows = windows
        self.sinks = {}
        self.files = {}
        self.oracle = Oracle()
        self.text = f"# Made from seed {seed}.\n{TABLES}"
        self.clock_ms = START_S * 1000
        self.next_id = 0

    def row(self, table):
        draw = self.random
        k = draw.choice(KEYS)
        x = draw.choice([None, *range(-3, 8)])
        if table == "a":
            self.next_id += 1
            return (self.next_id, k, x, draw.choice([None, draw.randint(-9, 9) / 2]))
        if table == "b":
            return (k, x)
        if table == "c":
            return (k or "z", x)
        self.clock_ms += draw.choice([0, 1, 500, 1000, 2500])
        if draw.random() < 0.02:
            self.clock_ms += 30_000
        return (k, x, self.clock_ms - draw.choice([0, 0, 1, 1000, 3000, 4000, 12_000]))

    def push(self, table, count):
        self.text += f"\npush {table}\n"
        for _ in range(count):
            row = self.row(table)
            self.oracle.add(table, row)
            shown = [*row[:2], moment(row[2])] if table == "t" else row
            self.text += ", ".join(map(literal, shown)) + "\n"

    def stream(self, name):
        sql = self.eager[name] if name in self.eager else self.windows[name][0]
        self.text += f"\nstream {name}\n{sql}\n"

    def expect(self, name):
        rows = (self.oracle.rows(self.eager[name]) if name in self.eager
                else self.oracle.window_rows(name, self.oracle.watermark))
        self.text += f"\nexpect fold {name}\n" + "".join(row + "\n" for row in rows)

    def select(self, name):
        if name in self.eager:
            sql = self.eager[name]
            rows = self.oracle.rows(sql, closed=END_MS)
        else:
            sql, rows = self.windows[name][0], self.oracle.window_rows(name, END_MS)
        self.text += f"\nquery rowsort\n{sql}\n----\n" + "".join(row + "\n" for row in rows)

    def add_sink(self, name, sql):
        """A job that writes what the query answers, and one that reads it."""
        kind = "DECIMAL(38, 0)" if "SUM(m)" in sql else "BIGINT"
        self.text += f"\nstatement ok\n{SINK.format(name=name, type=kind)}\n"
        self.text += f"\nstream {name}\nINSERT INTO {name} {sql}\n"
        self.text += f"\nstream of_{name}\n{OF_SINK.format(source=name)}\n"
        self.sinks[name] = sql

    def add_files(self, name, sql):
        """A job that writes what the query answers into files."""
        self.text += f"\nstatement ok\n{FILES.format(name=name)}\n"
        self.text += f"\nstream {name}\nINSERT INTO {name} {sql}\n"
        self.files[name] = sql

    def expect_files(self, name):
        """A file is finished when it is large or old, or the job ends."""
        rows = self.oracle.rows(self.files[name])
        self.text += f"\nstop {name}\n\nadvance 1 s\n"
        if not rows:
            return  # there is no file
        self.text += f"\nquery rowsort\nSELECT * FROM {name}\n----\n"
        self.text += "".join(row + "\n" for row in rows)

    def expect_sink(self, name):
        sql = self.sinks[name]
        rows = self.oracle.rows(OF_SINK.format(source=f"({sql})"))
        self.text += f"\nexpect fold of_{name}\n" + "".join(row + "\n" for row in rows)
        rows = self.oracle.rows(sql)
        self.text += f"\nquery rowsort\nSELECT * FROM {name}\n----\n"
        self.text += "".join(row + "\n" for row in rows)

    def write(self):
        waiting = [*self.eager, *self.windows]
        self.random.shuffle(waiting)
        running = []
        for step in range(6):
            for _ in range(len(waiting) if step == 2 else self.random.randint(0, 6)):
                if waiting:
                    running.append(waiting.pop())
                    self.stream(running[-1])
            for table in self.random.sample("abct", self.random.randint(1, 4)):
                self.push(table, self.random.choice([1, 2, 5, 12, 30]))
                if self.random.random() < 0.2:
                    self.text += "\nbarrier\n"
            for name in self.random.sample(running, min(len(running), 8)):
                self.expect(name)
            for name in self.sinks:
                self.expect_sink(name)
            if self.random.random() < 0.3:
                shards = self.random.randint(1, 4)
                self.text += f"\nstatement ok\nSET 'parallelism' = '{shards}'\n"
                self.text += "\ncrash\n\nrestore\n"
        for name in running:
            self.expect(name)
            self.select(name)
        for name in self.files:
            self.expect_files(name)
        return self.text


def world(seed):
    draw = random.Random(-seed)
    shards = draw.choice([1, 2, 3, 4])
    lines = [f"parallelism = {shards}", f"workers = {draw.randint(1, shards)}",
             f"batch.rows = {draw.choice([1, 2, 7, 4096])}",
             f"optimizer = {draw.choice(['on', 'off'])}",
             f"epoch.interval = {draw.choice([1, 5, 200])} ms"]
    return "\n".join(lines + draw.choice([[], ["crash = barriers"], ["crash = pushes"]])) + "\n"


def seeds():
    if "MILLRACE_ORACLE_SEED" in os.environ:
        return [int(os.environ["MILLRACE_ORACLE_SEED"])]
    return range(1, 101 if os.environ.get("MILLRACE_TEST_DEPTH") == "full" else 9)


def run(folder, seed, script):
    (folder / "oracle.slt").write_text(script.write())
    (folder / "random.world").write_text(world(seed))
    done = subprocess.run(
        [PROGRAM, "test", "oracle.slt", "--world", "random.world", "--seed", str(seed)],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (f"seed {seed}, files in {folder}, world\n{world(seed)}"
                                  f"{done.stdout[-6000:]}{done.stderr[-2000:]}")


@pytest.mark.parametrize("seed", seeds())
def test_changes_fold_to_what_sqlite_answers(tmp_path, seed):
    run(tmp_path, seed, Script(seed, EAGER, WINDOWS))


@pytest.mark.parametrize("seed", seeds())
def test_random_queries_and_jobs_that_write_them_agree_with_sqlite(tmp_path, seed):
    maker = RandomQuery(random.Random(-seed))
    queries = {f"random{number}": maker.query() for number in range(10)}
    script = Script(seed, queries, {})
    for number in range(3):
        script.add_sink(f"sink{number}", maker.keyed_query())
    for number in range(2):
        script.add_files(f"files{number}", maker.added_query())
    run(tmp_path, seed, script)
