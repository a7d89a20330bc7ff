"""Judge SIMULATED claims of known truth with `osint check --data CASE --json` and count what was said rightly.

`python -m benchmarks.verdict.ranges [claims|speed] [share of the seeds]` prints its tables.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sections import run, seeds
from benchmarks.verdict.ranges_world import KINDS, Seen, Truth, write_case

CASES, SITES = 4, 300
NEGATIVE = ("refuted", "deadline missed", "too early")
BINS = (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0001)
MANY = 3
"""Times what the place holds, above which a claim must be caught."""
DATED = ("installed", "can carry", "dated plan", "completion", "aggregate")
CAPACITY = ("installed", "can carry", "dated plan", "undated plan")
SPEED = (1000, 5000)
TEXTS = 7
"""Later texts of each site, which make some twenty claims with its plan."""


@dataclass(frozen=True)
class Judged:
    """A claim, what is true of it, what was looked at, and what the tool said."""

    truth: Truth
    seen: Seen | None
    said: dict[str, Any]

    @property
    def finding(self) -> str:
        return str(self.said.get("finding") or "")

    @property
    def negative(self) -> bool:
        return self.finding in NEGATIVE

    @property
    def right(self) -> bool:
        return self.seen is not None and self.seen.right

    @property
    def sure(self) -> bool:
        return self.seen is not None and self.seen.right and self.seen.sure

    @property
    def sort(self) -> str:
        return self.truth.sort.split(",")[0]

    @property
    def day(self) -> dt.date:
        """Day of which a capacity is asked: the claim's own, or that of the last look."""
        return self.truth.due or (self.seen.last if self.seen else dt.date.max)

    @property
    def numbered(self) -> bool:
        """It counts something that a hall can hold, in one reading."""
        return self.truth.hall is not None and self.truth.sort in (
            "installed",
            "can carry",
            "dated plan",
            "undated plan",
        )

    @property
    def complete(self) -> bool:
        """All of the site runs on the day of the claim and on that of the last look, and something was measured."""
        hall = self.truth.hall
        return bool(
            self.right and hall and self.truth.sort == "installed" and not self.truth.part and self.seen
            and len(hall.standing(min(self.day, self.seen.last))) == len(hall.parts)
            and any(r.get("quantity") for r in self.seen.rows)
        )  # fmt: skip


def check(folder: Path) -> tuple[list[dict[str, Any]], float, float, str]:
    """Run the tool on a case; return its findings, seconds of one core, peak MB, and the last words of an error."""
    with (folder / "out").open("w", encoding="utf-8") as out, (folder / "err").open("w", encoding="utf-8") as err:
        command = [sys.executable, "-m", "osint", "check", "--data", str(folder / "data"), "--json"]
        child = subprocess.Popen(command, stdout=out, stderr=err, env=os.environ)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    try:
        return json.loads((folder / "out").read_text(encoding="utf-8"))["findings"], seconds, peak, ""
    except (ValueError, KeyError):
        return [], seconds, peak, (folder / "err").read_text(encoding="utf-8").strip()[-400:] or "no JSON"


def judge(seed: int, sites: int = SITES, simulated: str = "", keep: Path | None = None) -> tuple[list[Judged], str]:
    """Make a case, run the tool on it, and put both beside each other."""
    with tempfile.TemporaryDirectory() as name:
        folder = (keep or Path(name)) / f"case{seed}{simulated}"
        truths, seen = write_case(folder, seed, sites, simulated)
        findings, _, _, error = check(folder)
    said = {f["claim_id"]: f for f in findings}
    return [Judged(t, seen.get(t.site_id), said.get(t.claim_id, {})) for t in truths], error


def of(rows: Iterable[Judged], names: tuple[str, ...] = NEGATIVE) -> str:
    """Return how many rows have one of some findings, of how many, and the share."""
    held = list(rows)
    hits = sum(r.finding in names for r in held)
    return f"{hits} of {len(held)} ({hits / len(held):.1%})" if held else "none to count"


def number(row: Judged, name: str) -> float:
    value = row.said.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan


def mean_gap(told: list[tuple[float, bool]]) -> tuple[float, str]:
    """Return the mean gap between stated probabilities and shares of the true over BINS, weighted, and the bins."""
    gap, cells = 0.0, []
    for low, high in itertools.pairwise(BINS):
        inside = [(p, true) for p, true in told if low <= p < high]
        if inside:
            stated, share_true = (sum(float(x[i]) for x in inside) / len(inside) for i in (0, 1))
            gap += len(inside) * abs(stated - share_true) / len(told)
            cells.append(f"{stated:.2f}: {share_true:.2f} ({len(inside)})")
    return gap, "; ".join(cells)


def probabilities(rows: list[Judged], room: bool) -> Iterator[str]:
    """Yield the stated probability against the share of which it was true.

    `room`: a claim that was not found negative asks whether what stood at the last look had room for it. Without
    `room`, and for a negative finding, it asks whether that much had reached the claimed rung on the day named.
    """
    told = [
        (number(r, "probability"), r.truth.holds(*((r.seen.last, "roofed") if room and not r.negative else (r.day,))) >= r.truth.claimed)
        for r in rows if r.numbered and r.seen
    ]  # fmt: skip
    told = [(p, room) for p, room in told if not math.isnan(p)]
    if not told:
        yield "| stated probability | none stated |"
        return
    brier = sum((p - room) ** 2 for p, room in told) / len(told)
    gap, cells = mean_gap(told)
    yield f"| probability, mean gap over bins, weighted (goal .05 or less); Brier | {gap:.3f}; {brier:.3f} (n = {len(told)}) |"
    yield f"| stated: true (n) | {cells} |"


def coverage(rows: list[Judged]) -> str:
    """Return how often the 90% interval holds the capacity of complete sites, and on which side it misses."""
    held = [(number(r, "allowed_low"), r.truth.holds(r.day), number(r, "allowed_high")) for r in rows if r.complete]
    held = [x for x in held if not math.isnan(x[0] + x[2])]
    if not held:
        return "none given"
    inside, under = sum(a <= x <= b for a, x, b in held), sum(x < a for a, x, b in held)
    width = sorted(b / a if a > 0 else math.inf for a, _, b in held)[len(held) // 2]
    return (
        f"{inside / len(held):.0%} (n = {len(held)}); truth below {under / len(held):.0%}, "
        f"above {1 - (inside + under) / len(held):.0%}; median high/low {width:.1f}"
    )


def room(rows: list[Judged]) -> str:
    """Return how often `room_for` is not below what stood (roofed) on `room_by`, and how far above it lies."""
    ratios = []
    for row in rows:
        most, by = number(row, "room_for"), re.match(r"\d{4}-\d\d-\d\d", str(row.said.get("room_by") or ""))
        if row.numbered and row.right and row.seen and not math.isnan(most):
            stood = row.truth.holds(dt.date.fromisoformat(by.group()) if by else row.seen.last, "roofed")
            ratios.append(most / stood if stood else (math.inf if most else 1.0))
    if not ratios:
        return "none given"
    return f"{sum(r >= 1 for r in ratios) / len(ratios):.0%} (n = {len(ratios)}); median {sorted(ratios)[len(ratios) // 2]:.1f} times it"


def table(rows: list[Judged], errors: list[str]) -> Iterator[str]:
    """Yield the table of goals."""
    true = [r for r in rows if r.truth.true and r.seen and r.sort in DATED]
    late = [r for r in rows if r.truth.late and r.seen]
    caught = [r for r in late if r.sure and r.seen and r.seen.series and r.seen.bracketed(r.truth)]
    numbers = [r for r in rows if r.numbered and r.sort != "undated plan" and r.seen]
    sized = [r for r in numbers if r.sure and r.seen and any(x.get("quantity") for x in r.seen.covering(r.truth.part))]
    many = [r for r in sized if r.truth.claimed > MANY * max(r.truth.holds(r.seen.last, "roofed"), 1e-9) and r.seen]
    large = [r for r in many if r.seen and (r.truth.due is None or r.seen.last >= r.truth.due)]
    early = [r for r in many if r not in large]
    halls = [r for r in large if r.seen and r.truth.claimed > MANY * r.truth.holds(r.seen.last, "roofed", share=False)]
    bare = [
        r for r in numbers if r.sure and not r.truth.holds(r.seen.last, "ground broken") and r not in sized and r.seen
    ]
    yield "| measured | value |"
    yield "|---|---|"
    yield f"| cases on which the tool ended without an answer (never) | {len(errors)} |"
    yield f"| true dated claims with a negative finding, at the right place | {of(r for r in true if r.right)} |"
    yield f"| the same, wrong place or not in what was searched | {of(r for r in true if not r.right and r.truth.hall)} |"
    yield f"| the same, p_place not stated | {of(r for r in true if r.seen and r.seen.p_place is None)} |"
    yield f"| the same, over all (at most 1%) | {of(true)} |"
    yield f"| undated plans, floor and money that are true, with a negative finding | {of(r for r in rows if r.truth.true and r.seen and r.sort not in DATED)} |"
    yield f"| true claims on an aggregate with a negative finding | {of(r for r in rows if r.truth.true and r.sort == 'aggregate')} |"
    yield f"| true claims called `strained` | {of((r for r in true), ('strained',))} |"
    yield f"| completions and dated plans that came late, called `supported` (at most 1%) | {of(late, ('supported',))} |"
    yield f"| the same, with a part | {of((r for r in late if r.truth.part), ('supported',))} |"
    yield f"| late, seen in a series after the due day at a sure place: caught (90% or more) | {of(caught)} |"
    yield f"| the same, with a part | {of(r for r in caught if r.truth.part)} |"
    yield f"| late, one or two looks after the due day at a sure place: caught | {of(r for r in late if r.sure and r.seen and not r.seen.series and r.seen.bracketed(r.truth))} |"
    yield f"| on time, called `supported` | {of((r for r in rows if r.truth.sort == 'completion' and r.truth.true and r.right), ('supported',))} |"
    yield f"| claim above {MANY}x what a sure place holds, something measured: caught (80% or more) | {of(large)} |"
    yield f"| the same, caught or `strained` | {of(large, (*NEGATIVE, 'strained'))} |"
    yield f"| the same, above {MANY}x even if all of the hall were for AI: caught | {of(halls)} |"
    for sort in ("installed", "can carry", "dated plan"):
        yield f"| of those, {sort} | {of(r for r in halls if r.sort == sort)} |"
    yield f"| the same, last looked at before the day of the claim: caught | {of(early)} |"
    yield f"| capacity said of a sure place where nothing stands: caught | {of(bare)} |"
    yield "| **90% interval holds the capacity, complete site, right place (85-97%)** | " + coverage(rows) + " |"
    for kind in KINDS:
        yield f"| {kind} | {coverage([r for r in rows if r.truth.hall and r.truth.hall.kind == kind])} |"
    yield f"| `room_for` is not below what stood (90% or more) | {room(rows)} |"
    for room_for in (True, False):
        for right in (True, False):
            event = "what stood at the last look had room" if room_for else "it ran on the day named"
            yield f"| **probability, {'right' if right else 'any'} place; true: {event}** | |"
            yield from probabilities([r for r in rows if r.right or not right], room_for)


def claims(portion: float) -> Iterator[str]:
    """Yield the section on what is said of claims whose truth is known."""
    rows: list[Judged] = []
    errors = []
    yield "## Verdict on a simulated world\n"
    for seed in seeds(0, CASES, portion):
        judged, error = judge(seed)
        rows += judged
        errors += [error] if error else []
    yield (
        f"Written by `python -m benchmarks.verdict.ranges claims`. {len(seeds(0, CASES, portion))} SIMULATED cases of {SITES} sites, "
        f"{len(rows)} claims; halls drawn by benchmarks/verdict/ranges_world.py, which shares no constant with the model.\n"
    )
    yield from table(rows, errors)
    yield from (f"\nError: {e}" for e in errors)


def speed(portion: float) -> Iterator[str]:
    """Yield the section on the time for many sites and claims."""
    yield "## Verdict, many claims\n"
    yield "Written by `python -m benchmarks.verdict.ranges speed`: SIMULATED cases, one process.\n"
    yield "| sites | claims | s of one core (goal 60 for 5,000 sites) | peak MB (goal 1000) | ms a claim |"
    yield "|---|---|---|---|---|"
    for sites in (round(n * portion) for n in SPEED):
        with tempfile.TemporaryDirectory() as name:
            truths, _ = write_case(Path(name) / "case", 0, sites, texts=TEXTS)
            findings, seconds, peak, error = check(Path(name) / "case")
        said = f"{seconds:.0f}" if findings else f"failed: {error}"
        yield f"| {sites} | {len(truths)} | {said} | {peak:.0f} | {1000 * seconds / len(truths):.2f} |"


PARTS = {"claims": claims, "speed": speed}

if __name__ == "__main__":
    run(PARTS, write=False)
