"""What the documents alone can show: claims against themselves, each other, physics, dates, region, prices, supply.

Each check names the claims that it rests on and keeps its figures; `Check.to_row` writes the arithmetic out. A check
with the finding `inconsistent` makes its claims inconsistent (verdict.judge); `note` and `strained` are for the
editor to read.
"""

from __future__ import annotations

import csv
import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from string import Formatter
from typing import Any

import numpy as np

from osint import model
from osint.errors import OsintError
from osint.model import CAPACITY, Dossier, Given, show
from osint.register import LADDER, Bounding, Claim, Modality, Register, Role, Rung, WrittenDate
from osint.verdict.finding import Contradiction
from osint.verdict.judge import STATED_POWER
from osint.verdict.rules import REFUTE

SAME = 0.10  # share within which two numbers are the same figure
WAN = 10_000  # 万, which a text may have dropped
WAN_SPREAD = 1.5  # factor within which two figures agree once 万 is put back
FEW_PFLOPS = 100  # below it a figure may lack 万
MANY_PFLOPS = 1000  # from it a figure can be the one that it should have been
LEAST_FIGURE = 10  # smaller figures agree by chance too often to be called the same
KW_PER_P_FLOOR = 0.4  # kW per PFLOPS: below every row of chips.csv, even sparse GB200
FEWEST_CHIPS = 4  # of a server
MOST_CHIPS = 16  # of a server
MEASURED_SHARE = 0.60  # lowest power under full load over nameplate, as measured (calibration.csv)
FACILITY_SHARE = 1.5  # highest facility power over IT nameplate
SPARSE_FACTOR = 2.0  # PFLOPS with sparsity over dense PFLOPS
SERVER_PFLOPS = 8  # PFLOPS of a server in the filings' own rule of thumb
MANY_NAMES = 4  # chips from which a text says "all chips" instead of their names

_COUNT = r"(?<!\w)([0-9][0-9,]*(?:\.[0-9]+)?)"
_SERVERS = re.compile(_COUNT + r"\s+(?:[A-Za-z]\S*\s+){0,3}servers")
_CHIPS = re.compile(_COUNT + r"\s+(?:[A-Za-z]\S*\s+){0,4}(?:chips|GPUs)")
_STANDING, _ON_PAPER = LADDER[Rung.ROOFED.height :], LADDER[: Rung.GROUND_BROKEN.height]


class CheckName(StrEnum):
    """The cross-checks."""

    ITSELF = "a claim against itself"
    PAIR = "two claims of one site"
    POWER_PER_CHIP = "power per chip"
    PFLOPS_PER_CHIP = "P per chip"
    POWER_PER_PFLOPS = "kW per P"
    LADDER = "ladder against date"
    SLID = "a target that slid"
    PART = "part against whole"
    WIDER = "same figure for a wider place"
    PRICE = "price per P"
    WAN = "a missing 万"
    SUPPLY = "plan against supply"


class CheckFinding(StrEnum):
    """What a check says of its claims."""

    INCONSISTENT = "inconsistent"
    STRAINED = "strained"
    NOTE = "note"


class Way(StrEnum):
    """Which way a check came out, where it can come out in several."""

    ONLY = "only"
    BELOW = "below"
    ABOVE = "above"
    INSIDE = "inside"
    OUTSIDE = "outside"
    FLOOR = "floor"
    SHARED = "shared"
    APART = "apart"
    ALONE = "alone"


class _Sentence(Formatter):
    """Format of a sentence: ~3 shows a number with three digits."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Return a figure as its specification says."""
        return show(value, int(format_spec[1:])) if format_spec.startswith("~") else format(value, format_spec)


_SENTENCES = {
    (row["check"], row["way"]): row
    for row in csv.DictReader(files("osint.verdict").joinpath("sentences.csv").read_text("utf-8").splitlines())
}
"""Arithmetic, what it says and what it does not say, by check and the way in which it came out."""


@dataclass(frozen=True, slots=True)
class Check:
    """One cross-check of some claims: what it found, and the figures that it found it by."""

    name: CheckName
    site_id: str
    claim_ids: tuple[str, ...]
    finding: CheckFinding
    figures: Mapping[str, float | str]
    """Numbers and names of its arithmetic."""
    way: Way = Way.ONLY

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Claims that it makes inconsistent: all, but only the narrower one where a figure belongs to a wider place."""
        if self.finding != CheckFinding.INCONSISTENT:
            return ()
        return self.claim_ids[:1] if self.name == CheckName.WIDER else self.claim_ids

    def to_row(self) -> dict[str, Any]:
        """Return the row of checks.csv, with the arithmetic written out."""
        sentence, written = _SENTENCES[self.name, self.way], _Sentence()
        return {
            "check": self.name.value,
            "site_id": self.site_id,
            "claim_ids": list(self.claim_ids),
            "finding": self.finding.value,
            "arithmetic": written.format(sentence["arithmetic"], **self.figures),
            "says": written.format(sentence["says"], **self.figures),
            "does_not_say": sentence["does_not_say"],
        }


def cross_checks(source: Register | Dossier, site_ids: Sequence[str] | None = None) -> list[Check]:
    """Return all cross-checks, for all sites or some."""
    dossier = Dossier.of(source)
    kinds = [own_words, pairs, power_per_chip, pflops_per_chip, power_per_pflops, ladder_against_date, slid]
    kinds += [parts_and_whole, same_figure_wider, price, missing_wan, supply]
    return [c for kind in kinds for c in kind(dossier) if site_ids is None or c.site_id in site_ids]


def contradictions(checks: Sequence[Check]) -> dict[str, list[Contradiction]]:
    """Return the claims that a check found inconsistent, each with the checks and the other claims."""
    out: dict[str, list[Contradiction]] = defaultdict(list)
    for check in checks:
        for claim in check.contradicted:
            out[claim].append(Contradiction(check.name, tuple(c for c in check.claim_ids if c != claim)))
    return out


def numeric(dossier: Dossier) -> list[Claim]:
    """Return the claims with a positive number of a quantity of the model, in the order of the table."""
    return [c for c in dossier.all_claims if c.quantity and c.figure > 0]


def _by_site(claims: Sequence[Claim]) -> dict[str, list[Claim]]:
    out: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        out[claim.site_id].append(claim)
    return out


def same_statement(dossier: Dossier, first: frozenset[str], second: str) -> Iterator[tuple[Claim, Claim]]:
    """Yield pairs of claims of one statement (site, group, date and part) by their quantities."""
    claims = numeric(dossier)
    mates = _by_site([c for c in claims if c.quantity == second])
    for a in (c for c in claims if c.quantity in first):
        for b in mates.get(a.site_id, []):
            if (a.independence_group, a.date, a.part) == (b.independence_group, b.date, b.part):
                yield a, b


def _check(
    name: CheckName, claims: Sequence[Claim], finding: CheckFinding, way: Way = Way.ONLY, /, **figures: float | str
) -> Check:
    """Return a check of some claims of which the first names the site."""
    return Check(name, claims[0].site_id, tuple(c.claim_id for c in claims), finding, figures, way)


def own_words(dossier: Dossier) -> Iterator[Check]:
    """Yield quotes whose servers and chips do not agree at 4 to 16 chips per server."""
    for claim in dossier.all_claims:
        found = _SERVERS.search(claim.quote), _CHIPS.search(claim.quote)
        if found[0] is None or found[1] is None or found[0].start(1) == found[1].start(1):
            continue
        n, chips = (float(m[1].replace(",", "")) for m in found if m)
        if not FEWEST_CHIPS <= chips / n <= MOST_CHIPS:
            figures = {"chips": chips, "servers": n, "each": chips / n, "eight": n * 8}
            yield _check(CheckName.ITSELF, [claim], CheckFinding.INCONSISTENT, **figures)


def pairs(dossier: Dossier) -> Iterator[Check]:
    """Yield pairs of claims of one site of which the first does not allow the second, by the network."""
    givens = [(c, given) for c in numeric(dossier) if (given := model.given_of(c)) is not None and not given.bound]
    givens.sort(key=lambda pair: pair[0].site_id)
    for site, members in itertools.groupby(givens, key=lambda pair: pair[0].site_id):
        if dossier.aggregate(site):
            continue
        for (a, given), (b, other) in itertools.combinations(members, 2):
            if a.quantity == b.quantity or not {a.quantity, b.quantity} & CAPACITY:
                continue
            if model.comparable(a, b, a.quantity):
                yield from _pair(a, given, b, other, dossier)


def _pair(a: Claim, given: Given, b: Claim, other: Given, dossier: Dossier) -> Iterator[Check]:
    q = model.question(b, dossier)
    if q.country != "CN" and "cost_cny" in {a.quantity, b.quantity}:
        return
    try:
        readings = model.readings_for(q, [given], dossier)
    except OsintError:  # no relation joins the two
        return
    answer, _ = model.posterior(q.quantity, [given], readings)
    below = float(answer.cdf(math.log(other.low or math.nan))[0])
    above = 1 - float(answer.cdf(math.log(other.high or math.nan))[0])
    if 2 * min(1 - below, 1 - above) >= REFUTE:
        return
    low, best, high = answer.interval
    names = {"unit": model.unit_of(q.quantity), "first": a.claim_id, "given": given.text()}
    names |= {"second": b.claim_id, "other": other.text()}
    # other sentences may speak of other phases
    finding = CheckFinding.INCONSISTENT if a.quote == b.quote else CheckFinding.STRAINED
    yield _check(CheckName.PAIR, [a, b], finding, low=low, best=best, high=high, **names)


def power_per_chip(dossier: Dossier) -> Iterator[Check]:
    """Yield power and chips of one statement outside the lowest and highest row of chips.csv and the measurements."""
    chips = dossier.network.chips
    for p, c in same_statement(dossier, STATED_POWER, "chips"):
        kw = p.figure * 1000 / c.figure
        names = [n for n in model.question(c, dossier).families if n in chips] or list(chips)
        low = min(MEASURED_SHARE * chips[n].it_kw_low for n in names)
        high = max(FACILITY_SHARE * chips[n].it_kw_high for n in names)
        if low <= kw <= high:
            continue
        finding, way = CheckFinding.STRAINED, Way.ABOVE
        if kw < low:
            finding, way = CheckFinding.INCONSISTENT, Way.BELOW
        shown = " or ".join(names) if len(names) < MANY_NAMES else "all chips of chips.csv"
        figures = {"mw": p.figure, "chips": c.figure, "kw": kw, "low": low, "high": high}
        yield _check(CheckName.POWER_PER_CHIP, [p, c], finding, way, **figures, names=shown)


def pflops_per_chip(dossier: Dossier) -> Iterator[Check]:
    """Yield PFLOPS per chip of one statement, against every row of chips.csv."""
    known = {
        c.fp16_dense_pflops: c.chip for c in reversed(tuple(dossier.network.chips.values())) if c.fp16_dense_pflops
    }
    low, high = min(known), max(known)
    for p, c in same_statement(dossier, frozenset({"pflops"}), "chips"):
        each = p.figure / c.figure
        nearest = known[min(sorted(known), key=lambda pflops, each=each: abs(math.log(pflops / each)))]  # type: ignore[misc]
        way = Way.INSIDE if low <= each <= SPARSE_FACTOR * high else Way.OUTSIDE
        figures = {"pflops": p.figure, "chips": c.figure, "each": each, "low": low, "high": high}
        yield _check(CheckName.PFLOPS_PER_CHIP, [p, c], CheckFinding.NOTE, way, **figures, nearest=nearest)


def power_per_pflops(dossier: Dossier) -> Iterator[Check]:
    """Yield kW per PFLOPS of one statement, against the lowest that any chip allows."""
    for p, c in same_statement(dossier, STATED_POWER, "pflops"):
        kw = p.figure * 1000 / c.figure
        finding = CheckFinding.INCONSISTENT if kw < KW_PER_P_FLOOR else CheckFinding.NOTE
        figures = {"mw": p.figure, "pflops": c.figure, "kw": kw, "floor": KW_PER_P_FLOOR}
        yield _check(CheckName.POWER_PER_PFLOPS, [p, c], finding, **figures)


def _is_same(a: float, b: float) -> bool:
    return abs(a / b - 1) <= SAME


def _in_unit_of(claim: Claim, other: Claim) -> float:
    """Return the figure of a claim in the unit of another of the same quantity, as a sentence shows it."""
    return claim.figure if claim.unit == other.unit else claim.model_figure * other.figure / other.model_figure


def _is_later(a: WrittenDate | None, b: WrittenDate | None) -> bool:
    """Return whether the second date is surely after the first."""
    return a is not None and b is not None and b.first > a.last


def _named(prefix: str, claim: Claim) -> dict[str, float | str]:
    """Return the figures of a claim under names that begin with a prefix."""
    date = claim.date.text if claim.date else ""
    words = {"id": claim.claim_id, "site": claim.site_id, "unit": claim.unit, "date": date, "rung": claim.rung or ""}
    return {f"{prefix}_figure": claim.figure, **{f"{prefix}_{name}": str(word) for name, word in words.items()}}


def ladder_against_date(dossier: Dossier) -> Iterator[Check]:
    """Yield figures that a later text puts on a lower rung than an earlier one."""
    dated = [c for c in numeric(dossier) if c.date and not c.error_test and not c.value_date and c.evidence_use]
    on_paper = _by_site([c for c in dated if c.rung in _ON_PAPER])
    for a in (c for c in dated if c.rung in _STANDING):
        for b in on_paper.get(a.site_id, []):
            if a.quantity == b.quantity and _is_same(a.model_figure, b.model_figure) and _is_later(a.date, b.date):
                figures = _named("first", a) | _named("later", b)
                yield _check(CheckName.LADDER, [a, b], CheckFinding.INCONSISTENT, **figures)


def slid(dossier: Dossier) -> Iterator[Check]:
    """Yield dated targets that a later text puts off, alone or together with what it says stands already."""
    dated = [c for c in numeric(dossier) if c.date and c.evidence_use]
    mates = _by_site(dated)
    for a in (c for c in dated if c.value_date):
        alike = [c for c in mates[a.site_id] if c.quantity == a.quantity]
        for b in (c for c in alike if _is_later(a.date, c.date) and _is_later(a.value_date, c.value_date)):
            live = [c for c in alike if c.date == b.date and c.rung in LADDER[Rung.POWERED.height :]]
            for parts in [(b,), *((b, extra) for extra in live)]:
                if a.value_date and b.value_date and _is_same(sum(p.model_figure for p in parts), a.model_figure):
                    days = (b.value_date.last - a.value_date.last).days
                    words = {"unit": a.unit, "due": a.value_date.text, "later": b.value_date.text}
                    words["parts"] = " + ".join(show(_in_unit_of(p, a), 4) for p in parts)
                    yield _check(CheckName.SLID, [a, *parts], CheckFinding.NOTE, figure=a.figure, days=days, **words)


def _regions(dossier: Dossier) -> set[str]:
    """Return the totals over a part of a country; those of a country count centres of one kind only."""
    totals = (s for s in dossier.sites.values() if s.role == Role.AGGREGATE and s.covers)
    return {s.site_id for s in totals if s.country not in s.covers.split("|")}


def parts_and_whole(dossier: Dossier) -> Iterator[Check]:
    """Yield sites whose standing figure is above the figure given for their whole region."""
    regions, sites = _regions(dossier), dossier.sites
    standing = [c for c in numeric(dossier) if c.rung in _STANDING and c.modality == Modality.HAS]
    for whole in (c for c in standing if c.site_id in regions and c.evidence_use):
        for part in (c for c in standing if c.quantity == whole.quantity and not c.error_test):
            inside = sites[part.site_id].covered_by(sites[whole.site_id]) and not dossier.aggregate(part.site_id)
            above_whole = part.model_figure > whole.model_figure * (1 + SAME)
            if not inside or not above_whole or not 0 < part.day <= whole.day:
                continue
            finding, way, above = CheckFinding.INCONSISTENT, Way.ONLY, ""
            if whole.bound == Bounding.AT_LEAST:
                finding, way, above = CheckFinding.STRAINED, Way.FLOOR, "above "
            figures = _named("part", part) | _named("whole", whole) | {"whole_figure": _in_unit_of(whole, part)}
            yield _check(CheckName.PART, [part, whole], finding, way, **figures, above=above)


def same_figure_wider(dossier: Dossier) -> Iterator[Check]:
    """Yield figures given for one place that other texts of the same source give for a wider one."""
    regions = _regions(dossier)
    wide = [c for c in dossier.all_claims if c.site_id in regions and c.value_low is not None and not c.error_test]
    for a in dossier.all_claims:
        if a.value_low is None or a.value_low < LEAST_FIGURE or dossier.aggregate(a.site_id):
            continue
        alike = (a.quantity_kind, a.value_low, a.independence_group)
        match = [b for b in wide if (b.quantity_kind, b.value_low, b.independence_group) == alike]
        match = [b for b in match if dossier.sites[a.site_id].covered_by(dossier.sites[b.site_id])]
        if match:
            words = {"wider": match[0].site_id, "others": ", ".join(b.claim_id for b in match)}
            yield _check(CheckName.WIDER, [a, match[0]], CheckFinding.INCONSISTENT, **_named("first", a), **words)


def _prices(dossier: Dossier) -> Iterator[tuple[Claim, Claim, float]]:
    """Yield each sum that buys one figure of compute, that figure, and the money per P.

    The compute of the same quote is taken, else of the same part, else of the same statement; where several stand
    next to one sum it is not said which of them the money buys.
    """
    claims = numeric(dossier)
    for money in (c for c in claims if c.quantity == "cost_cny" and c.evidence_use):
        statement = (money.site_id, money.date, money.independence_group)
        same = [c for c in claims if c.quantity == "pflops" and (c.site_id, c.date, c.independence_group) == statement]
        in_quote = [c for c in same if c.quote == money.quote]
        in_part = [c for c in same if c.part == money.part]
        compute = next((options[0] for options in (in_quote, in_part, same) if len(options) == 1), None)
        if compute:
            yield money, compute, money.figure / compute.figure


def price(dossier: Dossier) -> Iterator[Check]:
    """Yield money per P of one statement, against the other sites: a shared price is a template, not a purchase."""
    prices = list(_prices(dossier))
    median = float(np.median([each for *_, each in prices])) if prices else math.nan
    for money, compute, each in prices:
        alike = {other.site_id for other, _, price_there in prices if _is_same(price_there, each)} - {money.site_id}
        cover = f" (the sum is for {money.part or 'the whole'}, the P for {compute.part or 'the whole'})"
        yield _check(
            CheckName.PRICE,
            [money, compute],
            CheckFinding.NOTE,
            Way.SHARED if alike else Way.APART,
            money=money.figure,
            pflops=compute.figure,
            each=each,
            server=each * SERVER_PFLOPS,
            count=len(prices),
            median=median,
            times=each / median,
            cover=cover if money.part != compute.part else "",
            sites=", ".join(sorted(alike)),
        )


def missing_wan(dossier: Dossier) -> Iterator[Check]:
    """Yield figures of P that agree with another of their county only if 万 (10,000) was dropped."""
    claims = [c for c in numeric(dossier) if c.quantity == "pflops"]
    county = {s.site_id: (s.county, s.province) for s in dossier.sites.values()}
    for a in (c for c in claims if c.figure < FEW_PFLOPS):
        full = a.figure * WAN
        near = [c for c in claims if county[c.site_id] == county[a.site_id] and c.figure >= MANY_PFLOPS]
        near = [c for c in near if 1 / WAN_SPREAD <= c.figure / full <= WAN_SPREAD]
        way, agrees = Way.ALONE, ""
        if near:
            way, agrees = Way.INSIDE, "; agrees with " + "; ".join(f"{c.claim_id} {show(c.figure, 3)} P" for c in near)
        figures = _named("first", a) | {"full": full, "agrees": agrees}
        yield _check(CheckName.WAN, [a, *near], CheckFinding.NOTE, way, **figures)


def supply(dossier: Dossier) -> Iterator[Check]:
    """Yield planned restricted chips against the published estimates of such chips in the country, by group."""
    for p in counted_chips(dossier, _regions(dossier)):
        if p.rung not in _ON_PAPER:
            continue
        for s in counted_chips(dossier, national(dossier, dossier.sites[p.site_id].country)):
            low, high = s.figure, s.value_high
            upto = " or more" if high is None else f" to {high:,.0f}" if high != low else ""
            way = Way.ABOVE if p.figure > low else Way.BELOW
            figures = _named("first", p) | _named("second", s)
            figures |= {"upto": upto, "claimant": s.claimant, "ratio": p.figure / low}
            yield _check(CheckName.SUPPLY, [p, s], CheckFinding.NOTE, way, **figures)


def national(dossier: Dossier, country: str) -> set[str]:
    """Return the totals over a whole country."""
    totals = (s for s in dossier.sites.values() if s.role == Role.AGGREGATE)
    return {s.site_id for s in totals if country in s.covers.split("|")}


def counted_chips(dossier: Dossier, totals: set[str]) -> list[Claim]:
    """Return numbers of chips of some totals, the first of each independence group."""
    claims = [c for c in dossier.all_claims if c.site_id in totals and c.quantity_kind == "chips"]
    first = {c.independence_group: c for c in reversed(claims) if c.value_low is not None and not c.error_test}
    return [c for c in claims if first.get(c.independence_group) is c]
