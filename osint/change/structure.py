"""What happened on an outline, as a record and as a row."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace

import numpy as np

from osint.change import landcover
from osint.change.landcover import Kind
from osint.change.reasons import NOT_SEPARABLE, Doubt, Reason, names, sentences
from osint.change.roof import AreaInterval, area_row
from osint.change.steps import to_date

PROPERTIES = (
    "outline_id", "kind", "probability", "roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high",
    "onset_low", "onset_high", "roofed_low", "roofed_best", "roofed_high", "complete_low", "complete_high",
    "removed_low", "removed_high", "cannot_tell", "doubts", "scenes_used", "scenes_unread", "unseen_days",
    "bytes_read",
)  # fmt: skip
"""Columns of the rows that `Structure.to_row` writes."""
LONGEST_INTERVAL_DAYS = 200  # width of the half-covered interval above which its date is not to be relied on


@dataclass(frozen=True, slots=True)
class Structure:
    """What happened on an outline, or on a phase of it; without a kind, why nothing can be told.

    The last scene on which a moment was surely not reached and the first on which it was are its low and high day.
    """

    outline_id: str = ""
    kind: Kind | None = None
    probability: float | None = None
    """That it is a building."""
    roof_area: AreaInterval | None = None
    onset_low: dt.date | None = None
    """Ground broken, first possible day; None means "no later than `onset_high`"."""
    onset_high: dt.date | None = None
    roofed_low: dt.date | None = None
    """Half covered."""
    roofed_best: dt.date | None = None
    roofed_high: dt.date | None = None
    complete_low: dt.date | None = None
    """Fully covered."""
    complete_high: dt.date | None = None
    """None if the work was still under way at the last scene."""
    removed_low: dt.date | None = None
    """Cleared."""
    removed_high: dt.date | None = None
    doubts: tuple[Doubt, ...] = ()
    """Why its dates or its kind are not to be relied on."""
    scenes_used: int = 0
    scenes_unread: int = 0
    """Scenes that were asked for and could not be read: its dates and its absence rest on the others."""
    unseen_days: int | None = None
    """Longest time without a scene while it stood: what was taken down and built again within it does not show."""
    bytes_read: int = 0
    step_probability: float = 1.0
    """That there was a step at all."""
    gain: float = 0.0
    """Gain of whiteness against the surroundings, reflectance."""
    relative_gain: float = 0.0
    """The same over the brightness of the surroundings."""
    half_day: float = np.inf
    """Half covered, days since 1970-01-01."""
    shown_from_day: float = np.inf
    """First day on which all of it stands, days since 1970-01-01."""
    shown_until_day: float = np.inf
    """Last day on which it stands and nothing was built over it, days since 1970-01-01."""
    removed_day: float = np.inf
    """Half cleared, days since 1970-01-01."""
    near: tuple[float, float] = (np.nan, np.nan)
    """Days, since 1970-01-01, from when its change may have begun to when it was surely over."""

    @property
    def stands(self) -> bool:
        """Whether it was not removed."""
        return self.removed_high is None

    def longest_unseen(self, days: np.ndarray) -> int | None:
        """Return the longest time between two scenes, of `days` (n,), while it stood; None where that is not known."""
        if not np.isfinite(self.shown_from_day):
            return None
        until = min(self.shown_until_day, self.removed_day)
        stood = days[(days >= self.shown_from_day) & (days <= until)]
        ends = [self.shown_from_day, *stood, min(until, float(days[-1]))]
        return math.ceil(max(np.diff(ends), default=0.0))

    @property
    def not_separable(self) -> bool:
        """Whether it may be salt, panels or film as well as a roof."""
        return any(d.reason in NOT_SEPARABLE for d in self.doubts)

    @property
    def may_be_roof(self) -> bool:
        """Whether it is a roof, or something that its bands do not separate from one."""
        return self.kind in landcover.BUILDINGS or self.not_separable

    def doubtful(self, doubt: Doubt | None) -> Structure:
        """Return the structure with one more doubt, unless it has that one or there is none."""
        return self if doubt is None or doubt in self.doubts else replace(self, doubts=(*self.doubts, doubt))

    def called(self, kind: Kind, probability: float) -> Structure:
        """Return the structure as another kind that is a building with `probability`."""
        return replace(self, kind=kind, probability=round(self.step_probability * probability, 3))

    def to_row(self) -> dict[str, str | float | None]:
        """Return the columns PROPERTIES: days as ISO text, doubts as sentences, None where nothing is known."""
        row = {name: getattr(self, name, None) for name in PROPERTIES}
        row |= {name: value.isoformat() for name, value in row.items() if isinstance(value, dt.date)}
        row["kind"] = None if self.kind is None else str(self.kind)
        told = {"cannot_tell": sentences(self.doubts), "doubts": names(self.doubts)}
        return row | area_row("roof_area_m2", self.roof_area) | told


def long_interval(low: dt.date, high: dt.date, gap_days: float) -> Doubt | None:
    """Return the doubt of a half-covered interval so wide that its best day says nothing, None if it is narrower."""
    days = (high - low).days
    figures: dict[str, float | str] = {
        "start": low.isoformat(),
        "end": high.isoformat(),
        "days": days,
        "gap_days": gap_days,
    }
    return Doubt(Reason.LONG_INTERVAL, figures) if days > LONGEST_INTERVAL_DAYS else None


def moment_date(moment: np.datetime64, later_days: int = 0) -> dt.date:
    """Return the date of the moment that is `later_days` after one."""
    return dt.date.fromisoformat(iso(moment + np.timedelta64(later_days, "D")))


def date_of(day: float, later_days: int = 0) -> dt.date:
    """Return the date of a day since 1970-01-01, or of `later_days` after it."""
    return moment_date(to_date(day), later_days)


def day_of(date: dt.date) -> float:
    """Return the days from 1970-01-01 to a date."""
    return float((date - dt.date(1970, 1, 1)).days)


def iso(moment: np.datetime64) -> str:
    """Return the ISO date of a moment.

    >>> iso(np.datetime64("2024-03-20T05:10:00"))
    '2024-03-20'
    """
    return str(moment.astype("datetime64[D]"))
