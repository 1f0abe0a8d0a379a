"""Wraps whole-line // comments that are wider than the column limit; touches nothing else.

usage: wrap_comments.py FILE...
"""

import re
import sys
from pathlib import Path

COLUMNS_MAX = 100
COMMENT = re.compile(r"^(\s*//)(\s+)(\S.*)$")
LABEL = re.compile(r"^([A-Z]\w*:\s\s+|[-*] |\d+\. )")  # its text stands in a column of its own
START = re.compile(r"^([A-Z]\w*: |[-*] |\d+\. )")  # of a paragraph


def hanging(space, text):
    """The space before a continuation: under the text of a label or list item."""
    label = LABEL.match(text)
    return space + " " * len(label[1]) if label else space


def takes_rest(line, marker, space):
    """Whether the next line goes on with the same paragraph, so that the rest can stand in it."""
    match = COMMENT.match(line)
    return bool(match and match[1] == marker and match[2] == space and not START.match(match[3]))


def wrap(lines):
    wrapped, lines = [], list(lines)
    while lines:
        line = lines.pop(0)
        match = COMMENT.match(line)
        cut = line.rfind(" ", 0, COLUMNS_MAX + 1)
        if len(line) <= COLUMNS_MAX or not match or cut <= match.end(2):
            wrapped.append(line)
            continue
        marker, space, text = match.groups()
        space, rest = hanging(space, text), line[cut + 1:]
        if lines and takes_rest(lines[0], marker, space):
            rest += " " + COMMENT.match(lines.pop(0))[3]
        wrapped.append(line[:cut].rstrip())
        lines.insert(0, marker + space + rest)
    return wrapped


def main():
    for name in sys.argv[1:]:
        path = Path(name)
        text = path.read_text()
        wrapped = "\n".join(wrap(text.split("\n")))
        if wrapped != text:
            path.write_text(wrapped)


if __name__ == "__main__":
    main()
