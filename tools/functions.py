"""Finds the functions and classes of C++ code by its braces. Exact enough to measure them."""

import re
from dataclasses import dataclass

from source_tree import line_of

SCOPE = re.compile(r"^(inline\s+)?namespace\b|^extern\s*$")
CLASS = re.compile(r"^(template\s*<.*>\s*)?(requires\b.*\s)?(class|struct|union|enum)\b"
                   r"(?!.*\)\s*$)")
CLASS_NAME = re.compile(r"\b(?:class|struct|union|enum(?:\s+class)?)\s+"
                        r"(?:MILLRACE_\w+\s+|alignas\s*\([^)]*\)\s*|\[\[.*?\]\]\s*)*([\w:]+)")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:.*\\\n)*.*", re.MULTILINE)
MARK = re.compile(r"[{}();]")
NAME = re.compile(r"([\w:~]+|operator\s*\S+?)\s*\(")


@dataclass
class Function:
    name: str
    line: int
    lines: int


@dataclass
class Class:
    name: str
    line: int
    virtuals: int = 0


@dataclass
class Open:
    kind: str  # scope, class, function, other
    start: int = 0
    item: object = None


def kind_of(head):
    head = head.strip()
    if SCOPE.search(head):
        return "scope"
    if CLASS.search(re.sub(r"\s+", " ", head)):
        return "class"
    if ")" in head and not head.endswith(("=", ",", "(", "return")):
        return "function"
    return "other"


def blocks_of(code):
    """Yields a Function or Class for each one that stands in a namespace or class."""
    code = PREPROCESSOR.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), code)
    stack, start, depth = [], 0, 0
    for match in MARK.finditer(code):
        mark, position = match[0], match.start()
        if mark in "()":
            depth += 1 if mark == "(" else -1
            continue
        if mark == ";" and depth > 0:
            continue
        if mark == "{":
            outside = all(block.kind in ("scope", "class") for block in stack)
            kind = kind_of(code[start:position]) if outside and depth <= 0 else "other"
            stack.append(open_block(kind, code, start, position))
        elif mark == ";" and stack and stack[-1].kind == "class":
            count_virtual(stack[-1].item, code[start:position])
        elif mark == "}" and stack:
            block = stack.pop()
            if block.kind == "function":
                lines = code.count("\n", block.start, position) + 1
                yield Function(block.item, line_of(code, block.start), lines)
            elif block.kind == "class":
                yield block.item
        start = position + 1


def without_template(head):
    """The head of a declaration without its `template <…>`."""
    match = re.match(r"\s*template\s*(?=<)", head)
    if not match:
        return head
    depth = 0
    for position in range(match.end(), len(head)):
        depth += {"<": 1, ">": -1}.get(head[position], 0)
        if depth == 0:
            return without_template(head[position + 1:])
    return head


def open_block(kind, code, start, end):
    if kind not in ("class", "function"):
        return Open(kind)
    head = code[start:end]
    start += len(head) - len(head.lstrip())
    if kind == "class":
        name = CLASS_NAME.search(without_template(head))
        return Open(kind, start, Class(name[1] if name else "?", line_of(code, start)))
    name = NAME.search(head)
    return Open(kind, start, name[1] if name else "?")


def count_virtual(cls, declaration):
    if re.search(r"\bvirtual\b", declaration) and "~" not in declaration:
        cls.virtuals += 1
