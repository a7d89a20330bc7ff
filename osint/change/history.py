"""Read the steps of an outline as what happened there: ground broken, roofed, complete, removed."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from osint.change import landcover, series
from osint.change.series import Series
from osint.change.stack import PAIR
from osint.change.steps import Step, Steps, to_date

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
REMOVED_SHARE = 0.6
"""Loss over the gain of a standing roof from which it is gone: a low winter sun takes up to half."""
LEAST_CHANGE = 0.05
"""Gain against the surroundings, over their brightness, that a structure counts for at least: they may have darkened meanwhile."""
SMALL_SHARE = 0.3
"""Gain over that of a standing roof below which a change is the sun or the season on it."""
MAY_BE = "may show a roof"
COMES_AND_GOES = 3
"""Turns between gains and losses of whiteness, the first counted, two of them at one time of year: then no date is relied on."""
SAME_SEASON_DAYS = 45.0
YEAR_DAYS = 365.25
NO_BUILDING = 4
"""As many turns make no building: two gains and two losses."""
TURN_SHARE = 0.4
"""Share of the largest change from which another one is a turn."""
BRIEF_LOOKS = 5
BRIEF_DAYS = 45.0
BRIEF_ALIKE, BRIEF_AGREE = 0.25, 0.8
"""What stood for a few months and is no step of the series: looks, days between first and last, and how many lie within how much of its level."""
BRIEF_MOST_DAYS = 183.0
BRIEF_PROBABILITY = 0.5
"""Factor for what stood for so short a time: judgement, below one half."""
LASTING_SHARE = 0.5
LAST_LOOKS = 6
WHOLE_DAYS = 365.0
"""Time in which what first looks like a dark roof may become the field or the greenhouse that it is part of."""


def events(ground: Steps, covered: Steps, seen: Series) -> list[dict[str, Any]]:
    """Read the steps of an outline as structures: scraped, roofed, removed.

    `ground` are the steps in every band, `covered` those of the whiteness.
    """
    ordered = _ordered(covered)
    edges = [seen.days[0] - 1, *(day(s.best) for s in ordered), seen.days[-1] + 1]
    scrapings = [s for s in ground if _scraped(s)]
    structures: list[dict[str, Any]] = []
    turns: list[tuple[float, float]] = []
    levels: list[float] = []
    since = -np.inf
    for k, step in enumerate(ordered):
        before = landcover.look(seen, edges[k], day(step.begun.low))
        after = landcover.look(seen, day(step.complete.best), edges[k + 2] - (20 if k + 2 < len(edges) - 1 else 0))
        before = before or landcover.look(seen, edges[k], edges[k + 1], 1)
        after = after or landcover.look(seen, edges[k + 1], edges[k + 2], 1)
        if before is None or after is None:
            continue
        gain = after.whiteness() - before.whiteness()
        change = after.relative() - before.relative()
        turns += [(day(step.best), change)] if abs(gain) >= landcover.MIN_GAIN else []
        # what was there before and looks like the surroundings is no cover but bare ground again
        known = any(abs(after.relative() - level) < SMALL_SHARE * abs(change) for level in levels)
        bare = known and after.whiteness() < SMALL_SHARE * gain
        levels.append(before.relative())
        standing = [s for s in structures if not s.get("removed_high")]
        # the sun of a season scales the whiteness, plants and haze the surroundings: what is built or gone shows in both
        of_last = min(abs(gain) / standing[-1]["_gain"], abs(change) / standing[-1]["_change"]) if standing else 1.0
        if gain < -landcover.MIN_GAIN and standing and change < 0 and of_last > REMOVED_SHARE:
            standing[-1].update(_removed(step))
            since = day(step.best)
            continue
        if bare or gain < landcover.MIN_GAIN or of_last < SMALL_SHARE:
            if standing:
                _wetted(standing[-1], seen, edges[k + 2])
            continue
        if standing:
            standing[-1]["_until"] = day(step.begun.low)
        took = day(step.complete.best) - day(step.begun.best)
        kind, reserve = landcover.kind_of(before, after, took)
        scraped = [s for s in scrapings if since < day(s.best) < day(step.best)]
        told = _structure(step, kind, scraped[-1] if scraped else None, seen)
        structures.append({**told, "_change": max(change, LEAST_CHANGE), "_gain": gain})
        reserved(structures[-1], reserve)
        since = day(step.best)
    _stood_briefly(structures, turns, covered, scrapings, seen)
    _come_and_go(structures, turns)
    _short_lived(structures)
    like_the_whole(structures)
    if not structures:
        roof_may_show = bool(unconfirmed(seen))
        structures += [_earthworks(s, seen) for s in scrapings if roof_may_show or _lasts(s, ground, seen)][-1:]
    return structures


def _stood_briefly(
    structures: list[dict[str, Any]],
    turns: list[tuple[float, float]],
    covered: Steps,
    scrapings: list[Step],
    seen: Series,
) -> None:
    """Add what covered bare ground once for some months, if enough looks agree on it and it is no snow.

    Dust, a flood and a pond that dries fade; snow has its colour; what comes twice comes with the year.
    """
    white = seen.whiteness()
    brief = series.transients(seen.days, white, covered)
    pair = series.time_transient(seen.days, white, brief[0]) if len(brief) == 1 else None
    if pair is None:
        return
    up, down = pair
    inside = (seen.days >= day(up.complete.best)) & (seen.days <= day(down.begun.best))
    span = np.ptp(seen.days[inside]) if inside.any() else 0.0
    reached = (white[inside] - up.before[0]) / up.size[0]
    if inside.sum() < BRIEF_LOOKS or span < BRIEF_DAYS or np.mean(np.abs(reached - 1) < BRIEF_ALIKE) < BRIEF_AGREE:
        return
    before = landcover.look(seen, seen.days[0] - 1, day(up.begun.low))
    after = landcover.look(seen, day(up.complete.best), day(down.begun.best))
    bare = all(brief[0].last < s["_half"] or brief[0].first > s["_until"] for s in structures)
    if before is None or after is None or not bare:
        return
    kind, reserve = landcover.kind_of(before, after, day(up.complete.best) - day(up.begun.best))
    if kind not in (*landcover.BUILDINGS, "solar field", "greenhouse") or reserve:
        return
    scraped = [s for s in scrapings if s.best < up.best]
    change = after.relative() - before.relative()
    told = {**_structure(up, kind, scraped[-1] if scraped else None, seen), **_removed(down)}
    structures.append(told)
    structures.sort(key=lambda s: s["_from"])
    turns += [(day(up.best), change), (day(down.best), -change)]
    turns.sort()


def _removed(step: Step) -> dict[str, Any]:
    return {
        "removed_low": iso(step.low - HALF_MARGIN),
        "removed_high": iso(step.high + HALF_MARGIN),
        "_until": day(step.begun.low),
        "_gone": day(step.best),
    }


def _short_lived(structures: list[dict[str, Any]]) -> None:
    """Put a reserve on what stood for a few months: film, a crust or a heap does so more often than a roof."""
    for structure in structures:
        stood = structure.get("_gone", np.inf) - structure["_half"]
        if stood < BRIEF_MOST_DAYS and not structure["cannot_tell"]:
            structure["_step"] *= BRIEF_PROBABILITY
            structure["probability"] = round(BRIEF_PROBABILITY * structure["probability"], 3)
            reserved(
                structure, f"stood for about {stood:.0f} days only: a roof taken down, or film or a crust of one season"
            )


def _come_and_go(structures: list[dict[str, Any]], changes: list[tuple[float, float]]) -> None:
    """Take back what is gained and lost again and again: snow, plastic, a drying lake."""
    largest = max((abs(change) for _, change in changes), default=0.0)
    large = [(when, change > 0) for when, change in changes if abs(change) >= TURN_SHARE * largest]
    turns = [turn for k, turn in enumerate(large) if k == 0 or turn[1] != large[k - 1][1]]
    gains = sum(up for _, up in large)
    # what is cleared and built anew has its own times, not those of the year
    yearly = any(
        up == down and _season_apart(one - two) < SAME_SEASON_DAYS for (one, up), (two, down) in combinations(turns, 2)
    )
    for structure in structures:
        if len(turns) >= COMES_AND_GOES and (yearly or len(turns) >= NO_BUILDING):
            reserved(structure, f"comes and goes: {gains} gains and {len(large) - gains} losses of whiteness")
        if len(turns) >= NO_BUILDING:
            structure.update(kind="other", probability=round(0.5 * landcover.PROBABILITY["other"], 3))


def _wetted(structure: dict[str, Any], seen: Series, until: float) -> None:
    """Take back what turns out to darken with water: a pan that was whole when wet grows no whiter as it dries."""
    after = landcover.look(seen, structure["_from"], until)
    may = structure["kind"] in landcover.BUILDINGS
    if may and after is not None and after.dimmed >= landcover.WET_LOOKS:
        structure.update(kind="other", probability=round(structure["_step"] * landcover.PROBABILITY["other"], 3))
        reserved(structure, landcover.WETTED)


def _season_apart(days: float) -> float:
    """Return by how many days two moments that lie `days` apart differ in the time of year."""
    return abs((days + YEAR_DAYS / 2) % YEAR_DAYS - YEAR_DAYS / 2)


def reserved(structure: dict[str, Any], reason: str) -> None:
    """Add a reason why a structure is not to be relied on, if it is one."""
    if reason and reason not in (structure["cannot_tell"] or ""):
        structure["cannot_tell"] = "; ".join(filter(None, (structure["cannot_tell"], reason)))


def like_the_whole(structures: list[dict[str, Any]]) -> None:
    """Give the first parts of what stands on one outline, seen mixed with ground, the kind that it has at the end."""
    standing = [s for s in structures if not s["removed_high"]]
    if len(standing) < 2:
        return
    whole = standing[-1]
    certain = whole["kind"] in landcover.BUILDINGS and not untold(whole)
    for part in standing[:-1]:
        days = (np.datetime64(whole["roofed_best"]) - np.datetime64(part["roofed_best"])) / np.timedelta64(1, "D")
        mixed = part["kind"] in ("other", "solar field") and landcover.SNOWY not in (part["cannot_tell"] or "")
        film = (
            whole["kind"] in ("greenhouse", "other", "solar field")
            and part["kind"] == "dark roof"
            and not untold(whole)
        )
        if (certain and (mixed or untold(part))) or (film and days <= WHOLE_DAYS):
            reasons = [r for r in (part["cannot_tell"] or "").split("; ") if not r.endswith(landcover.UNTOLD)]
            part.update(kind=whole["kind"], cannot_tell="; ".join(filter(None, reasons)) or None)
            part["probability"] = round(part["_step"] * landcover.PROBABILITY[whole["kind"]], 3)


def may_be_roof(structure: dict[str, Any]) -> bool:
    """Return whether a structure is a roof, or something that its bands do not tell from one."""
    return structure["kind"] in landcover.BUILDINGS or untold(structure)


def untold(structure: dict[str, Any]) -> bool:
    """Return whether a structure may be salt, panels or film as well as a roof."""
    return landcover.UNTOLD in (structure["cannot_tell"] or "")


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
    return bool(large and white < landcover.MIN_GAIN)


def _structure(step: Step, kind: str, scraped: Step | None, seen: Series) -> dict[str, Any]:
    """Return one structure; ground was broken at `scraped`, or no later than the roof began."""
    begun_low, begun_high, named = _onset(step, scraped, seen)
    told = row(
        "",
        kind=kind,
        probability=round(step.probability * landcover.PROBABILITY[kind], 3),
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
    return {
        **told,
        "_step": step.probability,
        "_half": day(step.best),
        "_from": day(step.complete.high),
        "_until": seen.days[-1] + 1,
    }


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


def _lasts(step: Step, ground: Steps, seen: Series) -> bool:
    """Return whether the last looks still differ by half a step from every level that the ground had before it.

    Scraped ground does not heal in a season; what does was a crop, water or dust, and the way back is no work either.
    """
    start = seen.days[0] - 1
    for earlier in ground:
        if earlier.best > step.best:
            break
        before = (seen.days > start) & (seen.days <= day(earlier.begun.low))
        start = day(earlier.complete.high)
        if before.any():
            change = _alike(seen, before, seen.days >= day(step.complete.best)) @ step.size / (step.size @ step.size)
            if not change >= LASTING_SHARE:
                return False
    return True


def _alike(seen: Series, before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the last looks `after` less the last looks `before` in blue and infrared, from one half of the year if there are."""
    warm = np.isin(((seen.days % 365.25) // 91.4).astype(int), (1, 2))
    halves = [(before & half, after & half) for half in (warm, ~warm)]
    fewest = [min(b.sum(), a.sum()) for b, a in halves]
    if max(fewest) >= 2:
        before, after = halves[int(np.argmax(fewest))]
    pair = seen.contrast[:, [seen.bands.index(b) for b in PAIR]]
    return np.median(pair[after][-LAST_LOOKS:], axis=0) - np.median(pair[before][-LAST_LOOKS:], axis=0)


def _earthworks(step: Step, seen: Series) -> dict[str, Any]:
    told = row(
        "",
        kind="earthworks",
        probability=round(step.probability * landcover.PROBABILITY["earthworks"], 3),
        onset_low=iso(step.begun.low - ONSET_MARGIN),
        onset_high=iso(step.high + HALF_MARGIN),
        cannot_tell=unconfirmed(seen)
        or f"no roof: the ground was changed, nothing was covered by {iso(to_date(seen.days[-1]))}",
    )
    return {**told, "_from": day(step.complete.high), "_until": seen.days[-1] + 1}


def unconfirmed(seen: Series) -> str:
    """Return what the last looks show if they look like a roof but are too few to be a step; else nothing."""
    white = seen.whiteness()
    last = len(white) - int(np.argmin((white > np.median(white) + landcover.MIN_GAIN)[::-1]))
    late = seen.days[last:]
    if len(late) < 2:
        return ""
    return f"too few scenes: the last {len(late)}, from {iso(to_date(late[0]))}, {MAY_BE}; ask again later"


def why_not(found: Steps) -> str:
    """Return the reason why steps make no structure."""
    return found.reason or "steps were seen, but none of them looks like ground broken or a roof and lasted"


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
