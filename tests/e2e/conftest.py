"""What the end-to-end tests share: the program, run as a user runs it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE", str(ROOT / "build/release/millrace"))
DATA = ROOT / "examples/data"


class Millrace:
    """Runs the program; `folder` is where its files and data directory are."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"

    def command(self, sql, durable=False, output="jsonl", extra=()):
        script = self.folder / "script.sql"
        script.write_text(sql)
        command = [PROGRAM, "run", str(script), "-o", output, *extra]
        return command + (["--data", str(self.data)] if durable else [])

    def run(self, sql, **options):
        command = self.command(sql, **options)
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder, timeout=120)

    def rows(self, sql, **options):
        done = self.run(sql, **options)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def error(self, sql, **options):
        """What a failing script printed, with the folder taken out of paths."""
        done = self.run(sql, **options)
        assert done.returncode != 0, done.stdout
        lines = done.stderr.replace(str(self.folder) + "/", "").splitlines()
        start = next(at for at, line in enumerate(lines) if line.startswith("MR-"))
        return "\n".join(lines[start:])


@pytest.fixture
def millrace(tmp_path):
    return Millrace(tmp_path)
