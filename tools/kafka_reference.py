"""Writes docs/reference/kafka.md: which APIs of the Kafka protocol are served, in which versions.

usage: kafka_reference.py [--check]

From the message tables and the handlers that stand in src/. --check only says whether the page is
as it should be.
"""

import re
import sys
from pathlib import Path

from kafka_messages import parse

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/reference/kafka.md"
HANDLED = re.compile(r"TypedHandler<\s*kafka::(\w+)Request\b")

HEAD = """# The Kafka protocol

Which requests the Kafka door answers; made by `tools/kafka_reference.py` from the tables in
`src/kafka/messages/` and the handlers in `src/broker/handlers/`. How to bring a program that
speaks Kafka: [Move from Kafka](../how-to/move-from-kafka.md).

A request of another API, or in another version, closes the connection, as clients expect;
ApiVersions answers every version.

| key | API | versions | what it asks for |
|---|---|---|---|
"""


def handled():
    """Names of the APIs with a handler."""
    names = set()
    for header in (ROOT / "src/broker/handlers").glob("*.h"):
        names.update(HANDLED.findall(header.read_text()))
    return names


def page():
    names = handled()
    messages = [parse(path) for path in (ROOT / "src/kafka/messages").rglob("*.msg")]
    lines = []
    for each in sorted(messages, key=lambda message: message.key):
        if each.name not in names:
            continue
        first, last = each.serve
        versions = f"{first}" if first == last else f"{first}–{last}"
        if each.advertise != each.serve:
            versions += f" (advertised from {each.advertise[0]})"
        lines.append(f"| {each.key} | {each.name} | {versions} | {each.about} |\n")
    return HEAD + "".join(lines)


def main():
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text)
    elif not PAGE.is_file() or PAGE.read_text() != text:
        raise SystemExit(f"{PAGE.relative_to(ROOT)}: run tools/kafka_reference.py to make it anew")


if __name__ == "__main__":
    main()
