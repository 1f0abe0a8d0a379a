"""Finds the functions and classes of C++ code by its braces. Exact enough to measure them."""

import re
from dataclasses import dataclass

SCOPE = re.compile(r"^(inline\s+)?namespace\b|^extern\s*$")
CLASS = re.compile(r"^(template\s*<.*>\s*)?(requires\b.*\s)?(class|struct|union|enum)\b"
                   r"(?!.*\)\s*$)")
CLASS_NAME = re.compile(r"\b(?:class|struct|union|enum(?:\s+class)?)\s+"
                        r"(?:MILLRACE_\w+\s+|alignas\s*\([^)]*\)\s*|\[\[.*?\]\]\s*)*([\w:]+)")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:.*\\\n)*.*", re.MULTILINE)
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
    line: int
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
    stack, line, head_start, head_line, depth = [], 1, 0, None, 0
    for position, char in enumerate(code):
        if char == "\n":
            line += 1
        elif head_line is None and not char.isspace():
            head_line = line
        if char in "()":
            depth += 1 if char == "(" else -1
        elif char == "{":
            head = code[head_start:position]
            outside = all(block.kind in ("scope", "class") for block in stack)
            kind = kind_of(head) if outside and depth <= 0 else "other"
            stack.append(open_block(kind, head, head_line or line))
            head_start, head_line = position + 1, None
        elif char == "}":
            if stack:
                block = stack.pop()
                if block.kind == "function":
                    yield Function(block.item, block.line, line - block.line + 1)
                elif block.kind == "class":
                    yield block.item
            head_start, head_line = position + 1, None
        elif char == ";" and depth <= 0:
            if stack and stack[-1].kind == "class":
                count_virtual(stack[-1].item, code[head_start:position])
            head_start, head_line = position + 1, None


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


def open_block(kind, head, line):
    if kind == "class":
        name = CLASS_NAME.search(without_template(head))
        return Open(kind, line, Class(name[1] if name else "?", line))
    if kind == "function":
        name = NAME.search(head)
        return Open(kind, line, name[1] if name else "?")
    return Open(kind, line)


def count_virtual(cls, declaration):
    if re.search(r"\bvirtual\b", declaration) and "~" not in declaration:
        cls.virtuals += 1


def functions_of(code):
    return [block for block in blocks_of(code) if isinstance(block, Function)]


def classes_of(code):
    return [block for block in blocks_of(code) if isinstance(block, Class)]
