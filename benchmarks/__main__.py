"""Run every benchmark that writes a part of docs, one after another."""

import subprocess
import sys

PARTS = (*("archive", "portals", "imagery", "change", "change.locate", "filings.sentences", "tables", "passport"),)

if __name__ == "__main__":
    failed = [p for p in PARTS if subprocess.run([sys.executable, "-m", f"benchmarks.{p}"], check=False).returncode]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)
