"""Pages of the reference that the program prints itself are as it prints them."""

import subprocess
from pathlib import Path

from conftest import PROGRAM

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference"


def printed(statement):
    command = [PROGRAM, "run", "-q", "-o", "markdown", "-c", statement]
    rows = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # Without padding, so that one long row does not change all others.
    return "\n".join(
        "| " + " | ".join(cell.strip() for cell in row.replace("\\|", "\0").split("|")[1:-1]) + " |"
        for row in rows.strip().splitlines()
    ).replace("\0", "\\|")


def check(page, statement):
    text = (REFERENCE / page).read_text()
    table = printed(statement)
    header = table.splitlines()[0]
    body = [line for line in table.splitlines()[2:]]
    assert header in text, f"{page}: run `millrace run -q -o markdown -c '{statement}'`"
    for line in body:
        assert line in text, f"{page} lacks: {line}"


def test_functions_are_as_the_program_lists_them():
    check("functions.md", "SHOW FUNCTIONS")


def test_settings_are_as_the_program_lists_them():
    check("settings.md", "SET 'parallelism' = '2'; SHOW ALL")
