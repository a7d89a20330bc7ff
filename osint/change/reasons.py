"""Reasons why something cannot be told, or is not to be relied on, and the sentence of each.

The program decides by `Reason`; the English is made by `sentence`, where a row is written for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """What stands in the way of an answer, or makes one doubtful; its value is the text for `sentence`."""

    TOO_SMALL = "too small: {area_m2:.0f} m2 is under {least_m2:.0f} m2, six pixels of 10 m"
    TOO_FEW_SCENES = "too few scenes: {scenes} between {start} and {end}"
    CLOUD = "cloud: {usable} usable of {listed} scenes{refused}"
    UNREAD = "not known: {unread} of {listed} scenes could not be read ({why})"
    STOPPED = "not known: {why}"
    TOO_FEW_VALUES = "too few values: {told}"
    NO_CHANGE = "no change: {told}"
    LOW_CONTRAST = "contrast too low: {told}"
    NO_STRUCTURE = "steps were seen, but none of them looks like ground broken or a roof and lasted"
    MAY_SHOW_A_ROOF = "too few scenes: the last {scenes}, from {day}, may show a roof; ask again later"
    LONG_INTERVAL = (
        "when half of it was covered is not known between {start} and {end}, {days:.0f} days (longest time without a "
        "usable scene: {gap_days:.0f} days)"
    )
    SNOW_OR_WATER = "comes and goes: snow or water by its colour, not a building"
    SEASONAL = "comes and goes: with the seasons, as no building does"
    WETTED = "comes and goes: it darkens in blue and infrared, as ground does under water and a roof does not"
    DRIED_OUT = "the ground was under water before: a lake or pan that dries out looks like this"
    COMES_AND_GOES = "comes and goes: {gains} gains and {losses} losses of whiteness"
    CUT = "the edge of the place cuts it: no area is given; widen the box to measure it whole"
    SHORT_LIVED = "stood for about {days:.0f} days only: a roof taken down, or film or a crust of one season"
    NO_ROOF = "no roof: the ground was changed, nothing was covered by {day}"
    SLOW_GROUND = "whether ground was broken is not known: it changed within {days:.0f} days, as it does in seasons too"
    WHICH_CHANGE = (
        "which change was the cover is not certain: half covered about {day}, or about {other} ({share:.2f}), and the "
        "other one was a slab, panels or a new coat; look at its pictures"
    )
    CHANGED_AGAIN = (
        "from {start} to {end} it changed again: taken down ({gone:.2f}), or covered anew with panels, gravel or "
        "another coat; look at its pictures"
    )
    ROOF_BEFORE = (
        "what was there before has the colour of a roof or of asphalt ({built:.2f}): a roof that was coated anew looks "
        "like a new one; look at a picture from before"
    )
    INTERRUPTED = "not there on {scenes} scenes in a row, {start} to {end}: it may have been taken down and built again"
    OPEN_KIND = "what it is stays open, by its colour and shape: {told}; look at its pictures"
    NO_COLOUR = "what it is stays open: no scene shows its colour"
    LIKE_ITS_YARD = "roof and yard look alike"
    UNSEEN_SURROUNDINGS = "too little of the surroundings was seen"
    UNCHANGED_OUTLINE = "the outline looks as it did before, or as its surroundings"
    UNCHANGED_YARD = "the ground next to the roof looks as it did before, or as its surroundings"
    RESTLESS = "{share:.0%} of the surroundings changed as the yard did"
    OUT_OF_WINDOW = "it runs out of the window"
    BLIND_OUT_OF_WINDOW = "ground on which scraping would not show runs from it out of the window"
    BLIND_GROUND = "scraping would not show on ground next to it, {share:.0%} of what shows"
    NO_TIME_BEFORE = "with a time before it could be bounded"
    NO_YARD = (
        "pixels of 10 m do not separate a cooling yard from parking, stores or an annex: the upper bound is all "
        "of the plot that is not roof, and says nothing of cooling on the roof"
    )
    NO_BOUND = "the plot has no upper bound here"
    TOO_FEW_CLEAR = "fewer than {least} clear scenes{when}, {start} to {end}"


# whether something was built is left open: the pictures did not show enough
NOT_READ = frozenset({Reason.UNREAD, Reason.STOPPED})  # a failure of reading, which says nothing of the ground
NOT_SEEN = NOT_READ | {Reason.CLOUD, Reason.TOO_FEW_SCENES, Reason.TOO_FEW_VALUES, Reason.MAY_SHOW_A_ROOF}
NOT_SEPARABLE = frozenset({Reason.OPEN_KIND, Reason.NO_COLOUR})  # it may be a roof or something else


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason with the figures that it rests on."""

    reason: Reason
    figures: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    """Numbers and names of the sentence, units in their names."""


def sentence(doubt: Doubt) -> str:
    """Return a doubt in English.

    >>> sentence(Doubt(Reason.TOO_SMALL, {"area_m2": 81.3, "least_m2": 600}))
    'too small: 81 m2 is under 600 m2, six pixels of 10 m'
    """
    return doubt.reason.value.format(**doubt.figures)


def names(doubts: Iterable[Doubt]) -> str | None:
    """Return the names of the reasons of doubts, separated by "|", None if there is none."""
    return "|".join(doubt.reason.name for doubt in doubts) or None


def of_kind_alone(doubts: object) -> bool:
    """Say whether doubts by their `names` leave open what a thing is and nothing else: a person can settle that."""
    return isinstance(doubts, str) and doubts != "" and set(doubts.split("|")) <= {r.name for r in NOT_SEPARABLE}


def sentences(doubts: Iterable[Doubt]) -> str | None:
    """Return doubts in English, separated by "; ", None if there is none."""
    return "; ".join(map(sentence, doubts)) or None
