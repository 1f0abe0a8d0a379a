"""Runs the examples as a newcomer would, with a kill -9 in the middle of the flights.

usage: demo.py MILLRACE

The flights script limits its rate, so that there is a middle to be killed in. The second run is the
same command on the same data directory: it goes on where the last committed epoch ended.
"""

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path("build/demo")
FLIGHTS = Path("examples/flights/flights.sql")
FLIGHTS_WITHOUT_PARQUET = Path("examples/flights/flights_json.sql")
EARTHQUAKES = Path("examples/earthquakes/earthquakes.sql")
KILL_AFTER_S = 4.0


def say(text):
    print(f"demo: {text}", file=sys.stderr, flush=True)


def command(program, script):
    return [program, "run", str(script), "--data", str(DATA / script.stem)]


def start(program, script):
    say("$ " + " ".join(command(program, script)))
    return subprocess.Popen(command(program, script), cwd=ROOT)


def run_and_kill(program, script, after_s):
    """Whether the process was alive to be killed."""
    process = start(program, script)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        say(f"kill -9 after {after_s:.0f} s; the same command again:")
        return True
    say(f"it ended before it could be killed, with {process.returncode}")
    return False


def run(program, script):
    started = time.monotonic()
    code = start(program, script).wait()
    if code:
        say(f"failed with {code}")
        sys.exit(1)
    say(f"done in {time.monotonic() - started:.1f} s")


def main():
    program = sys.argv[1]
    shutil.rmtree(ROOT / DATA, ignore_errors=True)
    (ROOT / DATA).mkdir(parents=True)
    flights = FLIGHTS
    if not (ROOT / "build/arrow/pyarrow/include/arrow/api.h").exists():
        say("Parquet was left out of this build: 20,000 flights from JSON instead of 3,000,000")
        flights = FLIGHTS_WITHOUT_PARQUET
    if run_and_kill(program, flights, KILL_AFTER_S):
        run(program, flights)
    run(program, EARTHQUAKES)
    say(f"what the scripts made durable stays in {DATA}; the scripts are worth reading")


if __name__ == "__main__":
    main()
