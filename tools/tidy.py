"""Holds the tree to the rules that a machine can see: sizes, names, bans, dead files.

usage: tidy.py
"""

import re
import sys
from pathlib import Path

from functions import Function, blocks_of
from source_tree import (ROOT, TOKEN, Complaint, files_of, includes_of, is_test, line_of,
                         read_layers, without_comments)

LINES_MAX = {".h": 300, ".cc": 600, ".py": 600, "": 600}
MODULE_README_LINES_MAX = 80
FUNCTION_LINES_MAX = 60
VIRTUALS_MAX = 8
COLUMNS_MAX = 100
TEST_BINARY_BYTES_MAX = 64 * 1024

VAGUE = {"Util", "Utils", "Helper", "Helpers", "Common", "Misc", "Manager", "Impl", "Abstract"}
TERMS = re.compile("CommonTable")  # of SQL: a name that others gave

# (pattern, what to use instead, folders under src/ where it is allowed). Searched in code without
# comments and literals.
BANS = [
    (r"\bstd::chrono::(system|steady|high_resolution|utc|file)_clock\b", "io::Clock", {"io"}),
    (r"\b(clock_gettime|gettimeofday|localtime(_r)?|gmtime(_r)?)\s*\(", "io::Clock", {"io"}),
    (r"(?<![\w.:>])(::|std::)?time\s*\((nullptr|NULL|0)\)", "io::Clock", {"io"}),
    (r"\bstd::(jthread|thread|async)\b|\bpthread_create\b", "io::Threads", {"io"}),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.:>])(::)?sleep\s*\(",
     "io::Executor::post_at", {"io"}),
    (r"\bstd::(basic_)?[io]?fstream\b|\bstd::filesystem\b|\b(fopen|freopen|opendir)\s*\("
     r"|(?<![\w>])::(open|openat|creat|read|write|pread|pwrite|unlink|rename|mkdir)\s*\(",
     "io::FileSystem", {"io"}),
    (r"\bstd::random_device\b|\bstd::default_random_engine\b|(?<![\w.:>])(std::)?s?rand\s*\(",
     "io::Random", {"io"}),
    (r"(?<![\w.>])(std::|::)?(secure_)?getenv\s*\(", "a setting passed in", {"io", "cli"}),
    (r"\bstd::(cout|cerr|clog)\b|(?<![\w.:>])(std::|::)?f?printf\s*\(",
     "a stream passed in (data), or an Error", {"cli", "base"}),
    (r"\bstd::endl\b", r"'\n'", set()),
    (r"(?<![\w.])assert\s*\(", "MILLRACE_ASSERT", set()),
    (r"\bstd::regex\b", "RE2, which is linear", set()),
    (r"\bDISABLED_\w+", "a test that runs, or none", set()),
]
BANS = [(re.compile(pattern), instead, allowed) for pattern, instead, allowed in BANS]

# Searched in every text file, comments included.
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")
MACHINE_PATH = re.compile(r"(?<![\w.~$}*-])/(home|root|work|tmp)/\w")
# Files that speak about what they forbid.
ABOUT_RULES = {"tools/tidy.py", "tools/tests/test_tidy.py", "CONTRIBUTING.md"}

TEXT = {".h", ".cc", ".def", ".py", ".md", ".cmake", ".txt", ".slt", ".sql", ".sh", ".toml",
        ".world", ".yml", ".json", ".csv", ".jsonl", ""}
DATA = Path("examples/data")


class Tree:
    """The files of a tree, each read once."""

    def __init__(self, root):
        self.root = root
        self.paths = files_of(root)
        self.layers = read_layers(root)
        self.texts = {p: (root / p).read_text(errors="replace") for p in self.paths
                      if p.suffix in TEXT and DATA not in p.parents}
        self.code = {p: without_comments(t) for p, t in self.texts.items()
                     if p.suffix in (".h", ".cc")}

    def module_of(self, path):
        return path.parts[1] if path.parts[0] == "src" and len(path.parts) > 2 else None


def golden_lines(text):
    """Lines that raw strings reach into: expected output stands in a test as it is printed."""
    numbers = set()
    for match in TOKEN.finditer(text):
        if match[0].startswith("R"):
            numbers.update(range(line_of(text, match.start()), line_of(text, match.end()) + 1))
    return numbers


def check_sizes(tree):
    for path, text in tree.texts.items():
        lines = text.splitlines()
        limit = LINES_MAX.get(path.suffix) if path.name not in ("LICENSE", "LAYERS") else None
        if limit and len(lines) > limit:
            yield Complaint(path, limit, f"{len(lines)} lines; at most {limit}: split it")
        if path.suffix in (".h", ".cc", ".py", ".cmake") or path.name == "dev":
            golden = golden_lines(text) if is_test(path) else ()
            for number, line in enumerate(lines, 1):
                if number in golden or line.startswith("#include"):
                    continue
                if len(line) > COLUMNS_MAX:
                    yield Complaint(path, number, f"{len(line)} columns; at most {COLUMNS_MAX}")


def check_functions(tree):
    for path, code in tree.code.items():
        for block in blocks_of(code):
            if isinstance(block, Function):
                if block.lines > FUNCTION_LINES_MAX:
                    yield Complaint(path, block.line, f"{block.name} has {block.lines} lines; "
                                                      f"at most {FUNCTION_LINES_MAX}")
                continue
            if block.virtuals > VIRTUALS_MAX:
                yield Complaint(path, block.line, f"{block.name} has {block.virtuals} virtual "
                                                  f"functions; at most {VIRTUALS_MAX}")
            vague = VAGUE & set(re.findall(r"[A-Z][a-z0-9]*", TERMS.sub("", block.name)))
            if vague:
                yield Complaint(path, block.line, f"{block.name}: {vague.pop()} says nothing; "
                                                  "name what it is")


def check_names(tree):
    for path in tree.paths:
        if path.suffix in (".h", ".cc", ".py"):
            vague = VAGUE & {word.capitalize() for word in path.stem.split("_")}
            if vague:
                yield Complaint(path, 1, f"a file named {vague.pop().lower()}; name what it holds")
        if path.suffix in (".h", ".cc") and not re.fullmatch(r"[a-z0-9_]+", path.stem):
            yield Complaint(path, 1, "file names are snake_case")


def check_bans(tree):
    for path, code in tree.code.items():
        # A program of bench/ stands beside ours and knows nothing of it.
        place = "bench" if path.parts[0] == "bench" else tree.module_of(path)
        for pattern, instead, allowed in BANS:
            if place in allowed or place == "bench":
                continue
            for match in pattern.finditer(code):
                yield Complaint(path, line_of(code, match.start()),
                                f"`{match[0].strip()}` is banned; use {instead}")
        if path.suffix == ".h":
            for match in re.finditer(r"\busing\s+namespace\b", code):
                yield Complaint(path, line_of(code, match.start()),
                                "`using namespace` in a header; write the names out")
            if path.parts[0] != "cmake" and not re.match(r"\s*#pragma once\b", code):
                yield Complaint(path, 1, "the first line of a header is `#pragma once`")


def check_words(tree):
    for path, text in tree.texts.items():
        if str(path) in ABOUT_RULES:
            continue
        for match in UNFINISHED.finditer(text):
            yield Complaint(path, line_of(text, match.start()),
                            f"{match[0]}: finish it, or describe it in an issue")
        for match in MACHINE_PATH.finditer(text):
            yield Complaint(path, line_of(text, match.start()),
                            f"`{match[0]}…` is a path of one machine; write a relative one")


def check_dead_files(tree):
    included = {include for text in tree.code.values() for _, _, include in includes_of(text)}
    for text in tree.texts.values():
        included.update(re.findall(r'#include "([^"]+)"', text))
    for path in tree.paths:
        if path.parts[0] == "src" and path.suffix in (".h", ".def", ".inc"):
            if "/".join(path.parts[1:]) not in included:
                yield Complaint(path, 1, "nobody includes it: delete it")
        if path.suffix == ".cc" and not is_built(tree, path):
            yield Complaint(path, 1, "no target builds it: CMake takes src/<module>/**/*.cc, "
                                     "bench/*.cc and tests/fuzz/*_fuzz.cc")


def is_built(tree, path):
    if path.parts[0] == "src":
        return tree.module_of(path) in tree.layers
    if path.parts[0] == "bench":
        return len(path.parts) == 2
    return path.parts[0] == "cmake" or (path.parts[:2] == ("tests", "fuzz")
                                        and len(path.parts) == 3 and path.stem.endswith("_fuzz"))


def check_readmes(tree):
    present = {tree.module_of(path) for path in tree.paths} - {None}
    for module in sorted(present):
        readme = Path("src") / module / "README.md"
        if readme not in tree.texts:
            yield Complaint(readme, 1, "a module has a README: purpose, surface, invariants")
        elif (count := len(tree.texts[readme].splitlines())) > MODULE_README_LINES_MAX:
            yield Complaint(readme, MODULE_README_LINES_MAX,
                            f"{count} lines; at most {MODULE_README_LINES_MAX}")


def check_binaries(tree):
    for path in tree.paths:
        if DATA in path.parents:
            continue
        with (tree.root / path).open("rb") as file:
            if b"\0" not in file.read(8192):
                continue
        if path.parts[0] != "tests":
            yield Complaint(path, 1, "a binary file; they stand in examples/data or tests only")
        elif (tree.root / path).stat().st_size > TEST_BINARY_BYTES_MAX:
            yield Complaint(path, 1, "a binary of more than 64 KiB: let the test make it")


CHECKS = [check_sizes, check_functions, check_names, check_bans, check_words, check_dead_files,
          check_readmes, check_binaries]


def check(root):
    tree = Tree(root)
    return [complaint for part in CHECKS for complaint in part(tree)]


def main():
    complaints = check(ROOT)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
