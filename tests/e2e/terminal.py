"""A program behind a terminal, driven by keys as a person would."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

PATIENCE = 60  # seconds; a machine may be busy

# What a terminal obeys instead of showing it.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[=>]|\x1b\][^\x07]*\x07|\r")
# A sequence or letter of which only the beginning has come.
UNFINISHED = re.compile(rb"(?:\x1b(?:\[[0-9;?]*[ -/]*)?|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|"
                        rb"[\xf0-\xf7][\x80-\xbf]{0,2})?\Z")


class Terminal:
    """Starts `command` behind a terminal; a context manager that ends it."""

    def __init__(self, command, folder, columns=100, environment=None):
        base = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.environment = {**base, "TERM": "xterm-256color", "LANG": "C.UTF-8",
                            "HOME": str(folder), "TMPDIR": str(folder), **(environment or {})}
        self.command, self.folder, self.columns = command, folder, columns
        self.raw = b""
        self.shown = 0  # how much of it is in the text
        self.text = ""  # without what a terminal obeys
        self.seen = 0  # how much of the text was expected already
        self.status = None

    def __enter__(self):
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            try:
                os.chdir(self.folder)
                os.execve(self.command[0], self.command, self.environment)
            finally:
                os._exit(127)  # this copy of the tests ends here
        self.resize(self.columns)
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.process, signal.SIGKILL)
            os.waitpid(self.process, 0)
        os.close(self.terminal)

    def resize(self, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

    def keys(self, text):
        os.write(self.terminal, text.encode())

    def read(self, deadline):
        """False: nothing will come any more."""
        ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"waited too long; on the screen:\n{self.text[self.seen:]}"
        try:
            block = os.read(self.terminal, 65536)
        except OSError:  # the other end is closed
            block = b""
        self.raw += block
        part = self.raw[self.shown:]
        end = UNFINISHED.search(part).start() if block else len(part)
        self.text += CONTROL.sub("", part[:end].decode(errors="replace"))
        self.shown += end
        return bool(block)

    def expect(self, wanted):
        """Waits until `wanted` is on the screen behind what was expected before; what came until
        then."""
        deadline = time.monotonic() + PATIENCE
        while (at := self.text.find(wanted, self.seen)) < 0:
            assert self.read(deadline), f"ended without {wanted!r}:\n{self.text[self.seen:]}"
        came = self.text[self.seen:at]
        self.seen = at + len(wanted)
        return came

    def end(self):
        """Waits until the program has ended: what it said, and its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.read(deadline):
            pass
        _, status = os.waitpid(self.process, 0)
        self.status = os.waitstatus_to_exitcode(status)
        return self.text[self.seen:], self.status
