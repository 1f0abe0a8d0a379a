"""The whole dialect from outside: planned, or refused by the name of the clause."""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from conftest import PROGRAM

STATEMENTS = [line for line in (Path(__file__).parent / "grammar.sql").read_text().splitlines()
              if line and not line.startswith("--")]
TABLES = """
CREATE TABLE events (id BIGINT, name STRING, at TIMESTAMP(3), tags ARRAY<STRING>,
  attributes MAP<STRING, STRING>, nested ROW<a INT, b INT>, body STRING, WATERMARK FOR at AS at);
CREATE TABLE other (id BIGINT, at TIMESTAMP(3));
CREATE TABLE keyed (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED);
CREATE TABLE target (id BIGINT, name STRING);
CREATE TABLE late LIKE events;
"""
# Those that would do something are only explained.
EXPLAINED = re.compile(r"\(|SELECT|WITH|VALUES|TABLE |INSERT|SUBSCRIBE|EXECUTE|CREATE TABLE g9")
SYNTAX = ("MR-2001", "MR-2002", "MR-2003", "MR-9001")


def run(statement):
    text = f"EXPLAIN {statement}" if EXPLAINED.match(statement) else statement
    return subprocess.run([PROGRAM, "run", "-q", "-c", TABLES + text], capture_output=True,
                          text=True, timeout=60)


def test_every_statement_is_planned_or_refused_by_the_name_of_its_clause():
    with ThreadPoolExecutor(2) as pool:
        results = list(zip(STATEMENTS, pool.map(run, STATEMENTS)))
    wrong = [f"{statement}\n    {done.stderr.strip()}" for statement, done in results
             if done.returncode != 0 and
             (not done.stderr.startswith("MR-") or done.stderr.startswith(SYNTAX))]
    assert not wrong, "\n".join(wrong)
    planned = sum(done.returncode == 0 for _, done in results)
    assert planned >= 90, f"only {planned} of {len(STATEMENTS)} are planned"
