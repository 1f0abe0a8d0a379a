"""`help`, `--help`, `--version`, and what is said to a word that nobody knows."""

import re
import subprocess

import pytest
from conftest import PROGRAM, ROOT

ERRORS = (ROOT / "src/base/errors.def").read_text()
CODES = re.findall(r"^MILLRACE_ERROR\((\d+), (\w+)", ERRORS, re.M)
COMMANDS = ["run", "sql", "topic", "topic list", "topic create", "topic describe", "topic alter",
            "topic delete", "consume", "produce", "group", "group list", "group describe",
            "group seek", "group delete", "test", "bench", "bench nexmark",
            "bench log", "help"]


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("number, name", CODES)
def test_every_error_is_explained_with_what_to_do(number, name):
    text = run("help", f"MR-{number}").stdout
    assert text.startswith(f"MR-{number} {name}\n")
    cause, guide = text.split("\n\n")[1:3]
    assert "Cause: " in cause
    assert len(guide) > 60 and "The message names the place" not in guide, guide
    assert all(len(line) <= 100 for line in guide.splitlines())


def test_a_code_may_be_written_in_small_letters_or_as_a_number():
    whole = run("help", "MR-2006").stdout
    assert run("help", "mr-2006").stdout == whole and run("help", "2006").stdout == whole


@pytest.mark.parametrize("code", ["MR-2999", "MR-abc", "MR-"])
def test_a_code_that_is_none_is_refused(code):
    done = run("help", code)
    assert done.returncode == 2 and f"there is no error {code}" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples_first_and_is_the_same_both_ways(command):
    done = run("help", *command.split())
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.index("Examples:") < done.stdout.index(f"Usage: millrace {command}")
    assert all(len(line) <= 100 for line in done.stdout.splitlines())
    assert run(*command.split(), "--help").stdout == done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_the_reference_has_every_command_and_option(command):
    page = (ROOT / "docs/reference/cli.md").read_text()
    options = re.findall(r"^  (?:-\w, |    )(--[\w-]+)", run("help", *command.split()).stdout, re.M)
    assert options and command in page
    if command != "bench nexmark":  # its options are in nexmark.md
        missing = [option for option in options if option not in page and option != "--help"]
        assert missing == []


def test_connectors_and_formats_are_listed():
    assert re.search(r"^filesystem +\w", run("help", "connectors").stdout, re.M)
    assert re.search(r"^parquet +\w", run("help", "formats").stdout, re.M)


@pytest.mark.parametrize("words, near", [
    (["help", "consum"], "consume"), (["help", "filesytem"], "filesystem"), (["rnu"], "run"),
    (["topic", "lst"], "list"), (["--versoin"], "--version"), (["bench", "nexmrk"], "nexmark"),
])
def test_a_misspelt_word_gets_the_nearest_and_nothing_is_run(words, near):
    done = run(*words)
    assert done.returncode == 2 and done.stdout == ""
    assert f"Did you mean '{near}'?" in done.stderr


def test_a_word_that_nothing_is_near_gets_all():
    done = run("help", "nosuch")
    assert done.returncode == 2 and "consume" in done.stderr and "filesystem" in done.stderr


def test_without_a_command_the_help_comes_as_an_error():
    done = run()
    assert done.returncode == 2 and done.stdout == "" and done.stderr == run("--help").stdout
    assert "topic needs a command" in run("topic").stderr


def test_the_version():
    assert re.fullmatch(r"millrace \d+\.\d+\.\d+.*\n", run("--version").stdout)


def test_help_into_a_full_disk_is_an_error():
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 6 and done.stderr.startswith("MR-1003 stdout")
