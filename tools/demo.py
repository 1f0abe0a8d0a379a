"""Runs the examples as a newcomer would, with a kill -9 in the middle of the flights.

usage: demo.py MILLRACE

The flights script limits its rate, so that there is a middle to be killed in. The second run is the
same command on the same data directory: it goes on where the last committed epoch ended.
"""

import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
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


def relay(terminal):
    """What the program writes to its terminal, as lines; of its progress line one a second."""
    shown = 0.0
    rest = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:  # the program has ended
            block = b""
        if not block:
            break
        *lines, rest = (rest + block).replace(b"\r\n", b"\n\n").replace(
            b"\r\x1b[K", b"\n").split(b"\n")
        for line in lines:
            is_progress = b" rows/s, " in line
            if not line or (is_progress and time.monotonic() < shown + 1):
                continue
            if is_progress:
                shown = time.monotonic()
            print(line.decode(), file=sys.stderr, flush=True)
    os.close(terminal)


class Run:
    """A started script. It believes that it writes to a terminal, so that it tells its progress."""

    def __init__(self, program, script):
        say("$ " + " ".join(command(program, script)))
        self.relay = None
        if sys.stderr.isatty():
            self.process = subprocess.Popen(command(program, script), cwd=ROOT)
            return
        terminal, end = pty.openpty()
        self.process = subprocess.Popen(command(program, script), cwd=ROOT, stderr=end,
                                        env={**os.environ, "TERM": "xterm"})
        os.close(end)
        self.relay = threading.Thread(target=relay, args=(terminal,))
        self.relay.start()

    def wait(self, timeout=None):
        code = self.process.wait(timeout)
        if self.relay:
            self.relay.join()
        return code


def run_and_kill(program, script, after_s):
    """Whether the process was alive to be killed."""
    run_of_script = Run(program, script)
    process = run_of_script.process
    try:
        run_of_script.wait(after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        run_of_script.wait()
        say(f"kill -9 after {after_s:.0f} s. What was committed until then:")
        data = command(program, script)[-1]
        subprocess.run([program, "topic", "list", "--data", data], cwd=ROOT, check=False)
        say("the same command again:")
        return True
    say(f"it ended before it could be killed, with {process.returncode}")
    return False


def run(program, script):
    started = time.monotonic()
    code = Run(program, script).wait()
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
