"""Runs test programs, shows the output of those that fail, and counts.

usage: run_tests.py --tally FILE unit [--label L] [--filter F] PROGRAM...
       run_tests.py --tally FILE slt --program MILLRACE --world NAME PATH...
       run_tests.py --tally FILE pytest --program MILLRACE [--at-once N] PATH...
                    [PYTEST-OPTION...]
       run_tests.py --tally FILE fuzz --seconds N PROGRAM...
       run_tests.py --tally FILE summary

Each kind appends its counts to FILE and exits 0 whether or not tests failed, so that one failure
does not hide the rest; `summary` reads FILE, prints the last line and gives the verdict.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLAIN_TOTAL = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", re.MULTILINE)
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


@dataclass
class Outcome:
    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    output: str = ""


def execute(command, limit_s, environment=None):
    """Runs a command in the root of the tree; returns (exit code, output, seconds)."""
    started = time.monotonic()
    environment = {**os.environ, **SANITIZERS, **(environment or {})}
    with tempfile.TemporaryFile() as output:
        try:
            code = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=subprocess.STDOUT,
                                  timeout=limit_s, check=False).returncode
            note = ""
        except subprocess.TimeoutExpired:
            code, note = -1, f"\nstopped after {limit_s} s"
        except OSError as error:
            code, note = -1, f"\n{command[0]}: {error.strerror}"
        output.seek(0)
        text = output.read().decode(errors="replace") + note
    return code, text, time.monotonic() - started


def from_counts(name, counts, code, text, seconds):
    """Counts that a program reported; a program that died or reported nothing is a failure."""
    passed, failed, skipped = counts or (0, 0, 0)
    if code != 0 and failed == 0:
        failed = 1
        text += f"\n{name} exited with {code}"
    return Outcome(name, passed, failed, skipped, seconds, text)


def gtest_counts(report):
    try:
        suites = json.loads(report.read_text())["testsuites"]
    except (OSError, ValueError):
        return None
    passed = failed = skipped = 0
    for case in (case for suite in suites for case in suite["testsuite"]):
        if case.get("failures"):
            failed += 1
        elif case["status"] != "RUN" or case["result"] == "SKIPPED":
            skipped += case["result"] == "SKIPPED"
        else:
            passed += 1
    return passed, failed, skipped


def run_unit(program, label, test_filter, limit_s):
    module = Path(program).name.removesuffix("_test")
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [program, f"--gtest_output=json:{report}", "--gtest_brief=1"]
        # Under sanitizers the long runs take too long.
        deep = os.environ.get("MILLRACE_TEST_DEPTH") == "full" and label == "unit release"
        if test_filter or not deep:
            command.append(f"--gtest_filter={test_filter or '-Long/*'}")
        code, text, seconds = execute(command, limit_s)
        return from_counts(f"{label} {module}", gtest_counts(report), code, text, seconds)


def run_slt(program, world, paths, limit_s):
    command = [program, "test", *paths]
    if world != "default":
        command += ["--world", f"tests/worlds/{world}.world"]
    code, text, seconds = execute(command, limit_s)
    totals = PLAIN_TOTAL.findall(text)
    counts = tuple(int(n or 0) for n in totals[-1]) if totals else None
    return from_counts(f"slt {world}", counts, code, text, seconds)


def junit_counts(report):
    try:
        suites = xml.etree.ElementTree.parse(report).getroot().iter("testsuite")
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    passed = failed = skipped = 0
    for suite in suites:
        bad = int(suite.get("failures")) + int(suite.get("errors"))
        failed, skipped = failed + bad, skipped + int(suite.get("skipped"))
        passed += int(suite.get("tests")) - bad - int(suite.get("skipped"))
    return passed, failed, skipped


def run_pytest(program, paths, at_once, limit_s):
    environment = {"MILLRACE": str(ROOT / program), "PYTHONPATH": str(ROOT / "build/arrow"),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = ["/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider",
                   f"--junitxml={report}", *paths]
        if at_once > 1:
            command += ["-n", str(at_once)]
        code, text, seconds = execute(command, limit_s, environment)
        return from_counts(f"pytest {paths[0]}", junit_counts(report), code, text, seconds)


def run_fuzz(program, seconds_to_run):
    name = Path(program).name.removesuffix("_fuzz")
    found = ROOT / "build/fuzz/corpus" / name
    artifacts = ROOT / "build/fuzz/artifacts"
    seeds = ROOT / "tests/fuzz/corpus" / name
    found.mkdir(parents=True, exist_ok=True)
    artifacts.mkdir(parents=True, exist_ok=True)
    command = [program, f"-max_total_time={seconds_to_run}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={artifacts}/{name}-",
               str(found)]
    if seeds.is_dir():
        command.append(str(seeds))
    code, text, seconds = execute(command, seconds_to_run + 300)
    if code:
        return Outcome(f"fuzz {name}", 0, 1, 0, seconds, text)
    return Outcome(f"fuzz {name}", 1, 0, 0, seconds, text)


def report(outcome):
    skipped = f", {outcome.skipped} skipped" if outcome.skipped else ""
    print(f"{outcome.name:24} {outcome.passed:6} passed, {outcome.failed} failed{skipped}"
          f"  ({outcome.seconds:.1f} s)", flush=True)
    if outcome.failed:
        lines = outcome.output.strip().splitlines()
        if len(lines) > 120:
            lines = [*lines[:20], f"… {len(lines) - 120} lines left out …", *lines[-100:]]
        print("\n".join("    " + line for line in lines), flush=True)


def run_all(tasks, tally, at_once):
    """Runs the tasks, `at_once` at a time; reports and records them in the given order."""
    with ThreadPoolExecutor(at_once) as pool, tally.open("a") as file:
        for outcome in pool.map(lambda task: task(), tasks):
            report(outcome)
            file.write(f"{outcome.passed}\t{outcome.failed}\t{outcome.skipped}\n")


def summary(tally):
    rows = [line.split("\t") for line in tally.read_text().splitlines()] if tally.exists() else []
    passed, failed, skipped = (sum(int(row[i]) for row in rows) for i in range(3))
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tally", type=Path, required=True)
    kinds = parser.add_subparsers(dest="kind", required=True)
    kind = kinds.add_parser("unit")
    kind.add_argument("--label", default="unit")
    kind.add_argument("--filter")
    kind.add_argument("programs", nargs="+")
    kind = kinds.add_parser("slt")
    kind.add_argument("--program", required=True)
    kind.add_argument("--world", required=True)
    kind.add_argument("paths", nargs="+")
    kind = kinds.add_parser("pytest")
    kind.add_argument("--program", required=True)
    kind.add_argument("--at-once", type=int, default=1)
    kind.add_argument("paths", nargs=argparse.REMAINDER, help="the path, and options of pytest")
    kind = kinds.add_parser("fuzz")
    kind.add_argument("--seconds", type=int, required=True)
    kind.add_argument("programs", nargs="+")
    kinds.add_parser("summary")
    return parser.parse_args()


def main():
    args = arguments()
    full = os.environ.get("MILLRACE_TEST_DEPTH") == "full"
    if args.kind == "summary":
        return summary(args.tally)
    if args.kind == "unit":
        limit_s = 1800 if full else 300
        tasks = [lambda p=p: run_unit(p, args.label, args.filter, limit_s) for p in args.programs]
    elif args.kind == "slt":
        tasks = [lambda: run_slt(args.program, args.world, args.paths, 3600 if full else 600)]
    elif args.kind == "pytest":
        tasks = [lambda: run_pytest(args.program, args.paths, args.at_once, 7200 if full else 900)]
    else:
        tasks = [lambda p=p: run_fuzz(p, args.seconds) for p in args.programs]
    run_all(tasks, args.tally, os.cpu_count() or 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
