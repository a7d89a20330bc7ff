"""Uncertain factors: the rows of relations.csv, chips.csv and readings.csv as the network uses them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import stdtrit

from osint.errors import BadInputError
from osint.register import ReadingRow, Relation

Z90 = 1.6448536269514722  # standard normal at 95%: half of a two-sided 90% interval
THREE_POINTS = (0.185, 0.63, 0.185)
"""Weights of low, best and high of a bounded factor (Keefer and Bodily 1983): mean and variance of most shapes."""
PRIOR_SYSTEMS = 2  # systems that the published spread of a relation counts for, before the n behind it (judgement)
PER = " per "  # between the name of a factor and the family of chips that it holds for
_ANY_COUNTRY = frozenset({"full_load_8gpu", "full_load_all"})  # the form of a server holds in any country


class Scale(StrEnum):
    """How low, best and high of a relation are meant, as relations.csv words it."""

    LOG_NORMAL = "log normal"
    THREE_POINTS = "three points"


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a factor that is bounded or counted."""

    label: str
    value: float
    prior: float


@dataclass(frozen=True, slots=True)
class Factor:
    """One uncertain factor: low, best, high as used, in the unit of its row, and the row's name and source.

    Log-normal with low and high as 5% and 95% and best their geometric middle; or one of a few options.
    """

    name: str
    low: float
    best: float
    high: float
    unit: str
    source: str
    options: tuple[Option, ...] = ()
    """Values of a bounded or counted factor; empty for a log-normal one."""
    published: tuple[float, float, float] | None = None
    """Low, best and high of the row, where what is used differs."""
    n_behind: int = 0
    """Systems behind the range; 0 for a judgement or a definition."""

    @property
    def slot(self) -> str:
        """Name without the family: 'it_mw per chip' for 'it_mw per H100'."""
        head, per, _ = self.name.partition(PER)
        return f"{head}{PER}chip" if per else self.name

    @property
    def sigma(self) -> float:
        """Standard deviation of the log; 0 for one that is chosen from options."""
        return 0.0 if self.options else math.log(self.high / self.low) / (2 * Z90)


def log_normal(name: str, low: float, best: float, high: float, unit: str, source: str, n: int = 0) -> Factor:
    """Return a log-normal factor: low and high are its 5% and 95%, widened where few systems are behind them.

    With n systems behind the published range the next one is predicted: Student's t with n - 1 + PRIOR_SYSTEMS
    degrees of freedom, times the root of 1 + 1/n, in place of the normal.
    """
    middle, half = math.sqrt(low * high), math.log(high / low) / 2
    if n:
        half *= float(stdtrit(n - 1 + PRIOR_SYSTEMS, 0.95)) / Z90 * math.sqrt(1 + 1 / n)
    used = (middle * math.exp(-half), middle, middle * math.exp(half))
    return Factor(name, *used, unit, source, published=(low, best, high), n_behind=n)


class Factors(dict[str, Factor]):
    """Factors of a country by the name of their relation; one that is missing is an error of the table."""

    def __missing__(self, name: str) -> Factor:
        raise BadInputError(
            f"relations.csv has no row {name!r} that the network can use here; add one with low, best, high, "
            "`network` under `used`, and a country in which it holds"
        )


def factors_of(relations: list[Relation], rows: list[ReadingRow], country: str) -> Factors:
    """Return the factors that the network uses in a country (CN, or other) by name."""
    out = Factors()
    for r in relations:
        holds = r.country in {"", country} or r.relation in _ANY_COUNTRY
        if r.used == "network" and holds and r.low is not None and r.best is not None and r.high is not None:
            if r.scale == Scale.THREE_POINTS:
                values = (r.low, r.best, r.high)
                points = tuple(Option(f"{v:g}", v, p) for v, p in zip(values, THREE_POINTS, strict=True))
                out[r.relation] = Factor(r.relation, *values, r.unit, r.source, points)
            else:
                out[r.relation] = log_normal(r.relation, r.low, r.best, r.high, r.unit, r.source, int(r.n_behind or 0))
    for name in dict.fromkeys(row.reading for row in rows if row.value):
        chosen = [row for row in rows if row.reading == name and row.value and row.country in {"", country}]
        points = tuple(Option(row.option, float(row.value or 1), row.prior) for row in chosen)
        middle = math.exp(sum(o.prior * math.log(o.value) for o in points) / sum(o.prior for o in points))
        low, high = min(o.value for o in points), max(o.value for o in points)
        out[name] = Factor(name, low, middle, high, "", "readings.csv", points)
    return out
