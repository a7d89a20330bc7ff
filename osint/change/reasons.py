"""Reasons why something cannot be told, or is not to be relied on, and the sentence of each.

The program decides by `Reason`; the English is made by `sentence`, where a row is written for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """What stands in the way of an answer, or makes one doubtful."""

    TOO_SMALL = "too small"
    TOO_FEW_SCENES = "too few scenes"
    CLOUD = "cloud"
    TOO_FEW_VALUES = "too few values"
    NO_STEP = "no step"
    NO_STRUCTURE = "no structure"
    MAY_SHOW_A_ROOF = "may show a roof"
    LONG_INTERVAL = "long interval"
    SNOW_OR_WATER = "snow or water"
    SEASONAL = "seasonal"
    WETTED = "wetted"
    DRIED_OUT = "dried out"
    COMES_AND_GOES = "comes and goes"
    SHORT_LIVED = "short-lived"
    NO_ROOF = "no roof"
    ROOF_OR_SALT = "pale roof or salt"
    ROOF_OR_PANELS = "dark roof or panels"
    LIKE_ITS_YARD = "like its yard"
    UNSEEN_SURROUNDINGS = "unseen surroundings"
    UNCHANGED_OUTLINE = "unchanged outline"
    UNCHANGED_YARD = "unchanged yard"
    RESTLESS = "restless surroundings"
    OUT_OF_WINDOW = "out of the window"
    BLIND_OUT_OF_WINDOW = "blind ground out of the window"
    BLIND_GROUND = "blind ground"
    NO_TIME_BEFORE = "no time before"
    NO_YARD = "no cooling yard"
    NO_BOUND = "no upper bound"
    TOO_FEW_CLEAR = "too few clear scenes"


NOT_SEEN = frozenset({Reason.CLOUD, Reason.TOO_FEW_SCENES, Reason.TOO_FEW_VALUES, Reason.MAY_SHOW_A_ROOF})
"""Reasons that leave open whether something was built: the pictures did not show enough."""
NOT_SEPARABLE = frozenset({Reason.ROOF_OR_SALT, Reason.ROOF_OR_PANELS})
"""Reasons for which the bands do not separate a roof from something else."""

_SENTENCES: Mapping[Reason, str] = {
    Reason.TOO_SMALL: "too small: {area_m2:.0f} m2 is under {least_m2:.0f} m2, six pixels of 10 m",
    Reason.TOO_FEW_SCENES: "too few scenes: {scenes} between {start} and {end}",
    Reason.CLOUD: "cloud: {usable} usable of {listed} scenes{refused}",
    Reason.TOO_FEW_VALUES: "{told}",
    Reason.NO_STEP: "{told}",
    Reason.NO_STRUCTURE: "steps were seen, but none of them looks like ground broken or a roof and lasted",
    Reason.MAY_SHOW_A_ROOF: "too few scenes: the last {scenes}, from {day}, may show a roof; ask again later",
    Reason.LONG_INTERVAL: "interval of {days:.0f} days: no usable scene for {gap_days:.0f} days",
    Reason.SNOW_OR_WATER: "comes and goes: snow or water by its colour, not a building",
    Reason.SEASONAL: "comes and goes: with the seasons, as no building does",
    Reason.WETTED: "comes and goes: it darkens in blue and infrared, as ground does under water and a roof does not",
    Reason.DRIED_OUT: "the ground was under water before: a lake or pan that dries out looks like this",
    Reason.COMES_AND_GOES: "comes and goes: {gains} gains and {losses} losses of whiteness",
    Reason.SHORT_LIVED: ("stood for about {days:.0f} days only: a roof taken down, or film or a crust of one season"),
    Reason.NO_ROOF: "no roof: the ground was changed, nothing was covered by {day}",
    Reason.ROOF_OR_SALT: "a pale roof or a crust of salt: these bands do not tell them apart",
    Reason.ROOF_OR_PANELS: "a dark roof or a {other}: these bands do not tell them apart",
    Reason.LIKE_ITS_YARD: "roof and yard look alike",
    Reason.UNSEEN_SURROUNDINGS: "too little of the surroundings was seen",
    Reason.UNCHANGED_OUTLINE: "the outline looks as it did before, or as its surroundings",
    Reason.UNCHANGED_YARD: "the ground next to the roof looks as it did before, or as its surroundings",
    Reason.RESTLESS: "{share:.0%} of the surroundings changed as the yard did",
    Reason.OUT_OF_WINDOW: "it runs out of the window",
    Reason.BLIND_OUT_OF_WINDOW: "ground on which scraping would not show runs from it out of the window",
    Reason.BLIND_GROUND: "scraping would not show on ground next to it, {share:.0%} of what shows",
    Reason.NO_TIME_BEFORE: "with a time before it could be bounded",
    Reason.NO_YARD: (
        "pixels of 10 m do not separate a cooling yard from parking, stores or an annex: the upper bound is all of the "
        "plot that is not roof, and says nothing of cooling on the roof"
    ),
    Reason.NO_BOUND: "the plot has no upper bound here",
    Reason.TOO_FEW_CLEAR: "fewer than {least} clear scenes{when}, {start} to {end}",
}


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
    return _SENTENCES[doubt.reason].format(**doubt.figures)


def sentences(doubts: Iterable[Doubt]) -> str | None:
    """Return doubts in English, separated by "; ", None if there is none."""
    return "; ".join(map(sentence, doubts)) or None
