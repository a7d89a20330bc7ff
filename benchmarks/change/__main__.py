"""Score what is said of the ground on SIMULATED scenes with known truth.

`python -m benchmarks.change [roofs|areas|faults|search|still|fields|decoys] [share of the seeds]`; each part writes a
section of its own in docs/benchmarks.md.
"""

from benchmarks.change import nothing, roofs, search
from benchmarks.sections import run

PARTS = {
    "roofs": roofs.roofs, "areas": roofs.areas, "faults": roofs.faults, "search": search.search,
    "still": nothing.outlines, "fields": nothing.fields, "decoys": nothing.areas,
}  # fmt: skip

if __name__ == "__main__":
    run(PARTS)
