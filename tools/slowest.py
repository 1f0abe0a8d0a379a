"""Prints the ten slowest translation units of a build directory, from ninja's own log.

usage: slowest.py BUILD_DIR
"""

import sys
from pathlib import Path


def slowest(log, count=10):
    seconds = {}
    for line in log.splitlines()[1:]:
        start_ms, end_ms, _, output, _ = line.split("\t")
        if output.endswith(".o"):
            seconds[output] = (int(end_ms) - int(start_ms)) / 1000
    return sorted(seconds.items(), key=lambda item: -item[1])[:count]


def main():
    log = (Path(sys.argv[1]) / ".ninja_log").read_text()
    print(f"slowest translation units of {sys.argv[1]}:")
    for output, seconds in slowest(log):
        print(f"  {seconds:6.1f} s  {output}")


if __name__ == "__main__":
    main()
