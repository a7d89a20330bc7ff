"""Edit a figure, its data and its passport at random, and count what is verified though it changed: `verify` on 10^4 edits.

`python -m benchmarks.passport [EDITS]` writes the section of docs/benchmarks.md: verdicts by kind of edit, false ones, and
time an edit. Pixels are compared by libpng through GDAL, which the check itself does not use.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.sections import write_section
from osint.passport import Verdict, stamp
from tests.passport_edits import edited
from tests.test_passport import TOLD, chart, evidence, numbers

SEED = 1900
HEAD = """## Passport

Written by `python -m benchmarks.passport` (seed {seed}): {edits:,} random edits of one figure, its data and its passport,
each checked by `osint verify`. False is what was verified (INTACT or SAME PICTURE) though bytes, pixels (by libpng),
data or a text had changed: {false}. INTACT under "forge" is a passport rewritten whole with a new id, in a field that does
not touch the figure; only an id that came by another way, or a seal, shows that. {ms:.1f} ms of one core an edit.
"""


def main(edits: int) -> None:
    """Make the edits and write the section."""
    chance = random.Random(SEED)
    made = stamp(chart(), "claimed", numbers=numbers(), evidence=evidence(), dpi=100, **TOLD)
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        for name, body in made.files.items():
            (folder / name).write_bytes(body)
        began = time.process_time()
        found = [edited(chance, folder, made) for _ in range(edits)]
        seconds = time.process_time() - began
    counts = Counter((one.way, one.verdict) for one in found)
    words = [one for one in Verdict if any(one == verdict for _, verdict in counts)]
    lines = ["| edit | " + " | ".join(words) + " | false |", "| --- |" + " ---: |" * (len(words) + 1)]
    for way in sorted({one.way for one in found}):
        false = sum(one.false for one in found if one.way == way)
        lines.append(f"| {way} | " + " | ".join(str(counts[way, word]) for word in words) + f" | {false} |")
    false = sum(one.false for one in found)
    write_section(
        f"{HEAD.format(edits=edits, seed=SEED, false=false, ms=seconds / edits * 1000)}\n" + "\n".join(lines) + "\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
