"""What to get next: the place first, then the observations nobody has made yet, by how much they would say alone.

`osint check` orders by the width of the range that each would leave by itself, which is a property of the relations and
not of what is on file; sites with the same question share it. `osint next` orders by what each would do to the answer
on file, which is worked out when it is asked for: the network predicts what it would show; for each value that it could
show, the answer is solved again. The expected narrowing and the chance that a finding turns are averages over that
prediction, by quadrature on the exact distribution (Lindley 1956). What bounds the answer on one side only comes after
them, without a number.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields, replace
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

from osint import model
from osint.errors import NotFoundError, OsintError
from osint.model import CONFIRMED, ROUNDING, Dossier, Given, Posterior, Question, Reading, percent, show
from osint.register import Bounding, Claim, Register
from osint.verdict.rules import REFUTE, STRAIN
from osint.verdict.third_look import SHARP_ZOOM, ThirdLook, third_looks

NEAR_KM = 1.0  # precision of a coordinate up to which a picture shows the site and not its county
VALUES = 15  # quantiles of the prediction at which the answer is solved again
SHARP = frozenset({"chillers", "chiller_area_m2"})
"""Quantities that take a sharp picture of a place that is known."""
TESTED = (("chips", "servers"), ("pflops",), ("it_mw", "facility_mw", "power_mw"), ("racks", "cabinets"))
"""Quantities of which the largest claim is tested if none is named, the first that a site has."""


@dataclass(frozen=True, slots=True)
class PossibleObservation:
    """An observation that could be made."""

    name: str
    quantity: str
    """Quantity of the model that it gives."""
    half_width: float
    """Half of its 90% interval, as a share (judgement)."""
    country: str
    """CN, other, or empty where it can be got in any country."""
    one_sided: bool
    """Whether it bounds the answer on one side only, so that no narrowing is worked out."""
    bounds: str
    """What it bounds."""
    where: str
    """Where to look."""
    words: str
    """What to search for at the portals, in Chinese; empty where they have nothing of it."""

    def found_in(self, country: str) -> bool:
        """Return whether it can be got in a country."""
        return self.country in {"", "CN" if country == "CN" else "other"}


CANDIDATES = tuple(
    PossibleObservation(
        row["name"],
        row["quantity"],
        float(row["half_width"]),
        row["country"],
        row["one_sided"] == "yes",
        row["bounds"],
        row["where"],
        row["search"],
    )
    for row in csv.DictReader(files("osint.verdict").joinpath("candidates.csv").read_text("utf-8").splitlines())
)


@dataclass(frozen=True, slots=True)
class NextStep:
    """One thing to get, and what it would do to the answer; NaN where that cannot be said."""

    rank: int
    observation: str
    alone: float = math.nan
    """Width of the 90% interval by this observation alone, high/low; `osint check` orders the steps by it."""
    narrows_to: float = math.nan
    """Expected width of the 90% interval, high/low."""
    now: float = math.nan
    """The same today; NaN if unbounded."""
    turns: float = math.nan
    """Chance that the finding changes."""
    expects_low: float = math.nan
    expects_best: float = math.nan
    """What the network predicts that it will show, in `unit`."""
    expects_high: float = math.nan
    expects_from: str = ""
    """Ids of the documents on file from which that is predicted."""
    unit: str = ""
    where: str = ""
    """Where to look."""
    for_claim: str = ""
    """Claim that it would test."""
    bounds: str = ""
    """What it bounds."""
    run: str = ""
    """Line of the command `osint` that begins the work; empty where it has none."""

    def lines(self) -> tuple[str, ...]:
        """Return where it is, what it bounds, what it would decide and show, and the line to run."""
        lines = [f"where: {self.where}", f"it bounds {self.bounds}" if self.bounds else ""]
        if math.isfinite(self.narrows_to):
            today = f"{self.now:g}" if math.isfinite(self.now) else "not bounded"
            turns = ""
            if math.isfinite(self.turns):
                word = next(words for least, words in TURNS if self.turns >= least)
                turns = f"; it {word} (chance {percent(self.turns)})"
            lines.append(f"high end over low end of the answer: {self.narrows_to:g} with it, today {today}{turns}")
        if math.isfinite(self.expects_best):
            ends = f"{show(self.expects_best)} ({show(self.expects_low)} to {show(self.expects_high)}) {self.unit}"
            are = "are" if "," in self.expects_from else "is"
            lines.append(f"if {self.expects_from} on file {are} right, it shows about {ends}")
        return tuple(filter(None, [*lines, f"run: {self.run}" if self.run else ""]))

    def text(self) -> str:
        """Return it as plain text."""
        return "\n   ".join([f"{self.rank}. {self.observation}", *self.lines()])


TURNS = (
    (0.5, "would probably change the finding"),
    (0.1, "may change the finding"),
    (0.0, "would hardly change the finding by itself"),
)
"""Words for the chance that a step changes a finding, from the least chance of each on."""
PHOTOGRAPH = NextStep(
    0,
    "a dated photograph",
    where="a dated ground or satellite picture: shows the stage (ground broken, roofed) and its date, not a number",
)
"""What gives a rung and no quantity; it comes last."""
LIST = NextStep(
    0,
    "the list of its sites",
    where="the filings or the text that the total was counted from: one name or address each",
)
"""The same for a total over several sites, of which there is no picture."""
PLACE = NextStep(0, "the place itself")
UNTIL = "Until the place is confirmed, nothing that is seen there speaks for or against a claim"
"""What comes first where no observation is surely of the place and the coordinate is not good enough."""


def steps_frame(steps: list[NextStep]) -> pd.DataFrame:
    """Return one row per step, with the fields of `NextStep` as columns."""
    return pd.DataFrame([astuple(s) for s in steps], columns=[f.name for f in fields(NextStep)])


def next_steps(site_id: str, source: Register | Dossier, claim_id: str | None = None) -> list[NextStep]:
    """Rank what to get next for a site, for its largest claim of chips or compute (or the claim named).

    The steps of `steps_in_order`, each with what it would do to the answer on file, and in the order of that; where
    observers contradict each other, the look that would settle it comes first, behind the place. Raises
    NotFoundError for an unknown site, or for a claim that is not a number of this site.
    """
    dossier = Dossier.of(source)
    steps = with_third_looks(steps_in_order(site_id, dossier, claim_id), third_looks(site_id, dossier, claim_id))
    claim = _claim_to_test(site_id, dossier, claim_id)
    if claim is None:
        return steps
    q = model.question(claim, dossier)
    firm = [g for g in model.gather(q, dossier) if not g.bound]
    threshold = math.log(claim.claimed * (1 - ROUNDING[Bounding.EXACT]))
    named = {c.name: c for c in CANDIDATES}
    # of what is on file, the same for every candidate: it does not need the readings of what it does not ask for
    now = model.posterior(q.quantity, firm, model.readings_for(q, firm, dossier))[0] if firm else None
    told = [
        s if math.isnan(s.alone) else _worth(s, named[s.observation], q, firm, now, threshold, dossier) for s in steps
    ]
    return _as_printed(told)


def _as_printed(steps: Sequence[NextStep]) -> list[NextStep]:
    """Return the steps with those that have a number in its order: by what each narrows the answer to, or alone."""
    ranked = sorted(
        (s for s in steps if not math.isnan(s.alone)),
        key=lambda s: (math.isnan(s.narrows_to), s.narrows_to, s.alone, s.observation),
    )
    in_order = iter(ranked)
    out = [s if math.isnan(s.alone) else next(in_order) for s in steps]
    return [replace(s, rank=rank) for rank, s in enumerate(out, 1)]


def steps_in_order(site_id: str, source: Register | Dossier, claim_id: str | None = None) -> list[NextStep]:
    """Return what to get next for a site by what each says alone, without what it would do to the answer on file.

    The place comes first where it is not confirmed, a dated photograph last; between them, what leaves the narrowest
    range by itself comes first. Each step has the line of the command that begins it, where there is one. Raises as
    `next_steps`.
    """
    dossier = Dossier.of(source)
    claim = _claim_to_test(site_id, dossier, claim_id)
    place = _place(site_id, dossier)
    last = LIST if dossier.aggregate(site_id) else replace(PHOTOGRAPH, run=_looked(site_id, dossier))
    if claim is None:
        return [replace(s, rank=rank) for rank, s in enumerate([*place, last], 1)]
    q = model.question(claim, dossier)
    seen = {g.quantity for g in model.gather(q, dossier)} | {q.quantity}
    if q.quantity == "servers":
        seen.add("pflops")  # the same number in another unit
    open_to = [c for c in CANDIDATES if c.quantity not in seen and c.found_in(q.country)]
    lines = {c.name: _line(c, site_id, dossier) for c in open_to}
    alone = {c: _alone(c, q, dossier) for c in open_to if not c.one_sided}
    model.settle(p for p in alone.values() if p is not None)
    found = [_by_itself(c, p) for c, p in alone.items() if p is not None]
    steps = sorted(found, key=lambda s: (s.alone, s.observation))
    steps += [NextStep(0, c.name, where=c.where, bounds=c.bounds) for c in open_to if c.one_sided]
    told = [replace(s, run=lines[s.observation]) for s in steps]
    return [replace(s, rank=rank, for_claim=claim.claim_id) for rank, s in enumerate([*place, *told, last], 1)]


def with_third_looks(steps: Sequence[NextStep], looks: Sequence[ThirdLook]) -> list[NextStep]:
    """Return steps with those that would settle a contradiction behind the place, before all others."""
    after = sum(s.observation == PLACE.observation for s in steps)
    settling = [NextStep(0, look.observation, where=look.where, run=look.run) for look in looks]
    out = [*steps[:after], *settling, *steps[after:]]
    return [replace(s, rank=rank) for rank, s in enumerate(out, 1)]


def _place(site_id: str, dossier: Dossier) -> list[NextStep]:
    """Return the place as a step where it is not confirmed: no sure observation, and no coordinate good to 1 km."""
    site = dossier.site(site_id)
    seen = [o for o in dossier.observations[site_id] if o.lat is not None and not o.simulated]
    if dossier.aggregate(site_id) or any((o.p_place or 0) >= CONFIRMED for o in seen):
        return []
    if site.lat is None:
        search = _search(site_id, "选址", dossier)
        where = (
            "no coordinate is on file; find an address, a plot or a map in an approval, a tender or a report. " + UNTIL
        )
        return [replace(PLACE, where=where, run=search)]
    if site.coord_precision_km is not None and site.coord_precision_km <= NEAR_KM:
        return []
    where = f"the coordinate on file ({site.point}) is known to {site.known_to}; "
    where += f"look for new roofs within it, then for an address, a name on a map or a second witness. {UNTIL}"
    span, line = _span(site_id, dossier), ""
    if span:
        line = f"osint locate {site_id} --start {span[0]} --end {span[1]} --out {site_id}.geojson"
    return [replace(PLACE, where=where, run=line)]


def _span(site_id: str, dossier: Dossier) -> tuple[dt.date, dt.date] | None:
    """Return the first day of the year before the first text on a site, and the last day of any text.

    None where no claim has a date.
    """
    if dossier.span is None:
        return None
    earliest, latest = dossier.span
    own = [c.date.known[0] for c in dossier.claims[site_id] if c.date]
    return dt.date(min(own, default=earliest).year - 1, 1, 1), latest


def _search(site_id: str, words: str, dossier: Dossier) -> str:
    """Return the line that asks the portals, which are Chinese, for words and the name of a site."""
    site = dossier.site(site_id)
    span = _span(site_id, dossier)
    if site.country != "CN" or not words or not site.name_zh or span is None:
        return ""
    name, (first, last) = re.split(r"[\s/]+", site.name_zh)[0], span
    return f"osint search '{words} {name}' --start {first:%Y-%m} --end {last:%Y-%m}"


def _line(c: PossibleObservation, site_id: str, dossier: Dossier) -> str:
    """Return the line that begins a step: a roof from free pictures, machines from sharp ones, papers from portals."""
    site = dossier.site(site_id)
    if c.quantity == "roof_m2":
        return _looked(site_id, dossier)
    if c.quantity in SHARP:
        near = site.lat is not None and (site.coord_precision_km or math.inf) <= NEAR_KM
        return f"osint tiles {site.lon:.5f} {site.lat:.5f} --zoom {SHARP_ZOOM}" if near else ""
    return _search(site_id, c.words, dossier)


def _looked(site_id: str, dossier: Dossier) -> str:
    """Return the line that looks at a site; empty where its place is not known well enough to be looked at."""
    span = _span(site_id, dossier)
    if span is None or not dossier.site(site_id).is_near_enough:
        return ""
    return f"osint look {site_id} --start {span[0]} --end {span[1]}"


def _claim_to_test(site_id: str, dossier: Dossier, claim_id: str | None) -> Claim | None:
    """Return the named claim, or the largest claim of chips, else servers, compute or power."""
    claims = [c for c in dossier.claims[site_id] if math.isfinite(c.figure)]
    if claim_id:
        named = next((c for c in claims if c.claim_id == claim_id and c.quantity), None)
        if named is None:
            known = ", ".join(c.claim_id for c in claims if c.quantity) or "none"
            raise NotFoundError(
                f"{claim_id} is not a claim of {site_id} with a number of the model; those are: {known}"
            )
        return named
    for kinds in () if dossier.aggregate(site_id) else TESTED:
        if found := [c for c in claims if c.quantity in kinds and not c.error_test]:
            return max(found, key=lambda c: (c.quantity == "chips", c.claimed, c.claim_id))
    return None


def _trial(c: PossibleObservation) -> Given:
    half = math.exp(c.half_width)
    return Given(c.quantity, 1 / half, half)


def _alone(c: PossibleObservation, q: Question, dossier: Dossier) -> Posterior | None:
    """Return what an observation would say by itself; None where no relation joins it to the claim's chip."""
    trial = _trial(c)
    try:
        return model.posterior(q.quantity, [trial], model.readings_for(q, [trial], dossier))[0]
    except OsintError:
        return None


def _by_itself(c: PossibleObservation, answer: Posterior) -> NextStep:
    low, _, high = answer.interval
    unit = model.unit_of(c.quantity)
    return NextStep(0, c.name, alone=round(high / low, 1), unit=unit, where=c.where, bounds=c.bounds)


def _worth(
    step: NextStep,
    c: PossibleObservation,
    q: Question,
    firm: list[Given],
    now: Posterior | None,
    threshold: float,
    dossier: Dossier,
) -> NextStep:
    """Return a step with the expected width after the observation, and the chance that the finding changes its band."""
    if now is None:
        return replace(step, narrows_to=step.alone)
    trial = _trial(c)
    try:
        readings = model.readings_for(q, [*firm, trial], dossier)
        predicted, _ = model.posterior(
            c.quantity, firm, model.readings_for(replace(q, quantity=c.quantity), firm, dossier)
        )
    except OsintError:  # no relation joins it to what is on file
        return step
    values = predicted.quantile((np.arange(VALUES) + 0.5) / VALUES)
    widths, chances = _resolve(readings, q.quantity, [*firm, trial], values, threshold)
    before = _band(1 - float(now.cdf(threshold)[0]))
    low, best, high = (model.sig(end, 2) for end in predicted.interval)
    return replace(
        step,
        narrows_to=round(float(np.exp(np.mean(widths))), 1),
        now=round(now.interval[2] / now.interval[0], 1),
        turns=round(float(np.mean([_band(p) != before for p in chances])), 2),
        expects_low=low,
        expects_best=best,
        expects_high=high,
        expects_from=", ".join(sorted({i for g in firm for i in g.ids})),
    )


def _resolve(
    readings: Sequence[Reading], target: str, givens: list[Given], values: npt.NDArray[np.float64], threshold: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return log width of the 90% interval and chance above a threshold, for each value of the last given.

    Weights and variances do not depend on the value, so that each reading is solved once.
    """
    return model.after(target, givens, readings, values, threshold)


def _band(probability: float) -> int:
    """Return 0 where a claim is refuted, 1 where it is strained, 2 where it could fit."""
    return int(probability >= REFUTE) + int(probability >= STRAIN)
