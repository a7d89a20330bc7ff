"""What `osint check --json` says of the claims of the SIMULATED world of `racks_world`, counted against their truth.

`python -m benchmarks.verdict.racks [SEED [CASES [SITES [VARIATION]]]]`; `VARIATIONS` lists the worlds.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.verdict.racks_world import END, VARIATIONS, Site, Truth, World, bracketed, make
from benchmarks.verdict.ranges import NEGATIVE, check, mean_gap
from osint.register import date_bounds

USUAL = ("5200", "2", "300", "usual")
"""Seed, cases, sites and variation without arguments."""
MANY = 3
CAPACITIES = ("chips", "servers", "pflops", "it_mw", "facility_mw", "racks")
CONFIRMED = 0.95
ROUNDED = 1.03
"""Factor by which a true number can be above its room by its rounding."""


@dataclass(frozen=True)
class Judged:
    """A claim with its truth and what was said of it."""

    truth: Truth
    site: Site
    claim: dict[str, Any]
    looks: list[dict[str, Any]]
    """Rows of its site, with whether they are of the right place."""
    said: dict[str, Any]
    bracketed: bool

    @property
    def finding(self) -> str:
        return str(self.said.get("finding") or "no answer")

    @property
    def negative(self) -> bool:
        return self.finding in NEGATIVE

    @property
    def seen(self) -> bool:
        return bool(self.looks)

    @property
    def all_right(self) -> bool:
        """Every look is of the right place."""
        return self.seen and all(row["right"] for row in self.looks)

    @property
    def due(self) -> dt.date:
        return date_bounds(self.claim.get("value_date") or self.claim["date"])[1]

    @property
    def sized(self) -> list[dict[str, Any]]:
        """Sizes of the whole of what is claimed, at a sure and right place, not misread."""
        return [
            row for row in self.looks
            if row.get("quantity") and row["right"] and float(row["p_place"] or 0) >= CONFIRMED
            and row.get("part", "") in ("", self.claim["part"])
        ]  # fmt: skip

    @property
    def surely_found(self) -> bool:
        """A size was taken on or after its day, or it has no day."""
        undated = self.claim.get("rung") == "announced"
        return not undated and any(dt.date.fromisoformat(row["date"]) >= self.due for row in self.sized)

    def number(self, name: str) -> float:
        value = self.said.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan


def judged(seed: int, sites: int, how: str = "usual", keep: Path | None = None) -> tuple[list[Judged], str]:
    """Make a case, have it judged, and put both beside each other."""
    world = make(seed, sites, VARIATIONS[how])
    with tempfile.TemporaryDirectory() as name:
        folder = (keep or Path(name)) / f"halls{seed}"
        world.write(folder / "data")
        findings, _, _, error = check(folder)
    said = {row["claim_id"]: row for row in findings}
    return list(_beside(world, said)), error


def _beside(world: World, said: dict[str, dict[str, Any]]) -> Iterator[Judged]:
    claims = {row["claim_id"]: row for row in world.claims}
    sites = {site.site_id: site for site in world.built}
    late = set(bracketed(world))
    for truth in world.truths:
        looks = [
            {**row, "right": truth.seen["right"][int(row["observer"].split()[1])]}
            for row in world.observations
            if row["site_id"] == truth.site_id
        ]
        yield Judged(
            truth,
            sites[truth.site_id],
            claims[truth.claim_id],
            looks,
            said.get(truth.claim_id, {}),
            truth.claim_id in late,
        )


def share(rows: Iterable[Judged], holds: Callable[[Judged], bool]) -> str:
    """Return how many of some rows hold, as words."""
    held = list(rows)
    hits = sum(holds(row) for row in held)
    return f"{hits} of {len(held)} ({hits / len(held):.1%})" if held else "none"


def coverage(rows: Iterable[Judged], whole: bool) -> str:
    """Return how often the interval of a site whose halls all stand holds what it can hold, and how wide it is."""
    inside = below = above = 0
    widths = []
    for row in rows:
        low, high = row.number("allowed_low"), row.number("allowed_high")
        room = row.truth.room * (row.truth.factor / row.truth.over_whole if whole else 1)
        if math.isnan(low + high) or high <= 0 or row.truth.kind not in CAPACITIES or not row.all_right:
            continue
        last = max(dt.date.fromisoformat(look["date"]) for look in row.looks)
        roofed = row.site.day("roofed", row.claim["part"])
        if roofed is None or roofed > min(last, row.due) or row.truth.seen["misread"]:
            continue
        inside, below, above = inside + (low <= room <= high), below + (room < low), above + (room > high)
        widths.append(high / low)
    n = inside + below + above
    if not n:
        return "none"
    return f"{inside / n:.0%} (n = {n}); truth below {below / n:.0%}, above {above / n:.0%}; high/low {sorted(widths)[n // 2]:.1f}"


def probability(rows: Iterable[Judged], true: Callable[[Judged], bool]) -> str:
    """Return the mean gap between the stated probability and the share of the true, and the bins."""
    told = [(row.number("probability"), true(row)) for row in rows if not math.isnan(row.number("probability"))]
    if not told:
        return "none stated"
    gap, cells = mean_gap(told)
    return f"{gap:.3f} (n = {len(told)}); {cells}"


def table(rows: list[Judged]) -> Iterator[str]:
    """Yield the lines of the table."""
    seen = [row for row in rows if row.seen]
    true = [row for row in seen if row.truth.true]
    late = [row for row in seen if row.truth.fault == "late"]
    capacity = [row for row in seen if row.truth.kind in CAPACITIES]
    sure = [row for row in capacity if row.surely_found]
    yield f"| claims without an answer (never) | {share(rows, lambda r: not r.said)} |"
    yield f"| true claims with a negative finding (at most 1%) | {share(true, lambda r: r.negative)} |"
    yield f"| of those, all looks at the right place | {share((r for r in true if r.all_right), lambda r: r.negative)} |"
    yield f"| true claims called strained | {share(true, lambda r: r.finding == 'strained')} |"
    yield f"| late, called supported (at most 1%) | {share(late, lambda r: r.finding == 'supported')} |"
    yield f"| late, seen after the due day without it at a sure place: caught (90% or more) | {share((r for r in late if r.bracketed), lambda r: r.negative)} |"
    yield f"| on time, date, called supported | {share((r for r in true if r.truth.kind == 'completion' and r.all_right), lambda r: r.finding == 'supported')} |"
    for name, of in (
        ("its place can hold for the claimant", "factor"),
        ("its place can hold if all of it is for AI", "over_whole"),
    ):
        many = [r for r in sure if getattr(r.truth, of) > MANY]
        yield f"| above {MANY}x what {name}, measured on or after its day: caught (80% or more) | {share(many, lambda r: r.negative)} |"
        yield f"| the same, caught or strained | {share(many, lambda r: r.negative or r.finding == 'strained')} |"
    yield f"| not there, whole place seen bare after its day, sure: caught | {share((r for r in rows if bare(r)), lambda r: r.negative)} |"
    for whole in (False, True):
        name = "if all of it is for AI" if whole else "for the claimant"
        yield f"| 90% interval holds what the place can hold {name} (85 to 97%) | {coverage(capacity, whole)} |"
        for kind in sorted({r.truth.hall for r in capacity}):
            yield f"| {kind} | {coverage((r for r in capacity if r.truth.hall == kind), whole)} |"
    for name, event in EVENTS.items():
        yield f"| probability, mean gap (at most .05); true: {name} | {probability(capacity, event)} |"


def bare(row: Judged) -> bool:
    """Return whether the whole of a claimed place was seen bare on or after its day, at a sure place, and is bare."""
    return (
        row.truth.fault == "not there" and row.claim.get("rung") != "announced"
        and row.site.day("begun", row.claim["part"]) is None
        and any(
            look.get("not_yet") == "ground broken" and look["right"] and float(look["p_place"] or 0) >= CONFIRMED
            and float(look["searched_share"]) == 1 and look.get("part", "") in ("", row.claim["part"])
            and dt.date.fromisoformat(look["date"]) >= row.due
            for look in row.looks
        )
    )  # fmt: skip


def _stood(row: Judged, whole: bool) -> bool:
    """Return whether what is roofed has room for the claimed number: on its day for a negative finding, else at last."""
    day = row.due if row.negative else END
    halls = [
        h for h in row.site.halls if row.claim["part"] in ("", h.part) and h.roofed is not None and h.roofed <= day
    ]
    of_chips = row.truth.kind in ("chips", "servers", "pflops")
    room = sum(h.room(row.truth.kind) / (h.ai_share if whole and of_chips else 1) for h in halls)
    room_of = row.site.whole_room if whole else row.site.room
    claimed = room_of(row.truth.kind, row.claim["part"]) * (row.truth.over_whole if whole else row.truth.factor)
    return room >= claimed / ROUNDED


EVENTS: dict[str, Callable[[Judged], bool]] = {
    "what stands has room for it, all of it for AI": lambda r: _stood(r, True),
    "what stands has room for it, for the claimant": lambda r: _stood(r, False),
    "the claim is true": lambda r: r.truth.true,
}


def section(seed: int, cases: int, sites: int, how: str) -> Iterator[str]:
    """Yield the section on fresh cases."""
    rows: list[Judged] = []
    errors = []
    for n in range(cases):
        more, error = judged(seed + n, sites, how)
        rows += more
        errors += [error] if error else []
    yield f"SIMULATED ({how}): {cases} cases of {sites} sites, seeds {seed} on, {len(rows)} claims.\n"
    yield "| measured | value |\n|---|---|"
    yield from table(rows)
    yield from (f"\nError: {error}" for error in errors)


def main() -> None:
    """Print the table of fresh cases."""
    seed, cases, sites, how = [*sys.argv[1:], *USUAL[len(sys.argv) - 1 :]]
    print("\n".join(section(int(seed), int(cases), int(sites), how)))


if __name__ == "__main__":
    main()
