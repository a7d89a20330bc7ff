"""What some quantities allow for another, with the arithmetic and the assumption that it depends on most.

The number under test is never a given: verdict.judge opens it.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from osint.errors import BadInputError
from osint.model.conflict import CONTRADICT, DISAGREE, Conflict, conflicts
from osint.model.dependence import LEAST_SHOWN, Dependence, DependenceKind, dependences
from osint.model.evidence import Dossier
from osint.model.given import Given, show, sig, stated
from osint.model.network import Network, unit_of
from osint.model.posterior import Posterior, posterior
from osint.model.readings import Reading, Readings
from osint.model.tree import Edge, ReadingWord
from osint.model.typed import quantity_named
from osint.register import Register, country_code, load_register, read_date


@dataclass(frozen=True, slots=True)
class Moved:
    """What one given does to the answer."""

    given: Given
    alone: tuple[float, float, float] | None
    """Low, best and high of the target by this given alone; None for a bound."""
    weight: float
    """Exact weight in the log of the answer; 0 for a bound."""
    factor: float | None
    """Step of the answer when this given comes last; None if no other given has two sides."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        alone = self.alone or (None, None, None)
        named = {"given": self.given.text(), "label": self.given.label, "ids": list(self.given.ids)}
        sides = dict(zip(("low", "best", "high"), alone, strict=True))
        return {**named, "alone": sides, "weight": self.weight, "factor": self.factor}


@dataclass(frozen=True, slots=True)
class OfFamily:
    """The answer if every chip were of one family."""

    family: str
    weight: float
    """Posterior weight of the family."""
    low: float
    best: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        ends = {"low": sig(self.low), "best": sig(self.best), "high": sig(self.high)}
        return {"family": self.family, "weight": round(self.weight, 4), **ends}


@dataclass(frozen=True, repr=False)
class Estimate:
    """A 90% interval with everything that it rests on; no number where the givens contradict each other."""

    target: str
    low: float
    """NaN, as best and high, where the givens contradict each other (p below CONTRADICT)."""
    best: float
    high: float
    moved: tuple[Moved, ...]
    """What each given does to the answer, in their order."""
    depends_on: Dependence
    """The assumption that the answer depends on most."""
    readings: list[dict[str, Any]]
    """Every reading with its prior and posterior weight, likeliest first."""
    chain: list[str]
    """The arithmetic of the likeliest reading, one line for each given."""
    distribution: Posterior = field(repr=False)
    conflicts: tuple[Conflict, ...] = ()
    """Givens that disagree with the others (p below DISAGREE), least probable first."""
    agreement: float | None = None
    """Posterior predictive p of the given that agrees least with the others; None where nothing can be compared."""
    assumed: tuple[str, ...] = ()
    """What was taken for granted because it was not said: one sentence each."""
    families: tuple[OfFamily, ...] = ()
    """The answer by chip family, the likeliest first, where the answer depends on it and none was named."""

    @property
    def refused(self) -> bool:
        """Whether the givens contradict each other, so that no single number is given."""
        return any(c.p < CONTRADICT for c in self.conflicts)

    @property
    def unit(self) -> str:
        """Unit and kind, as 'MW IT, nameplate'."""
        return unit_of(self.target)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        ends = {"low": self.low, "best": self.best, "high": self.high}
        sides = {name: None if self.refused else sig(end) for name, end in ends.items()}
        return {
            self.target: {**sides, "unit": self.unit, "interval": "90%", "ceiling": self.distribution.ceiling},
            "moved": [m.to_dict() for m in self.moved],
            "conflicts": [
                {
                    "given": c.given.text(),
                    "others": [g.text() for g in c.others],
                    "p": float(f"{c.p:.2g}"),
                    "factor": sig(c.factor, 2),
                    "expected": {"low": sig(c.low), "best": sig(c.best), "high": sig(c.high)},
                }
                for c in self.conflicts
            ],
            "depends_on": self.depends_on.to_dict(),
            "readings": self.readings,
            "chain": self.chain,
            "agreement": None if self.agreement is None else float(f"{self.agreement:.2g}"),
            "assumed": list(self.assumed),
            "families": [f.to_dict() for f in self.families],
        }

    def text(self) -> str:
        """Return the answer as plain text: contradictions first, then the arithmetic, what was assumed, the doubt."""
        lines = [*self._conflict_lines(), repr(self), *(f"  {step}" for step in self.chain)]
        for m in self.moved if len(self.moved) > 1 else ():
            said = "a bound on one side"
            if m.alone:
                low, best, high = map(show, m.alone)
                share = "" if self.refused else f", {m.weight:.0%} of the weight"
                said = f"alone gives {best} ({low} to {high}){share}"
            lines.append(f"  {m.given.text()}: {said}")
        if self.agreement is not None and not self.conflicts:
            lines.append(f"  what was given agrees (p = {self.agreement:.2g} for the least probable of it)")
        lines += self._family_lines()
        lines += [f"  assumed: {sentence}" for sentence in self.assumed]
        if not self.refused:
            lines.append(f"  {self.depends_on.in_words(listed=not self.families)}")
        return "\n".join(lines)

    def _family_lines(self) -> list[str]:
        """Return the answer by chip family, families with the same one together."""
        by_range: dict[str, list[OfFamily]] = {}
        for f in self.families:
            by_range.setdefault(f"{show(f.best)} ({show(f.low)} to {show(f.high)})", []).append(f)
        lines = []
        for text, alike in by_range.items():
            names, weight = " or ".join(f.family for f in alike), sum(f.weight for f in alike)
            lines.append(f"  if all are {names} ({weight:.0%}): {text} {self.unit}")
        return lines

    def _conflict_lines(self) -> list[str]:
        """Return a line for each disagreement; a pair is said once."""
        lines, said_of = [], set[frozenset[Given]]()
        for c in self.conflicts:
            sides = frozenset({c.given, *c.others})
            if len(c.others) > 1 or sides not in said_of:
                lines.append(f"{'CONTRADICTION' if c.p < CONTRADICT else 'disagreement'}: {c.text()}")
            said_of.add(sides)
        return lines

    def __repr__(self) -> str:
        if self.refused:
            return f"{self.target}: no single answer, for what was given contradicts itself; {self.unit}"
        if self.distribution.ceiling:
            most = f"{self.target}: at most {show(self.best)} ({show(self.low)} to {show(self.high)}, 90%) {self.unit}"
            return f"{most}, where it is used in full; nothing given bounds it from below"
        return f"{self.target}: {show(self.best)} ({show(self.low)} to {show(self.high)}, 90%) {self.unit}"

    def _repr_html_(self) -> str:
        steps = [html.escape(step) for step in self.chain]
        if self.refused:
            said = [html.escape(c.text()) for c in self.conflicts]
            return "<br>".join([f"<b>{self.target}</b>: no single answer", *said, *steps])
        interval = f"{show(self.best)} ({show(self.low)} to {show(self.high)}, 90%) {html.escape(self.unit)}"
        last = "Depends most on: " + html.escape(self.depends_on.text())
        return "<br>".join([f"<b>{self.target}</b>: {interval}", *steps, last])


def estimate(
    target: str,
    givens: list[Given],
    *,
    chip: str | None = None,
    country: str | None = None,
    date: str | None = None,
    form: str = "",
    fixed: dict[str, str] | None = None,
    elevation_m: float | None = None,
    register: Register | Dossier | None = None,
) -> Estimate:
    """Return what the givens allow for the target: low, best, high (90%).

    Givens that contradict each other (posterior predictive p below CONTRADICT) are not combined: the answer then has
    no number, and says what each gives alone.

    Target and givens are quantities of QUANTITIES in their units. Without `chip` the family is a discrete unknown
    with the prior of chips.csv for the country (two letters) and date. `form` is 8-GPU or 4-GPU where the server
    is known. `fixed` sets a discrete unknown by hand, as {"precision": "dense"}; without `elevation_m` condensers are
    taken as at sea level. Without `register` the tables of the data folder are loaded; a dossier saves that they are
    parsed again. Raises BadInputError for an
    unknown quantity, chip or country, and for a chip that was not sold by the date.

    >>> estimate("it_mw", [Given("floor_m2", 33_000, 33_000)], country="CN")
    it_mw: 60 (20 to 180, 90%) MW IT, nameplate
    """
    target = quantity_named(target)
    country = country_code(country) if country is not None else None
    source = register if register is not None else load_register()
    network = source.network if isinstance(source, Dossier) else Network.of(source)
    chip = _sold(network, chip, date) if chip else None
    wanted = {target} | {g.quantity for g in givens}
    if target == "cabinets" and wanted & {"roof_m2", "floor_m2"}:  # so many as fit, whatever they draw
        fixed = {ReadingWord.CABINET: ReadingWord.BY_FLOOR, **(fixed or {})}
    asked: dict[str, Any] = {"country": country, "form": form, "fixed": fixed, "elevation_m": elevation_m}
    readings = network.readings(wanted, chip=chip, date=date, **asked)
    answer, _ = posterior(target, givens, readings)
    compared = conflicts(givens, readings)
    against = tuple(c for c in compared if c.p < DISAGREE)
    refused = any(c.p < CONTRADICT for c in against)  # what they give together is then no answer
    ends = (math.nan, math.nan, math.nan) if refused else answer.interval
    depends_on = next(iter(dependences(answer)), Dependence(DependenceKind.EXACT, "nothing", 0.0))
    chain = arithmetic(answer, target, givens)

    def of_family(family: str) -> OfFamily:
        solved, _ = posterior(target, givens, network.readings(wanted, chip=family, **asked))
        return OfFamily(family, options[family], *solved.interval)

    options = dict(depends_on.options) if depends_on.name == ReadingWord.CHIP_FAMILY and not refused else {}
    return Estimate(
        target,
        *ends,
        moved=_moved(target, givens, readings, answer, answer.interval[1]),
        depends_on=depends_on,
        readings=_weighed(answer),
        chain=chain[: len(givens)] if refused else chain,
        distribution=answer,
        conflicts=against,
        agreement=compared[0].p if compared else None,
        assumed=_assumed(network, answer, country=country, chip=chip, date=date),
        families=tuple(of_family(family) for family, weight in options.items() if weight >= LEAST_SHOWN),
    )


def _weighed(answer: Posterior) -> list[dict[str, Any]]:
    """Return every reading with its prior and posterior weight, likeliest first."""
    rows = [
        {**r.choice, "prior": round(r.prior, 4), "posterior": round(float(w), 4)}
        for w, r in zip(answer.weights, answer.readings, strict=True)
    ]
    return sorted(rows, key=lambda reading: -float(reading["posterior"]))


def _sold(network: Network, text: str, date: str | None) -> str:
    """Return the chip that a text names; raises BadInputError for a chip that was not sold by the date."""
    name = network.chip_named(text)
    begins = network.chips[name].available_from
    if date and begins and begins.first > read_date(date).last:
        raise BadInputError(
            f"{name} was not sold before {begins.text}, and {date} is earlier; name another chip or a later date"
        )
    return name


def _assumed(
    network: Network, answer: Posterior, *, country: str | None, chip: str | None, date: str | None
) -> tuple[str, ...]:
    """Return a sentence for each thing that was not said and so was taken as the tables have it."""
    out = []
    if country is None:
        out.append("no country was named, so relations and chips are those outside China; --country CN takes China's")
    unknown = [n for n in answer.readings.unknowns if len(set(answer.readings.labels(n).tolist()) - {""}) > 1]
    if ReadingWord.CHIP_FAMILY in unknown:
        when = f"sold by {date}" if date else "of any year"
        where = "China" if country == "CN" else "countries other than China"
        weighed = f"families {when} are weighed as chips.csv has them for {where}"
        out.append(f"no chip was named, so {weighed}; --chip names one")
    words = {word.value for word in ReadingWord} - {ReadingWord.CHIP_FAMILY.value}
    if left := [name for name in unknown if name in words]:
        out.append(f"not stated and so weighed by the tables: {', '.join(left)}; --fix sets one")
    if chip and country == "CN" and network.chips[chip].export_to_china:
        out.append(f"export of {chip} to China, by chips.csv: {network.chips[chip].export_to_china}")
    return tuple(out)


def _moved(
    target: str, givens: Sequence[Given], readings: Readings, answer: Posterior, best: float
) -> tuple[Moved, ...]:
    weights = iter(answer.by_block @ answer.solution.system.weights)
    out = []
    for g in givens:
        others = [o for o in givens if o is not g]
        alone, weight, factor = None, 0.0, None
        if not g.bound:
            low, middle, high = posterior(target, [g], readings)[0].interval
            alone = (sig(low), sig(middle), sig(high))
            weight = round(float(next(weights)), 4)
        if any(not o.bound for o in others):
            factor = sig(best / posterior(target, others, readings)[0].interval[1])
        out.append(Moved(g, alone, weight, factor))
    return tuple(out)


def arithmetic(answer: Posterior, target: str, givens: Sequence[Given]) -> list[str]:
    """Return the arithmetic of the likeliest reading, one line for each given, and what all readings give together.

    Each line ends in the number that its factors give; the last line is the answer. The inputs are printed as their
    sources have them.
    """
    top, weight = answer.likeliest
    lines = []
    for g in givens:
        up, down = top.path(g.quantity)[::-1], top.path(target)
        shared = {q for q, _ in up} & {q for q, _ in down}
        text = f"{stated(g)} {unit_of(g.quantity)}"
        text += "".join(_factor_text(top, edge, -1) for q, edge in up if q not in shared)
        text += "".join(_factor_text(top, edge, 1) for q, edge in down if q not in shared)
        result = np.exp(g.log + top.mean(target) - top.mean(g.quantity))
        note = f" [{', '.join(g.ids)}]" if g.ids else ""
        lines.append(f"{text} = {show(result)} {unit_of(target)}{note}")
    if len(answer.readings) > 1:
        choice = ", ".join(f"{k} {v}" for k, v in top.choice.items())
        lines.append(f"this is the likeliest of {len(answer.readings)} readings ({weight:.0%}): {choice}")
    if len(answer.readings) > 1 or len(givens) > 1:
        low, best, high = map(show, answer.interval)
        most = "at most, where it is used in full: " if answer.ceiling else ""
        kind = "readings" if len(answer.readings) > 1 else "givens"
        lines.append(f"all {kind} together: {most}{best} ({low} to {high}, 90%) {unit_of(target)}")
    return lines


def _factor_text(reading: Reading, edge: Edge, sign: int) -> str:
    out = f" x {np.exp(sign * edge.shift):.4g}" if edge.shift else ""
    for s, f in edge.factors:
        said = f"one of {', '.join(o.label for o in f.options)}" if f.options else f"{f.low:.3g} to {f.high:.3g}"
        if f.published and f.n_behind and not f.options:
            low, _, high = f.published
            said += f"; published {low:.3g} to {high:.3g}, widened for n = {f.n_behind}"
        out += f" {'x' if s * sign > 0 else '/'} {reading.value(f):.4g} ({f.name}, {said})"
    return out
