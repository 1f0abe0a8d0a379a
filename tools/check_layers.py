"""Holds src/ to src/LAYERS: who may include whom, and who may link with whom.

usage: check_layers.py [--link BUILD_DIR]
"""

import argparse
import re
import subprocess
import sys
from collections import defaultdict

from source_tree import (LAYER_LINE, ROOT, Complaint, files_of, includes_of, is_test,
                         read_layers)

# Prefix of an include → the library's name in cmake/third_party.cmake. All other headers are
# the standard library's or the system's.
THIRD_PARTY = {
    "fmt/": "fmt", "xxhash": "xxhash", "xxh3": "xxhash", "zstd": "zstd", "lz4": "lz4",
    "snappy": "snappy", "zlib.h": "zlib", "simdjson": "simdjson", "fast_float/": "fast_float",
    "double-conversion/": "double_conversion", "re2/": "re2", "utf8proc": "utf8proc",
    "date/": "tz", "CLI/": "cli11", "histedit.h": "libedit", "editline/": "libedit",
    "sqlite3": "sqlite", "arrow/": "parquet", "parquet/": "parquet", "jemalloc/": "jemalloc",
    "boost/": "boost", "gtest/": "gtest", "gmock/": "gtest", "benchmark/": "benchmark",
    "rapidcheck": "rapidcheck", "openssl/": "openssl", "librdkafka/": "rdkafka",
}
TEST_LIBRARIES = {"gtest", "benchmark", "rapidcheck"}
FREE_FOR_ALL = {"fmt", "boost"}
LIBRARY_IN_HEADERS = "fmt/core.h"


def library_of(include):
    for prefix, name in THIRD_PARTY.items():
        if include.startswith(prefix):
            return name
    return None


def check_law(layers, root):
    """The file itself: it names only what stands above, so no cycle can be written."""
    for number, line in enumerate((root / "src/LAYERS").read_text().splitlines(), 1):
        if line and not line.startswith("#") and not LAYER_LINE.fullmatch(line):
            yield Complaint("src/LAYERS", number, "expected `floor module: may include | …`")
    seen = set()
    for layer in layers.values():
        for kind, names in (("", layer.below), ("tests: ", layer.tests)):
            for name in names:
                if name not in layers:
                    yield Complaint("src/LAYERS", layer.line, f"no such module: {name}")
                elif not kind and name not in seen:
                    yield Complaint("src/LAYERS", layer.line,
                                    f"{layer.name} names {name}, which does not stand above it")
        if "testing" in layer.below:
            yield Complaint("src/LAYERS", layer.line,
                            f"{layer.name} names testing; only `tests:` may")
        seen.add(layer.name)


def is_ours(header):
    """Whether it stands in src/, or is made of a table that stands there."""
    return (header.is_file() or header.name == "api_list.h"
            or any(header.parent.rglob(header.stem + ".msg")))


def check_module_include(layers, root, path, line, include):
    module, target = path.parts[1], include.split("/")[0]
    if "/" not in include or not is_ours(root / "src" / include):
        return Complaint(str(path), line, f'no file src/{include}; write "module/file.h"')
    layer = layers[module]
    allowed = {module, *layer.below, *(layer.tests if is_test(path) else ())}
    if target in allowed:
        return None
    return Complaint(str(path), line, f"{module} may not include {target}; src/LAYERS lets it "
                                      f"include {' '.join(layer.below) or 'nothing'}")


def check_library_include(layers, path, line, include):
    library = library_of(include)
    if library is None or include == LIBRARY_IN_HEADERS:
        return None
    for_tests = is_test(path) or path.parts[1] == "testing"
    if library in TEST_LIBRARIES:
        if for_tests:
            return None
        return Complaint(str(path), line, f"<{include}> belongs to tests")
    if path.suffix != ".cc" and not for_tests:
        return Complaint(str(path), line, f"<{include}> in a header; third-party headers stay in "
                                          f".cc files ({LIBRARY_IN_HEADERS} excepted)")
    if library in FREE_FOR_ALL or library in layers[path.parts[1]].third:
        return None
    return Complaint(str(path), line, f"<{include}> needs `third: {library}` in src/LAYERS")


def check_includes(layers, root, paths):
    for path in paths:
        if len(path.parts) < 3 or path.parts[0] != "src" or path.suffix not in (".h", ".cc"):
            continue
        if path.parts[1] not in layers:
            yield Complaint(str(path), 1, f"src/LAYERS has no line for {path.parts[1]}")
            continue
        for line, ours, include in includes_of((root / path).read_text()):
            if ours and not include.startswith("millrace/"):
                complaint = check_module_include(layers, root, path, line, include)
            else:
                complaint = check_library_include(layers, path, line, include)
            if complaint:
                yield complaint


def check_header_cycles(root, paths):
    """Headers of one module that include each other in a ring."""
    graph = {}
    for path in paths:
        if path.parts[0] == "src" and path.suffix == ".h":
            text = (root / path).read_text()
            graph["/".join(path.parts[1:])] = [name for _, ours, name in includes_of(text) if ours]
    done, trail = set(), []

    def visit(header):
        if header in trail:
            ring = [*trail[trail.index(header):], header]
            yield Complaint(f"src/{header}", 1, "a ring of includes: " + " → ".join(ring))
        elif header not in done:
            trail.append(header)
            for name in graph.get(header, ()):
                yield from visit(name)
            trail.pop()
            done.add(header)

    for header in sorted(graph):
        yield from visit(header)


def symbols_of(archive):
    """(defined, undefined) names of namespace millrace in a static library, still mangled."""
    listing = subprocess.run(["nm", "-P", str(archive)], capture_output=True, text=True, check=True)
    defined, undefined = set(), set()
    for line in listing.stdout.splitlines():
        match = re.match(r"(_Z\S*8millrace\S*) (\S)", line)
        if match:
            (undefined if match[2] in "Uvw" else defined).add(match[1])
    return defined, undefined - defined


def check_links(layers, build):
    """A symbol that a module uses must come from a module that its line names."""
    tables = {name: symbols_of(build / f"lib{name}.a")
              for name in layers if (build / f"lib{name}.a").is_file()}
    owners = defaultdict(set)
    for name, (defined, _) in tables.items():
        for symbol in defined:
            owners[symbol].add(name)
    for name, (_, undefined) in tables.items():
        allowed = {name, *layers[name].below}
        strangers = sorted(s for s in undefined if owners[s] and not owners[s] & allowed)
        if strangers:
            demangled = subprocess.run(["c++filt", *strangers], capture_output=True, text=True,
                                       check=True).stdout.splitlines()
            for symbol, text in zip(strangers, demangled):
                yield Complaint("src/LAYERS", layers[name].line, f"{name} may not link with "
                                f"{'/'.join(sorted(owners[symbol]))}, but uses {text}")


def check(root, build=None):
    layers = read_layers(root)
    paths = files_of(root)
    yield from check_law(layers, root)
    yield from check_includes(layers, root, paths)
    yield from check_header_cycles(root, paths)
    if build and build.is_dir():
        yield from check_links(layers, build)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--link", metavar="BUILD_DIR", help="check its static libraries too")
    args = parser.parse_args()
    complaints = list(check(ROOT, args.link and ROOT / args.link))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
