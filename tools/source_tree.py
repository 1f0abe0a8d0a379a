"""What the checkers know about the tree: its files, its includes, and src/LAYERS."""

import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
# Comments, raw strings, strings, character literals; digit separators are no literals.
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-zA-Z])'(?:\\.|[^'\\\n])+'", re.DOTALL)
LAYER_LINE = re.compile(r"(\d+) ([a-z]+):(.*)")


@dataclass(frozen=True)
class Complaint:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


@dataclass
class Layer:
    name: str
    line: int
    below: list = field(default_factory=list)
    third: list = field(default_factory=list)
    tests: list = field(default_factory=list)


def read_layers(root):
    """The modules of src/LAYERS by name, in the order of the file."""
    layers = {}
    for number, line in enumerate((root / "src/LAYERS").read_text().splitlines(), 1):
        match = LAYER_LINE.fullmatch(line)
        if not match:
            continue
        first, *parts = match[3].split("|")
        layer = Layer(match[2], number, first.split())
        for part in parts:
            kind, _, words = part.strip().partition(":")
            setattr(layer, kind, words.split())
        layers[layer.name] = layer
    return layers


def files_of(root):
    """Paths that git tracks or would track, relative to the root."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root,
                            capture_output=True, check=False)
    if listed.returncode == 0:
        paths = [Path(p) for p in listed.stdout.decode().split("\0") if p]
    else:
        paths = [p.relative_to(root) for p in root.rglob("*") if ".git" not in p.parts]
    return sorted(p for p in set(paths) if (root / p).is_file())


def without_comments(text):
    """The code alone: comments and the insides of literals become blanks, lines stay lines."""
    def blank(match):
        token = match[0]
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + re.sub(r"[^\n]", " ", token[1:-1]) + token[-1]
    return TOKEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def includes_of(text):
    """(line, is_project, path) of each include that is not commented out."""
    code = without_comments(text) if "/*" in text else text
    for match in INCLUDE.finditer(text):
        if code[match.start():match.end()].lstrip().startswith("#"):
            yield line_of(text, match.start(1)), match[1] == '"', match[2]


def is_test(path):
    return path.stem.endswith(("_test", "_bench"))
