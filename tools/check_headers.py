"""Compiles each header of src/ alone, so that none leans on what its includer included before it.

usage: check_headers.py [--seconds N]

A header is compiled again when its text or the includes behind it change: only they decide
whether it stands alone; whether its names still exist is what the build finds out. After N seconds
the rest is left for the next run (in CI there is no limit).
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_tree import ROOT, files_of, includes_of

CACHE = Path("build/.dev/headers.json")
GENERATED = "build/.dev/generated"
COMPILER = ["g++", "-std=gnu++23", "-fsyntax-only", "-msse4.2", "-mpopcnt", "-Isrc",
            f"-I{GENERATED}"]


def fingerprints(root, headers):
    """A hash for each header: of its own text and of the includes behind it."""
    texts = {header: (root / header).read_text() for header in headers}
    below = {header: [Path("src") / name for _, ours, name in includes_of(text) if ours]
             for header, text in texts.items()}

    def reach(header, found):
        for name in below.get(header, ()):
            if name not in found:
                found.add(name)
                reach(name, found)
        return found

    result = {}
    for header in headers:
        parts = [texts[header]]
        for name in sorted(reach(header, set())):
            behind = sorted(include for _, _, include in includes_of(texts.get(name, "")))
            parts.append(f"{name}: {behind}")
        result[str(header)] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return result


def generate(root):
    """Makes the headers that tables are made into, which others include."""
    tables = "src/kafka/messages"
    if (root / tables).is_dir():
        subprocess.run([sys.executable, "tools/kafka_messages.py", tables, GENERATED], cwd=root,
                       check=True)


def compile_alone(root, header):
    """Empty if it compiles, else what the compiler says."""
    command = [*COMPILER, "-include", str(header), "-x", "c++", "/dev/null"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def check(root, seconds=None):
    """Returns (complaints, how many were left for the next run)."""
    headers = [p for p in files_of(root) if p.parts[0] == "src" and p.suffix == ".h"]
    generate(root)
    wanted = fingerprints(root, headers)
    cache = root / CACHE
    known = json.loads(cache.read_text()) if cache.is_file() else {}
    stale = [header for header in map(str, headers) if known.get(header) != wanted[header]]
    deadline = time.monotonic() + seconds if seconds else None

    def task(header):
        if deadline and time.monotonic() > deadline:
            return header, None
        return header, compile_alone(root, header)

    complaints, left = [], 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, output in pool.map(task, stale):
            if output is None:
                left += 1
            elif output:
                first = [line for line in output.splitlines() if "error" in line][:2]
                complaints.append(f"{header}: does not compile alone\n  " + "\n  ".join(first))
            else:
                known[header] = wanted[header]
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps({h: f for h, f in known.items() if h in wanted}, indent=0))
    return complaints, left


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=25)
    args = parser.parse_args()
    complaints, left = check(ROOT, None if os.environ.get("CI") == "true" else args.seconds)
    for complaint in complaints:
        print(complaint)
    if left:
        print(f"headers: {left} are left for the next ./dev check")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
