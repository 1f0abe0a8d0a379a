"""A small tree that breaks no rule, for tests that plant one violation in it."""

import tempfile
import textwrap
from pathlib import Path

FILES = {
    "src/LAYERS": """\
        0 base: | third: fmt
        1 data: base | tests: testing
        2 log:  base
        9 testing: base data
        """,
    "src/base/README.md": "# base\n",
    "src/base/result.h": "#pragma once\n#include <string>\n",
    "src/base/result.cc": '#include "base/result.h"\n',
    "src/data/README.md": "# data\n",
    "src/data/batch.h": '#pragma once\n#include "base/result.h"\n',
    "src/data/batch.cc": '#include "data/batch.h"\n',
    "src/log/README.md": "# log\n",
    "src/log/ring.h": "#pragma once\n",
    "src/log/ring.cc": '#include "log/ring.h"\n',
    "src/testing/README.md": "# testing\n",
    "src/testing/driver.h": "#pragma once\n",
    "src/testing/driver_test.cc": '#include "testing/driver.h"\n',
}


class PlantedTree:
    """with PlantedTree({path: text}) as root: a folder with FILES and what was planted."""

    def __init__(self, planted=None):
        self.files = {**FILES, **(planted or {})}

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        for name, text in self.files.items():
            path = Path(self.folder.name) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(text, bytes):
                path.write_bytes(text)
            else:
                path.write_text(textwrap.dedent(text))
        return Path(self.folder.name)

    def __exit__(self, *_):
        self.folder.cleanup()
