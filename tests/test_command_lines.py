"""Every `osint` line of the README and of docs/cli.md is one that the command takes; those without a network are run."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from osint.cli._arguments import join_places
from osint.cli.main import build_parser, main

ROOT = Path(__file__).resolve().parent.parent
WORLD = "http://127.0.0.1:8917"
"""Address of the SIMULATED world that lines of docs/cli.md ask."""
SLOW = ("osint measure", "osint pair", "osint scenes", "osint score")
"""Lines that draw a world, or judge all sites."""
ELSEWHERE = ("osint observe", "osint date", "osint report")
"""Lines that take a minute: tests/test_cli_change.py and tests/test_report.py run these verbs on smaller input."""


def lines_of(name):
    """Return the lines of a document that begin with `osint`, whole, with whether they are said to need the network."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```(?:\w*)\n(.*?)```", text, re.S)
    for line in (line.strip().removeprefix("$ ") for block in blocks for line in block.splitlines()):
        if line.startswith("osint "):
            typed, _, remark = line.partition(" #")
            yield typed.strip().removesuffix("&").strip(), "network" in remark


def documented():
    return sorted({line for name in ("README.md", "docs/cli.md", "docs/case.md") for line, _ in lines_of(name)})


def run_here():
    said = (line for line, network in lines_of("docs/cli.md") if not network and not line.startswith(ELSEWHERE))
    return list(dict.fromkeys(said))


@pytest.mark.parametrize("line", documented())
def test_every_line_of_the_documents_is_one_that_the_command_takes(line):
    build_parser().parse_args(join_places(shlex.split(line)[1:]))


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """What a fresh clone holds, and nothing that the command made."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "data" / "raw", folder / "data" / "raw", ignore=shutil.ignore_patterns("captures", ".*"))
    shutil.copytree(ROOT / "samples", folder / "samples")
    return folder


@pytest.fixture(scope="module")
def world():
    from osint import simulated

    with simulated.served(simulated.make_demo(0)) as made:
        yield made.catalogue


def lines_to_run():
    return [pytest.param(x, marks=pytest.mark.slow) if x.startswith(SLOW) else x for x in run_here()]


@pytest.mark.parametrize("line", lines_to_run())
def test_every_line_that_needs_no_network_runs_on_a_fresh_clone(line, clone, monkeypatch, capsys, request):
    monkeypatch.chdir(clone)
    monkeypatch.delenv("OSINT_DATA", raising=False)
    monkeypatch.setenv("OSINT_CACHE", str(clone / "cache"))
    if WORLD in line:
        line = line.replace(WORLD, request.getfixturevalue("world"))
    before = {path.name for path in clone.iterdir()}
    assert main(shlex.split(line)[1:]) == 0, capsys.readouterr().err
    assert line.startswith("osint doctor") or capsys.readouterr().out
    # what it wrote is in the case, not in the folder where it was typed
    assert {path.name for path in clone.iterdir()} - before <= {"cache", "my-case"}


def test_the_example_of_the_documents_prints_what_the_command_prints(capsys):
    """The answer and its arithmetic, to the last digit."""
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    shown = re.findall(r"\$ (osint [^\n]*)\n(.*?)```", text, re.S)
    assert shown
    for line, printed in shown:
        assert main(shlex.split(line)[1:]) == 0
        out = capsys.readouterr().out.splitlines()
        assert [row for row in printed.splitlines()[:2] if row not in out] == [], line
