"""A server that a test starts on a free port, and the commands that speak to it."""

import os
import re
import signal
import subprocess
import time

from conftest import PROGRAM

PATIENCE_S = 60  # a machine may be busy


class Server:
    """`millrace server` on `folder`; a context manager that ends it."""

    def __init__(self, folder, *options, listen="127.0.0.1:0"):
        self.folder, self.options, self.brokers = folder, options, listen
        self.process = None

    def start(self):
        command = [PROGRAM, "server", "--data", str(self.folder / "data"), "--listen",
                   f"kafka={self.brokers}", "--listen", "http=off",
                   "--broker-set", "group.initial.rebalance.delay.ms=0",
                   "--broker-set", "group.min.session.timeout.ms=1000", *self.options]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        self.ready_line = self.process.stdout.readline()
        ready = re.search(r"kafka=(\S+)", self.ready_line)
        assert ready, (self.folder / "server.log").read_text()
        self.brokers = ready[1]
        return self

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            assert self.process.wait(PATIENCE_S) == 0
            self.process.stdout.close()
            self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def environment(self):
        return {**os.environ, "MILLRACE_BROKERS": self.brokers}

    def popen(self, *arguments, **options):
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([PROGRAM, *map(str, arguments)], env=self.environment(), **options)

    def run(self, *arguments, given=b""):
        """(exit code, stdout, stderr) of a command; --brokers is in its environment."""
        done = subprocess.run([PROGRAM, *map(str, arguments)], input=given, capture_output=True,
                              env=self.environment(), timeout=PATIENCE_S)
        return done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode()

    def ok(self, *arguments, given=b""):
        """What a command printed that must succeed."""
        code, out, err = self.run(*arguments, given=given)
        assert code == 0, err
        return out

    def create(self, *arguments):
        self.ok("topic", "create", *arguments)

    def produce(self, topic, given, *arguments):
        """What `produce` said about it."""
        code, out, err = self.run("produce", topic, *arguments, given=given)
        assert (code, out) == (0, ""), err
        return err

    def consume(self, *arguments):
        code, out, err = self.run("consume", "-e", *arguments)
        assert (code, err) == (0, ""), err
        return out


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited too long: {what}"
        time.sleep(0.02)
