"""One given of the model: a quantity with its range or bound, and how its numbers are written."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from osint.errors import BadInputError
from osint.model.factors import Z90
from osint.register import QUANTITIES

EDGE = 0.01  # what a percentage without decimals can say of a probability near 0 or 1
TENTH = 0.1  # below which a chance is printed with a decimal, as findings compare it
EXACT = 1e-4  # relative sd of a given without a range
SD_DECIMALS = 12  # of the sd of a given: what is beyond is the rounding of the computer
WHOLE_FROM = 1000  # size from which a converted number is printed without a fraction


@dataclass(frozen=True, slots=True)
class Given:
    """One piece of evidence: a quantity with a 90% interval, or a bound on one side.

    Raises BadInputError for an unknown quantity, a number that is not positive and finite, or low above high.
    """

    quantity: str
    """Name in QUANTITIES; low and high are in its unit."""
    low: float | None
    """Lower end, positive; None makes the given a bound from above."""
    high: float | None
    """Upper end; None makes the given a bound from below."""
    label: str = ""
    """Where it comes from."""
    ids: tuple[str, ...] = ()
    """Rows of the register behind it; opaque."""
    observed: bool = False
    """Whether it was seen or measured by others; False if it is claimed or typed."""
    best: float | None = None
    """The number as its source has it, between low and high; their geometric middle without it."""

    def __post_init__(self) -> None:
        name = self.quantity
        if name not in QUANTITIES:
            raise BadInputError(f"{name!r} is not a quantity of the model; use one of {', '.join(QUANTITIES)}")
        for value in (self.low, self.high):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise BadInputError(f"{name}={value} is not a positive finite number; leave it out if it is not known")
        if self.low is None and self.high is None:
            raise BadInputError(f"{name} was given no value; write {name}=VALUE or {name}=LOW..HIGH")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise BadInputError(
                f"{name}={self.low:g}..{self.high:g} has low above high; write the smaller number first"
            )

    @property
    def bound(self) -> bool:
        """Whether only one side is known; a rating is a ceiling, whatever its own range."""
        return self.low is None or self.high is None or QUANTITIES[self.quantity].ceiling

    @property
    def capped(self) -> bool:
        """Whether it bounds from above."""
        return self.bound and self.high is not None

    @property
    def log(self) -> float:
        """Log of the number as the source has it, else of the middle; of the one end of a bound."""
        if self.bound:
            return math.log(self.low if self.high is None else self.high)  # type: ignore[arg-type]
        if self.best is not None:
            return math.log(self.best)
        ends = [end for end in (self.low, self.high) if end is not None]
        return float(np.log(ends).mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the log: a 90% interval is low to high; infinite for a bound."""
        if self.bound or self.low is None or self.high is None:
            return math.inf
        # rounded, so that numbers that are rounded alike in their texts share what is solved for them
        return max(round(math.log(self.high / self.low) / (2 * Z90), SD_DECIMALS), EXACT)

    def text(self) -> str:
        """Return the given as it can be typed."""
        low, high = (typed(end) if end is not None else "" for end in (self.low, self.high))
        if self.capped:
            return f"{self.quantity}<={high}"
        if self.high is None:
            return f"{self.quantity}>={low}"
        return f"{self.quantity}={low}" + ("" if self.low == self.high else f"..{high}")


def typed(value: float) -> str:
    """Return a number as it can be typed: six digits, or whole from 100,000 on, and no exponent where it is large.

    >>> typed(451_000_000.0), typed(0.12)
    ('451000000', '0.12')
    """
    return f"{value:.0f}" if value >= 1e5 else f"{value:.6g}"


def sig(value: float, digits: int = 3) -> float:
    """Round to significant digits."""
    return float(f"{value:.{digits}g}")


def percent(probability: float | None) -> str:
    """Return a probability in percent, whole from 10% on, never 0 or 100; None is "not known".

    >>> percent(0.004), percent(0.0506), percent(0.104), percent(0.999), percent(None)
    ('below 1%', '5.1%', '10%', 'above 99%', 'not known')
    """
    if probability is None:
        return "not known"
    if probability < EDGE:
        return "below 1%"
    if probability < TENTH:
        return tenths(probability)
    return "above 99%" if probability > 1 - EDGE else f"{probability:.0%}"


def tenths(share: float) -> str:
    """Return a share in percent with one decimal, where that says more than none.

    >>> tenths(0.949), tenths(0.95)
    ('94.9%', '95%')
    """
    return f"{100 * round(share, 3):.4g}%"


def show(value: float, digits: int = 2) -> str:
    """Return a number as text with no more digits than its range supports.

    >>> show(47_312), show(0.0139)
    ('47,000', '0.014')
    """
    rounded = sig(value, digits)
    return f"{rounded:,.0f}" if rounded >= 10 ** (digits - 1) or rounded == int(rounded) else f"{rounded:g}"


def stated(given: Given) -> str:
    """Return the number of a given as its source has it, in the unit of its quantity.

    >>> stated(Given("pflops", 4850, 5150, best=5000))
    '5,000'
    """
    if given.capped:
        return f"at most {_digits(given.high)}"
    if given.high is None:
        return f"at least {_digits(given.low)}"
    if given.best is not None or given.low == given.high:
        return _digits(given.low if given.best is None else given.best)
    return f"{_digits(given.low)} to {_digits(given.high)}"


def _digits(value: float | None) -> str:
    """Return a number with all its digits; one that was converted, as mu to m2, without the fraction that this gives.

    >>> _digits(109737.88), _digits(1400 * 2000 / 3)
    ('109,737.88', '933,333')
    """
    number = value or 0.0
    converted = abs(number) >= WHOLE_FROM and not math.isclose(number, round(number, 2), rel_tol=0, abs_tol=1e-6)
    return f"{number:,.0f}" if converted else f"{number:,.12g}"


def lies(number: float, interval: tuple[float, float, float]) -> str:
    """Return where a number lies in what there was room for: low, best, high; low and best are NaN of a bound alone.

    >>> lies(43_000.0, (12_000.0, 45_000.0, 90_000.0)), lies(500.0, (math.nan, math.nan, 400.0))
    ('in the lower half of that 90% range, at 0.96 times its best estimate', 'above that')
    """
    low, best, high = interval
    if not best > 0:
        return "above that" if number > high else "within that"
    inside = f"in the {'upper' if number >= best else 'lower'} half of"  # the best is the median
    where = "above" if number > high else "below" if number < low else inside
    return f"{where} that 90% range, at {show(number / best)} times its best estimate"
