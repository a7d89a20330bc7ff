"""`make report` says in one sentence what is wrong with Python, and leaves no half-made environment behind."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OLD = f"""#!/bin/sh
case "$1" in
-V) echo Python 3.9.2 ;;
-c) exec {sys.executable} -c 'raise SystemExit(1)' ;;
esac
"""
WITHOUT_ENSUREPIP = f"""#!/bin/sh
case "$1" in
-m) mkdir -p .venv/bin && cp /bin/false .venv/bin/python && exit 1 ;;
*) exec {sys.executable} "$@" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):  # the tests themselves may run under make
        monkeypatch.delenv(name, raising=False)
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "run.txt").touch()
    for name, body in (("old", OLD), ("bare", WITHOUT_ENSUREPIP)):
        (tmp_path / name).write_text(body)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("./old", "./old is Python 3.9.2; Python 3.11, 3.12 or 3.13 is needed: make report PYTHON=python3.12"),
        ("./bare", "no environment could be made with ./bare, and nothing was left behind; on Debian install"),
        ("python-that-is-not-there", "python-that-is-not-there is not there; install Python 3.11, 3.12 or 3.13"),
    ],
)
def test_a_wrong_python_is_one_sentence_and_nothing_is_left(python, said, checkout):
    for _ in range(2):  # a second try is not misled by the first
        done = subprocess.run(
            ["make", "report", f"PYTHON={python}"], cwd=checkout, capture_output=True, text=True, check=False
        )
        assert done.returncode and said in done.stdout and done.stdout.count("\n") == 1
        assert not (checkout / ".venv").exists()


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_what_was_left_half_made_is_made_anew(checkout):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    shutil.copy("/bin/false", checkout / ".venv" / "bin" / "python")
    done = subprocess.run(
        ["make", ".venv/.made", f"PYTHON={sys.executable}"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (checkout / ".venv" / ".made").exists()
