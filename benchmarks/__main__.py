"""Run every benchmark, one after another; each writes its own section of docs/benchmarks.md."""

import subprocess
import sys
from pathlib import Path

PARTS = (
    *("archive", "faults", "imagery", "change", "nothing", "probes", "locate", "extraction"),
    *("verdict", "verdict_halls_table", "passport"),
)

if __name__ == "__main__":
    here = Path(__file__).parent
    failed = [
        part
        for part in PARTS
        if (here / f"{part}.py").exists()
        and subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=False).returncode
    ]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
