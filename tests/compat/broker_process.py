"""A Millrace server that the tests start, stop, kill and start again."""

import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

import wire

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = str(Path(os.environ.get("MILLRACE", ROOT / "build/release/millrace")).resolve())
READY = re.compile(rb"^ready .*\bkafka=(\S+)", re.MULTILINE)
START_LIMIT_S = 30
STOP_LIMIT_S = 30

# Short times, so that tests of groups need not wait.
SETTINGS = {
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
}


class Broker:
    """One server with its data in `folder`; it keeps its port over restarts."""

    def __init__(self, folder, **settings):
        self.folder = Path(folder)
        self.settings = {**SETTINGS, **{k.replace("_", "."): v for k, v in settings.items()}}
        self.bootstrap = "127.0.0.1:0"
        self.process = None

    def start(self):
        assert self.process is None
        command = [PROGRAM, "server", "--data", str(self.folder / "data"),
                   "--listen", f"kafka={self.bootstrap}", "--listen", "http=off"]
        for name, value in self.settings.items():
            command += ["--broker-set", f"{name}={value}"]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log)
        self.bootstrap = self._address()
        return self

    def _address(self):
        output, pipe, end = b"", self.process.stdout, time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            if not select.select([pipe], [], [], 0.5)[0]:
                continue
            part = os.read(pipe.fileno(), 4096)
            output += part
            if ready := READY.search(output):
                return ready.group(1).decode()
            if not part:
                break
        raise AssertionError(f"the server did not become ready: {output!r}\n{self.log()}")

    def log(self):
        return (self.folder / "server.log").read_text(errors="replace")

    def stop(self):
        """A graceful stop, which must succeed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop in {STOP_LIMIT_S} s") from None
        self._forget()
        assert code in (0, 128 + signal.SIGTERM), f"exited with {code}\n{self.log()}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._forget()

    def _forget(self):
        self.process.stdout.close()
        self.process = None

    def restart(self):
        self.stop()
        self.start()

    def kill_and_start(self):
        self.kill()
        self.start()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def served(self):
        """{API key: (lowest version, highest version)}, as the server says itself."""
        return wire.api_versions(self.bootstrap)
