"""What several sites hold together: as stated, by the room on paper, and by observation, with errors in common.

What documents state of chips and what the halls that they describe have room for are two totals, so that one can be
set beside the other.

A parent and its parts are never both counted, an aggregate stands for the announced sites that it covers, and a site
without evidence is named, not counted as zero.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from osint.errors import BadInputError, OsintError
from osint.model.conflict import CONTRADICT, conflicts
from osint.model.evidence import (
    BACKUP,
    CAPACITY,
    CONFIRMED,
    POWER,
    Dossier,
    given_of,
    most_of_whole,
    question,
    within_whole,
)
from osint.model.given import Given, show, sig, stated
from osint.model.network import unit_of
from osint.model.posterior import Posterior
from osint.model.readings import Readings
from osint.model.stated import CHIP_COUNTS
from osint.model.sums import SharedSum, sum_of
from osint.register import QUANTITIES, TAKEN_BACK, Modality, Observation, Register, Role, tidy_part

TOTALLED = ("chips", "pflops", "it_mw")
"""Quantities that are added."""
_ENDS = ("low", "best", "high")
WHOLE_SHARE = 0.95  # share of a place from which a size is that of all of it
NO_ROOM = CHIP_COUNTS | {"land_m2", "cost_cny"}
"""Quantities that say nothing of the room of a hall: the compute that is stated, the land under it, the money."""


class Ground(StrEnum):
    """What a total rests on."""

    STATED = "as stated"
    """Chips, servers and PFLOPS that documents state."""
    ROOM = "room on paper"
    """Floor, racks, power, energy and plant that documents state of the hall."""
    OBSERVATION = "by observation"


@dataclass(frozen=True, slots=True)
class Part:
    """One site in a total."""

    site_id: str
    givens: tuple[Given, ...]
    """Evidence that its number follows from."""
    interval: tuple[float, float, float]
    """Low, best and high (90%); low is 0 where only a ceiling is known."""
    dropped: tuple[Given, ...] = ()
    """Evidence of the site that contradicts the one that is used."""


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of one quantity on one ground."""

    quantity: str
    ground: Ground
    parts: tuple[Part, ...]
    without: tuple[str, ...]
    """Sites of which nothing on this ground gives the quantity: not counted, and not zero."""
    counted_in: Mapping[str, str]
    """Part -> the parent in whose number it is counted."""
    unconfirmed: tuple[str, ...]
    """Sites with observations of a place that is not confirmed: not counted."""
    bare: tuple[str, ...]
    """Sites where the whole place was looked at and nothing stood: counted as zero."""
    distribution: SharedSum | None
    """None where no site has evidence."""
    carry: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    """Site -> what its halls are said to be able to carry: a capacity, beside the sum and not in it."""
    floors: Mapping[str, tuple[Given, ...]] = field(default_factory=dict)
    """Site -> the bound that alone is stated for it, beside the sum and not in it: its parts are added, if any."""
    by_parts: tuple[str, ...] = ()
    """Sites that are not counted themselves, because their parts are."""
    in_part: tuple[str, ...] = ()
    """Sites of which a part alone was measured at a confirmed place: not counted."""
    of_all: tuple[Given, ...] = ()
    """What documents state for an aggregate as a whole: beside the sum of its sites, not in it."""

    @property
    def interval(self) -> tuple[float, float, float] | None:
        """Low, best and high (90%); None where no site has evidence."""
        if self.distribution is None:
            return (0.0, 0.0, 0.0) if self.bare else None
        return self.distribution.interval

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "quantity": self.quantity,
            "unit": unit_of(self.quantity),
            "ground": self.ground.value,
            **dict(zip(_ENDS, map(sig, self.interval) if self.interval else [None] * len(_ENDS), strict=True)),
            "interval": "90%",
            "sites_counted": len(self.parts) + len(self.bare),
            "sites_without_evidence": list(self.without),
            "counted_in": dict(self.counted_in),
            "place_not_confirmed": list(self.unconfirmed),
            "measured_in_part": list(self.in_part),
            "bare": list(self.bare),
            "stated_for_all": [{"given": g.text(), "ids": list(g.ids)} for g in self.of_all],
            "bounds_alone": {site: [g.text() for g in givens] for site, givens in self.floors.items()},
            "counted_by_parts": list(self.by_parts),
            "can_carry": {site: [g.text() for g in givens] for site, givens in self.carry.items()},
            "parts": [
                {
                    "site_id": p.site_id,
                    **dict(zip(_ENDS, map(sig, p.interval), strict=True)),
                    "from": [g.text() for g in p.givens],
                    "ids": [i for g in p.givens for i in g.ids],
                    "contradicted_by": [g.text() for g in p.dropped],
                }
                for p in self.parts
            ],
        }

    def text(self) -> str:
        """Return the total in words: the range, of which sites and by which rows, and which say nothing."""
        inside = [f"{part} in {parent}" for part, parent in self.counted_in.items()]
        listed = {
            "counted": "; ".join(f"{p.site_id} {self._counted(p)}" for p in self.parts),
            "looked at as a whole and bare, counted as zero": ", ".join(self.bare),
            f"no figure on this ground, not counted ({len(self.without)})": ", ".join(self.without),
            "seen, but the place is not confirmed, not counted": ", ".join(self.unconfirmed),
            "measured in part alone, not counted": ", ".join(self.in_part),
            "counted in another site": ", ".join(inside),
            "counted by its parts": ", ".join(self.by_parts),
        }
        lines = [self._head(), *(f"  {label}: {sites}" for label, sites in listed.items() if sites)]
        for site, givens in self.floors.items():
            lines.append(f"  stated as a bound alone, not counted: {site} {'; '.join(map(_bounded, givens))}")
        for site, givens in self.carry.items():
            lines.append(f"  said to be able to carry, not counted: {site} {'; '.join(map(_said, givens))}")
        for p in (p for p in self.parts if p.dropped):
            against, used = ("; ".join(map(_said, givens)) for givens in (p.dropped, p.givens))
            lines.append(f"  {p.site_id}: {used} is contradicted by {against}")
        for g in self.of_all:
            unit = _unit_stated(self.quantity)
            lines.append(f"  stated for all together: {stated(g)} {unit} [{', '.join(g.ids)}]")
        return "\n".join(lines)

    def _head(self) -> str:
        """Return the range and of how many sites it is."""
        on_paper = self.ground == Ground.STATED
        unit = _unit_stated(self.quantity) if on_paper else unit_of(self.quantity)
        looked_at = len(self.parts) + len(self.bare)
        everything = looked_at + len(self.without) + len(self.unconfirmed) + len(self.in_part)
        if self.interval is None:
            return f"{self.ground}, {self.quantity}: no figure at any of {everything} sites"
        low, best, high = map(show, self.interval)
        said = f"{_HEADS[self.ground]} {best} ({low} to {high}, 90%) {unit} at {looked_at} of {everything} sites"
        if self.quantity == "chips" and not on_paper:
            said += ", chip families weighed"
        if self.quantity == "pflops" and on_paper:
            said += ", whatever the precision, which most sources do not name"
        return f"{self.ground}, {self.quantity}: {said}"

    def _counted(self, p: Part) -> str:
        """Return what a site adds: a stated figure as its source has it, else its best estimate and what it is by."""
        if self.ground == Ground.STATED:
            return " and ".join(map(_said, p.givens))
        ids = ", ".join(sorted({i for g in p.givens for i in g.ids}))
        return f"{show(p.interval[1])} ({ids})"


_HEADS = {
    Ground.STATED: "the largest figures that documents state come to",
    Ground.ROOM: "the halls that documents describe would have room for",
    Ground.OBSERVATION: "room for",
}


_STATES = {"chips": ("chips", "servers"), "pflops": ("pflops",), "it_mw": ("it_mw", "facility_mw", "power_mw")}
"""Quantities that state one that is added: PFLOPS are no number of chips, and no power."""


def _unit_stated(quantity: str) -> str:
    """Return the unit of stated figures: most sources of PFLOPS name no precision, and none is added to their words."""
    return "PFLOPS" if quantity == "pflops" else unit_of(quantity)


def _said(g: Given) -> str:
    """Return a figure as its source has it, with the row that it comes from."""
    number = math.exp(g.log) if g.best is None else g.best
    return f"{show(number, 6)} {_unit_stated(g.quantity)} ({', '.join(g.ids)})"


def _bounded(g: Given) -> str:
    return f"{'at least' if g.high is None else 'at most'} {_said(g)}"


def expand(site_ids: Sequence[str], source: Register | Dossier) -> list[str]:
    """Return the sites that ids stand for: an aggregate stands for the announced sites that it covers.

    Raises NotFoundError for an unknown site, BadInputError for an aggregate that covers none.
    """
    dossier = Dossier.of(source)
    out: dict[str, None] = {}
    for site_id in site_ids or [s.site_id for s in dossier.sites.values() if s.role == Role.ANNOUNCED]:
        site = dossier.site(site_id)
        covered = [
            s.site_id
            for s in dossier.sites.values()
            if site.role == Role.AGGREGATE and s.role == Role.ANNOUNCED and s.covered_by(site)
        ]
        if site.role == Role.AGGREGATE and not covered:
            raise BadInputError(f"{site_id} covers no announced site; name the sites, or fill `covers` in sites.csv")
        out |= dict.fromkeys(covered or [site_id])
    return list(out)


def total(site_ids: Sequence[str], source: Register | Dossier) -> list[Total]:
    """Return the totals of TOTALLED on each ground for sites, aggregates expanded; all announced sites without ids.

    Raises NotFoundError for an unknown site.
    """
    dossier = Dossier.of(source)
    sites = expand(site_ids, dossier)
    wholes = [g for s in dict.fromkeys(site_ids) if dossier.aggregate(s) for g in _claimed(s, dossier)]
    out = []
    for ground in Ground:
        for quantity in TOTALLED:
            of_all = tuple(g for g in wholes if g.quantity == quantity) if ground == Ground.STATED else ()
            out.append(replace(_total(quantity, ground, sites, dossier), of_all=of_all))
    return out


def _total(quantity: str, ground: Ground, sites: list[str], dossier: Dossier) -> Total:
    found: dict[str, tuple[Posterior, Part]] = {}
    unconfirmed, bare, in_part = [], [], []
    for site in sites:
        givens = [g for g in _claimed(site, dossier) if (g.quantity in CHIP_COUNTS) == (ground == Ground.STATED)]
        if ground == Ground.STATED:
            givens = [g for g in givens if g.quantity in _STATES[quantity]]
        if ground == Ground.ROOM:
            givens = [g for g in givens if g.quantity not in NO_ROOM]
        if ground == Ground.OBSERVATION:
            seen = [o for o in dossier.observations[site] if o.quantity or o.not_yet]
            sure = [o for o in seen if (o.p_place or 0) >= CONFIRMED]
            unconfirmed += [site] if seen and not sure else []
            givens = _seen(site, dossier)
            in_part += [site] if not givens and any(_size(o) for o in sure) else []
            if not givens and any(o.not_yet and not tidy_part(o.part) and (o.searched_share or 0) >= 1 for o in sure):
                bare.append(site)
        most = _most(site, givens, dossier) if ground == Ground.ROOM else []
        answer = _answer(quantity, givens, most, site, dossier) if givens else None
        if answer:
            found[site] = answer
    counted_in = {}
    for site in sites:  # the number of a parent holds its parts; without one its parts are added
        above = dossier.ancestors(site)
        holder = next((a for a in above if a in found or a in bare), None)
        if holder:
            counted_in[site] = holder
    used = {s: f for s, f in found.items() if s not in counted_in}
    room = {s: tuple(g for g in _claimed(s, dossier, carry=True) if g.quantity in _STATES[quantity]) for s in sites}
    bare = [s for s in bare if s not in counted_in and s not in used]
    said = {*used, *bare, *counted_in, *unconfirmed, *in_part}
    # a parent whose parts are added is no site of its own
    parents = {a for s in (*used, *bare) for a in dossier.ancestors(s)}
    floors = {s: tuple(g for g in _claimed(s, dossier) if g.bound and g.quantity in _STATES[quantity]) for s in sites}
    return Total(
        quantity=quantity,
        ground=ground,
        parts=tuple(part for _, part in used.values()),
        without=tuple(s for s in sites if s not in said and s not in parents),
        counted_in=counted_in,
        unconfirmed=tuple(s for s in unconfirmed if s not in used and s not in counted_in),
        in_part=tuple(s for s in in_part if s not in used and s not in counted_in and s not in bare),
        bare=tuple(bare),
        carry={s: givens for s, givens in room.items() if givens and ground == Ground.STATED},
        floors={
            s: givens
            for s, givens in floors.items()
            if givens and ground == Ground.STATED and s not in used and s not in counted_in
        },
        by_parts=tuple(s for s in sites if s in parents and s not in said),
        distribution=sum_of([p for p, _ in used.values()]) if used else None,
    )


def _claimed(site: str, dossier: Dossier, *, carry: bool = False) -> list[Given]:
    """Return the largest figure of each quantity that documents give for the whole site; of its parts if of none.

    What halls can carry is a capacity and no number of chips: it is returned with `carry`, alone.
    """
    claims = [c for c in dossier.claims[site] if c.modality not in TAKEN_BACK and not c.error_test]
    claims = [c for c in claims if (c.modality == Modality.CAN_CARRY) == carry]
    whole = [c for c in claims if not tidy_part(c.part) and c.quantity] or claims
    best: dict[str, Given] = {}
    for claim in whole:
        given = given_of(claim)
        if given is None or (dossier.sites[site].country != "CN" and given.quantity == "cost_cny"):
            continue
        held = best.get(given.quantity)
        if held is None or (held.bound, -held.log) > (given.bound, -given.log):
            best[given.quantity] = given
    return list(best.values())


def _seen(site: str, dossier: Dossier) -> list[Given]:
    """Return the latest measurement of each quantity at a confirmed place: of the whole, and not of a part of it."""
    latest: dict[str, Observation] = {}
    for o in dossier.observations[site]:
        whole = not tidy_part(o.part) and (o.searched_share is None or o.searched_share >= WHOLE_SHARE)
        if (o.p_place or 0) < CONFIRMED or not _size(o) or o.simulated or not whole:
            continue
        if o.quantity not in latest or o.date.known[1] > latest[o.quantity].date.known[1]:
            latest[o.quantity] = o
    return [
        Given(o.quantity, o.low or None, o.high, o.observation_id, (o.observation_id,), True, o.best or None)
        for o in latest.values()
        if o.quantity not in BACKUP  # of a load that can be a part of what stands
    ]


def _size(o: Observation) -> bool:
    """Return whether a row measures something; a size of nothing is no size: `not_yet` says what was not there."""
    return o.quantity in QUANTITIES and o.low is not None and bool(o.high)


def _most(site: str, givens: list[Given], dossier: Dossier) -> list[Given]:
    """Return the hall of what holds a site, as a bound from above of what its own documents say."""
    ids = {i for g in givens if not g.bound for i in g.ids}
    newest = max((c for c in dossier.claims[site] if c.claim_id in ids), key=lambda c: c.day, default=None)
    return most_of_whole(replace(question(newest, dossier), part=""), dossier) if newest else []


def _answer(
    target: str, givens: list[Given], most: list[Given], site_id: str, dossier: Dossier
) -> tuple[Posterior, Part] | None:
    """Return the posterior of a site; where its givens contradict each other, by the most direct of them alone.

    It is not more than the `most` of what holds the site, unless that contradicts it.
    """
    site = dossier.sites[site_id]
    if any(g.quantity != "land_m2" and not g.bound for g in givens):
        givens = [g for g in givens if g.quantity != "land_m2"]  # land bounds nothing where more is known
    fixed = {"use of the hall": site.hall_use} if site.hall_use else {}

    def readings(known: Sequence[Given]) -> Readings:
        wanted, height = {target} | {g.quantity for g in known}, site.elevation_m
        return dossier.network.readings(wanted, country=site.country, fixed=fixed, elevation_m=height)

    def solved(chosen: list[Given]) -> tuple[Posterior, list[Given]] | None:
        try:
            answer = within_whole(target, chosen, most, readings)
        except OsintError:  # no chain of relations, or nothing that bounds it from above
            return None
        against = len(chosen) > 1 and any(c.p < CONTRADICT for c in conflicts(chosen, readings([*chosen])))
        return None if against else answer

    ranked = sorted(givens, key=lambda g: _indirect(g, target))
    found = solved(ranked) or next(filter(None, (solved([g]) for g in ranked)), None)
    if found is None:
        return None
    answer, used = found
    low, best, high = answer.interval
    left = tuple(g for g in givens if g not in used)
    return answer, Part(site_id, tuple(used), (0.0 if answer.ceiling else low, best, high), left)


def _indirect(given: Given, target: str) -> tuple[bool, int, str]:
    """Return how far a given is from the target, the most direct first."""
    kinds = (frozenset({target}), CHIP_COUNTS if target in CHIP_COUNTS else POWER, CAPACITY)
    return given.bound, next((i for i, k in enumerate(kinds) if given.quantity in k), len(kinds)), given.quantity


def totals_text(totals: Sequence[Total]) -> str:
    """Return all totals as plain text, and what they are not."""
    counted = {t.ground: {p.site_id for p in t.parts} for t in totals if t.quantity == TOTALLED[0]}
    stated_at, room_at = counted.get(Ground.STATED, set()), counted.get(Ground.ROOM, set())
    both = sorted(stated_at & room_at)
    lines = [t.text() for t in totals]
    if stated_at or room_at:
        apart = "" if stated_at == room_at else "The grounds count different sites. "
        where = f"{len(both)}: {', '.join(both)}" if both else "no site"
        lines.append(f"{apart}Chips are stated, and room is on file, at {where}.")
    lines.append("None of this is evidence that anything is there. The errors of relations are common to all sites.")
    return "\n".join(lines)
