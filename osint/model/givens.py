"""Pieces of evidence as they enter the model, how they are typed, and how numbers are printed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from osint.errors import OsintError
from osint.model.network import Z90
from osint.register import QUANTITIES

EXACT = 1e-4  # relative sd of a given without a range


@dataclass(frozen=True)
class Given:
    """One piece of evidence: a quantity with a 90% interval, or a bound on one side.

    `low` and `high` are positive and in the unit of QUANTITIES; None on one side makes it a bound.
    `label` says where it comes from; `ids` name the rows of the register behind it.
    """

    quantity: str
    low: float | None
    high: float | None
    label: str = ""
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.quantity not in QUANTITIES:
            raise OsintError(f"{self.quantity!r} is not a quantity of the model; use one of {', '.join(QUANTITIES)}")
        for value in (self.low, self.high):
            if value is not None and not (np.isfinite(value) and value > 0):
                raise OsintError(
                    f"{self.quantity}={value} is not a positive finite number; leave it out if it is not known"
                )
        if self.low is None and self.high is None:
            raise OsintError(
                f"{self.quantity} was given no value; write {self.quantity}=VALUE or {self.quantity}=LOW..HIGH"
            )
        if self.low is not None and self.high is not None and self.low > self.high:
            raise OsintError(
                f"{self.quantity}={self.low:g}..{self.high:g} has low above high; write the smaller number first"
            )

    @property
    def bound(self) -> bool:
        """Whether only one side is known."""
        return self.low is None or self.high is None

    @property
    def log(self) -> float:
        """Log of the middle."""
        return float(np.log(self.low * self.high) / 2)  # type: ignore[operator]

    @property
    def sd(self) -> float:
        """Sd of the log: a 90% interval is low to high."""
        return max(float(np.log(self.high / self.low) / (2 * Z90)), EXACT)  # type: ignore[operator]

    def text(self) -> str:
        """The given as it can be typed."""
        if self.low is None:
            return f"{self.quantity}<={self.high:g}"
        if self.high is None:
            return f"{self.quantity}>={self.low:g}"
        return f"{self.quantity}={self.low:g}" + ("" if self.low == self.high else f"..{self.high:g}")


NUMBER = r"[0-9][0-9,]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?"


def parse_given(text: str) -> Given:
    """Read NAME=VALUE, NAME=LOW..HIGH, NAME>=LOW or NAME<=HIGH."""
    found = re.fullmatch(rf"\s*(\w+)\s*(=|>=|<=)\s*({NUMBER})(?:\s*\.\.\s*({NUMBER}))?\s*", text)
    if not found:
        raise OsintError(f"{text!r} is not NAME=VALUE or NAME=LOW..HIGH with positive numbers in the unit of the name")
    name, sign, first, second = found.groups()
    low = float(first.replace(",", ""))
    high = float(second.replace(",", "")) if second else low
    if second and sign != "=":
        raise OsintError(f"{text!r} has a bound and a range; write one of them")
    return Given(name, None if sign == "<=" else low, None if sign == ">=" else high, label=text.strip())


def sig(value: float, digits: int = 3) -> float:
    """Round to significant digits."""
    return float(f"{value:.{digits}g}")


def show(value: float, digits: int = 2) -> str:
    """A number with no more digits than its range supports."""
    rounded = sig(value, digits)
    return f"{rounded:,.0f}" if rounded >= 10 ** (digits - 1) or rounded == int(rounded) else f"{rounded:g}"
