"""Build the wheel, install it into an empty environment and use it from an empty folder (`make wheel`)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORT_CHECK = (
    # what an `import osint` from another folder must offer, and how long it may take
    "import time; t = time.perf_counter(); import osint; took = time.perf_counter() - t; "
    "assert took < 0.1, took; assert 'verdict' in dir(osint) and osint.__version__; "
    "assert osint.register.load_register().claims.shape[0] > 200; print(osint.__file__)"
)


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run one command without the checkout on the path; stop with its output where it fails."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "OSINT_DATA")}
    done = subprocess.run(
        [*map(str, command)], check=False, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def demo_answers(osint: Path, folder: Path) -> str:
    """Start `osint demo`, ask its world for scenes with `osint scenes`, and end it."""
    command = [osint, "demo", "--port", "0", "--size", "64", "--start", "2024-01-01", "--end", "2024-03-01"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            told = [server.stdout.readline() for _ in range(3)]
            example = told[1].split("osint ", 1)[1].split()
            return run(osint, *example, cwd=folder)
        finally:
            server.kill()


def main() -> None:
    """Print one line per thing that was tried."""
    with tempfile.TemporaryDirectory() as made:
        box = Path(made)
        venv.create(box / "env", with_pip=True)
        python = box / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        osint = python.with_name("osint")
        pip = (python, "-m", "pip", "install", "-q", "--disable-pip-version-check")
        run(*pip, "--require-hashes", "-r", ROOT / "requirements" / "run.txt")
        run(python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", box / "dist", ROOT)
        wheel = next((box / "dist").glob("*.whl"))
        run(*pip, "--no-deps", wheel)
        print(
            f"installed: {wheel.name}, {wheel.stat().st_size // 1000} kB, into Python {sys.version.split()[0]}",
            flush=True,
        )
        empty = box / "empty"
        empty.mkdir()
        print(f"imported from: {Path(run(python, '-c', IMPORT_CHECK, cwd=empty).strip()).parent.name}")
        checked = run(osint, "check", "XJ01", cwd=empty)
        assert "XJ01" in checked or "C0" in checked, checked
        print(f"osint check XJ01: {len(checked.splitlines())} lines")
        scenes = demo_answers(osint, empty)
        assert "2024-0" in scenes, scenes
        print(f"osint demo and osint scenes: {len(scenes.splitlines())} lines")
        assert not list(empty.iterdir()), "a verb that only reads left a file behind"


if __name__ == "__main__":
    main()
