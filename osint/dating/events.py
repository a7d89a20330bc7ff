"""Read the steps of an outline as what happened there: ground broken, roofed, complete, removed."""

from __future__ import annotations

from typing import Any

import numpy as np

from osint.dating import surfaces
from osint.dating.series import Series
from osint.dating.steps import Step, Steps, to_date

PROPERTIES = (
    "outline_id", "kind", "probability", "roof_area_m2_low", "roof_area_m2_best", "roof_area_m2_high",
    "onset_low", "onset_high", "roofed_low", "roofed_best", "roofed_high", "complete_low", "complete_high",
    "removed_low", "removed_high", "cannot_tell", "scenes_used", "bytes_read",
)  # fmt: skip
LONGEST_INTERVAL_DAYS = 200
ONSET_LEAD_DAYS = 330
ONSET_WIDEST_DAYS = 60
ONSET_FROM_START_DAYS = 60
HALF_MARGIN = np.timedelta64(1, "D")
COMPLETE_MARGIN = np.timedelta64(1, "D")
ONSET_MARGIN = np.timedelta64(15, "D")
"""Widening of the intervals of `date_step`, whose straight ramp no building follows to the day."""
MIN_SCRAPED_CONTRAST = 4.0
MIN_SCRAPED_SIZE = 0.025
"""Reflectance; between seasons and years ground that nobody touched moves by half of it."""
SMALL_SHARE = 0.3
"""Gain over that of a standing roof below which a change is the sun or the season on it."""
COMES_AND_GOES = 2
MAY_BE = "may show a roof"


def events(ground: Steps, covered: Steps, seen: Series, area_m2: float) -> list[dict[str, Any]]:
    """Read the steps of an outline as structures: scraped, roofed, removed.

    `ground` are the steps in every band, `covered` those of the whiteness.
    """
    ordered = _ordered(covered)
    edges = [seen.days[0] - 1, *(day(s.best) for s in ordered), seen.days[-1] + 1]
    scrapings = [s for s in ground if _scraped(s)]
    structures: list[dict[str, Any]] = []
    since = -np.inf
    for k, step in enumerate(ordered):
        before = surfaces.look(seen, edges[k], day(step.begun.low))
        after = surfaces.look(seen, day(step.complete.best), edges[k + 2] - (20 if k + 2 < len(edges) - 1 else 0))
        before = before or surfaces.look(seen, edges[k], edges[k + 1], 1)
        after = after or surfaces.look(seen, edges[k + 1], edges[k + 2], 1)
        if before is None or after is None:
            continue
        gain = after.whiteness() - before.whiteness()
        change = after.relative() - before.relative()
        standing = [s for s in structures if not s.get("removed_high")]
        if gain < -surfaces.MIN_GAIN and standing and change < -0.4 * standing[-1]["_change"]:
            standing[-1].update(removed_low=iso(step.low), removed_high=iso(step.high), _until=day(step.begun.best))
            since = day(step.best)
            continue
        if gain < surfaces.MIN_GAIN or (standing and abs(change) < SMALL_SHARE * standing[-1]["_change"]):
            continue
        if standing:
            standing[-1]["_until"] = day(step.begun.best)
        took = day(step.complete.best) - day(step.begun.best)
        kind = surfaces.kind_of(before, after, area_m2, took)
        scraped = [s for s in scrapings if since < day(s.best) < day(step.best)]
        structures.append({**_structure(step, kind, scraped[-1] if scraped else None, seen), "_change": change})
        since = day(step.best)
    if sum(s["removed_high"] is not None for s in structures) >= COMES_AND_GOES:
        # a building is not put up and cleared every year: snow, plastic, a drying lake
        for structure in structures:
            structure.update(kind="other", probability=round(0.5 * surfaces.PROBABILITY["other"], 3))
    _like_the_whole([s for s in structures if not s["removed_high"]])
    if not structures and scrapings:
        structures.append(_earthworks(scrapings[-1], seen))
    return structures


def _like_the_whole(standing: list[dict[str, Any]]) -> None:
    """Give the first parts of a site, seen mixed with yard, the kind that the whole has at the end."""
    if len(standing) > 1 and standing[-1]["kind"] in surfaces.BUILDINGS:
        share = surfaces.PROBABILITY[standing[-1]["kind"]] / surfaces.PROBABILITY["other"]
        for structure in standing[:-1]:
            if structure["kind"] == "other":
                probability = round(min(structure["probability"] * share, 1.0), 3)
                structure.update(kind=standing[-1]["kind"], probability=probability)


def _ordered(found: Steps) -> list[Step]:
    """Return steps in time order; of two halves of one change that come out in the wrong order, the larger."""
    ordered: list[Step] = []
    for step in found:
        if ordered and step.best <= ordered[-1].best:
            ordered[-1] = max(ordered[-1], step, key=lambda s: s.contrast)
        else:
            ordered.append(step)
    return ordered


def _scraped(step: Step) -> bool:
    """Return whether a step is large enough for scraped ground, and no roof; blue is the first band, infrared the last."""
    white = float(step.size[0] - 0.7 * step.size[-1])
    large = step.contrast >= MIN_SCRAPED_CONTRAST and np.abs(step.size).max() >= MIN_SCRAPED_SIZE
    return bool(large and white < surfaces.MIN_GAIN)


def _structure(step: Step, kind: str, scraped: Step | None, seen: Series) -> dict[str, Any]:
    """Return one structure; ground was broken at `scraped`, or no later than the roof began."""
    begun_low, begun_high, named = _onset(step, scraped, seen)
    told = row(
        "",
        kind=kind,
        probability=round(step.probability * surfaces.PROBABILITY[kind], 3),
        onset_low=begun_low if named else None,
        onset_high=begun_high,
        roofed_low=iso(step.low - HALF_MARGIN),
        roofed_best=iso(step.best),
        roofed_high=iso(step.high + HALF_MARGIN),
        complete_low=iso(max(step.complete.low - COMPLETE_MARGIN, step.low - HALF_MARGIN)),
        # a change still under way at the last scene has no end yet
        complete_high=iso(step.complete.high + COMPLETE_MARGIN)
        if day(step.complete.high) < seen.days[-1] - 6
        else None,
    )
    width = day(step.high) - day(step.low)
    if width > LONGEST_INTERVAL_DAYS:
        told["cannot_tell"] = f"interval of {width:.0f} days: no usable scene for {step.gap_days:.0f} days"
    return {**told, "_from": day(step.complete.high), "_until": seen.days[-1] + 1}


def _onset(step: Step, scraped: Step | None, seen: Series) -> tuple[str, str, bool]:
    """Return low and high of ground broken, and whether it was seen: else the high is "no later than".

    Only a sharp step that is not at the start of the series and not long before the roof is named: the
    seasons of bare ground make wide ones. Scraping shows before it is half done and after it began.
    """
    if scraped is not None:
        lead = day(step.best) - day(scraped.best)
        wide = day(scraped.high) - day(scraped.begun.low)
        inside = day(scraped.begun.low) - seen.days[0] > ONSET_FROM_START_DAYS
        if lead < ONSET_LEAD_DAYS and wide < ONSET_WIDEST_DAYS and inside:
            last = min(scraped.high + HALF_MARGIN, step.high)
            return iso(scraped.begun.low - ONSET_MARGIN), iso(last), True
    return "", iso(max(step.begun.high, step.low)), False


def _earthworks(step: Step, seen: Series) -> dict[str, Any]:
    told = row(
        "",
        kind="earthworks",
        probability=round(step.probability * surfaces.PROBABILITY["earthworks"], 3),
        onset_low=iso(step.begun.low - ONSET_MARGIN),
        onset_high=iso(step.high + HALF_MARGIN),
        cannot_tell=unconfirmed(seen)
        or f"no roof: the ground was changed, nothing was covered by {iso(to_date(seen.days[-1]))}",
    )
    return {**told, "_from": day(step.complete.high), "_until": seen.days[-1] + 1}


def unconfirmed(seen: Series) -> str:
    """Return what the last looks show if they look like a roof but are too few to be a step; else nothing."""
    white = seen.whiteness()
    last = len(white) - int(np.argmin((white > np.median(white) + surfaces.MIN_GAIN)[::-1]))
    late = seen.days[last:]
    if len(late) < 2:
        return ""
    return f"too few scenes: the last {len(late)}, from {iso(to_date(late[0]))}, {MAY_BE}; ask again later"


def why_not(found: Steps) -> str:
    """Return the reason why steps make no structure."""
    return found.reason or "steps were seen, but none of them looks like ground broken or a roof"


def row(outline_id: str, **known: Any) -> dict[str, Any]:
    """Return a row of PROPERTIES, None where nothing is known."""
    empty: dict[str, Any] = dict.fromkeys(PROPERTIES)
    return {**empty, "outline_id": outline_id, "scenes_used": 0, "bytes_read": 0, **known}


def day(moment: np.datetime64) -> float:
    """Return days since 1970-01-01 of a moment."""
    return float((moment - np.datetime64("1970-01-01T00:00:00")) / np.timedelta64(1, "s")) / 86_400


def iso(moment: np.datetime64) -> str:
    """Return the ISO date of a moment."""
    return str(moment.astype("datetime64[D]"))
