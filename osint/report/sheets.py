"""The figures of the report as rows and captions; every title is made from the numbers that are drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from osint import verdict
from osint.model import Dossier, sig
from osint.register import TAKEN_BACK, Claim, Modality, Role, Rung
from osint.report import charts
from osint.report.answer import Answer
from osint.report.canvas import BLACK, BLUE, GREEN, ORANGE, RED, SKY, Caption, Sheet
from osint.report.charts import Look, Mark
from osint.report.hall_room import HallRoom
from osint.report.words import counted, day_words, digits, listed

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from osint.passport import Number

KW = 1000  # kW in a MW
STAGES = ("announced", "filed", "halls built, as said able to carry", "said to be there")
"""Stages of the figure of the stages, from words to compute that is said to be there."""


def publishers(claims: Iterable[Claim]) -> str:
    """Return publishers with their days, each once, the oldest first."""
    rows = sorted(claims, key=lambda c: (c.date.first.toordinal() if c.date else 0, c.source_publisher))
    return "; ".join(dict.fromkeys(f"{c.source_publisher} ({day_words(c.date)})" for c in rows)) or "none on file"


def room_sheet(answer: Answer, dossier: Dossier) -> Sheet:
    """Return claimed chips beside the room of the halls on file, of what was seen, and beside estimates of supply."""
    claims = {c.claim_id: c for c in dossier.all_claims}
    supply = verdict.supply_estimates(dossier, "CN")
    findings = [f for f in (answer.planned, answer.largest) if f]
    marks = [_claimed(f.claim, answer) for f in findings]
    kind = f"{answer.paper.chip} chips" if answer.paper.chip else "chips of any kind"
    paper = f"Room on paper for {kind}"
    said = ", ".join(f"{answer.figures.get(i, i)} ({i})" for i in answer.paper_there.ids)
    if answer.largest:
        where = listed([answer.names[i] for i in answer.paper_there.sites])
        marks.append(_room(paper, f"{where}, {said}", answer.paper_there, BLUE, "no document gives the size of a hall"))
    n = len(answer.paper.sites)
    which = ", ".join(answer.paper.sites)
    label = f"{counted(n, 'announced site')} of {len(answer.announced)} whose halls are on file ({which})"
    marks.append(_room(paper, label, answer.paper, BLUE, "no document gives the size of a hall"))
    seen = f"Room in what was seen, {kind}"
    looked_at = [*answer.measured.sites, *answer.measured.bare]
    label = f"{counted(len(looked_at), 'announced site')} measured ({', '.join(looked_at)})"
    why = "no picture or visit on file measures a hall"
    why = f"what was measured is {answer.why_uncounted()}" if answer.uncounted else why
    marks.append(_room(seen, label, answer.measured, GREEN, why))
    marks += [_supply(claim) for claim in supply]
    used = [f.claim for f in findings] + [claims[i] for i in answer.paper.ids if i in claims] + supply
    caption = Caption(
        title=_room_title(answer),
        subtitle="Number of chips. Bars and arrows: claimed. Lines: 90% range with its best estimate.",
        source=publishers(used),
        note="A figure on paper is no building, and room is no chip. Estimates of supply are of all China.",
        alt=". ".join(f"{m.group}: {m.label}" for m in marks) + ".",
    )
    rooms = ((answer.paper_there, "there"), (answer.paper, "all"), (answer.measured, "seen"))
    numbers = [made for room, name in rooms if (made := _number_of(room, name))]
    question = "Do the chips that are claimed fit the halls that are on file?"
    return _sheet("claimed-and-room", caption, marks, "chips", numbers=[*_once(used), *numbers], question=question)


def _room_title(answer: Answer) -> str:
    """Return the room of the site of the largest number, and that of all sites with a size, beside what is claimed."""
    findings = [f for f in (answer.largest, answer.planned) if f]
    if not findings:
        return "No number of chips is claimed of the announced sites"
    numbers = [digits(f.claim.claimed) for f in findings]
    seen = answer.measured_there.interval is not None
    there = answer.measured_there if seen else answer.paper_there
    if there.interval is None or answer.largest is None:
        return f"{listed(numbers)} chips are claimed, and nothing on file gives the size of a hall for them"
    kind = f"{there.chip} chips" if there.chip else "chips"
    site, claimed = answer.largest.claim.site_id, digits(answer.largest.claim.claimed)
    where = listed([answer.names[i] for i in (*there.sites, *there.bare)])
    whole = "" if site in (*there.sites, *there.bare) else f" of {answer.names[site]}"
    own = f"room for {_span(there)} {kind} at {where} ({claimed} claimed{whole})"
    plan = ""
    if answer.planned and answer.paper.interval and not seen:
        sites, planned = counted(len(answer.paper.sites), "site"), digits(answer.planned.claim.claimed)
        plan = f", and for {_span(answer.paper)} at {sites} ({planned} claimed of all sites)"
    return f"{'In what was seen' if seen else 'On paper'} there is {own}{plan}"


def _span(room: HallRoom) -> str:
    """Return a range of room in words: "3,200 to 100,000", or "no" where there is none."""
    low, best, high = (sig(v, 2) if v else 0.0 for v in room.interval or (0.0, 0.0, 0.0))
    return f"{digits(low)} to {digits(high)}" if best else "no"


def _claimed(claim: Claim, answer: Answer) -> Mark:
    who = f"{claim.claimant}, {day_words(claim.date)}, {claim.claim_id}"
    label = f"{claim.written()}, {claim.chip_model or 'kind not stated'}: {answer.names[claim.site_id]} ({who})"
    open_above = claim.value_high is None
    return _mark("Claimed", label, claim, best=claim.claimed, look=Look.BAR, colour=BLACK, open_above=open_above)


def _room(group: str, label: str, room: HallRoom, colour: str, reason: str) -> Mark:
    if room.interval is None:
        return Mark(group, f"not known: {reason}", look=Look.EMPTY, reason=reason)
    low, best, high = (sig(v, 2) if v else 0.0 for v in room.interval)
    label = f"{label}: {digits(best)} ({digits(low)} to {digits(high)})"
    return Mark(group, label, best, low, high, Look.RANGE, colour, ids=room.ids)


def _supply(claim: Claim) -> Mark:
    """Return an estimate of supply with its own median, chip, year and kind."""
    median = verdict.stated_median(claim)
    best = median or claim.figure
    flow = verdict.counts_a_flow(claim)
    kind = "may have come in one year" if flow else "there"
    middle = f", median {digits(median)}" if median else ""
    who = f"{claim.claimant}, {day_words(claim.date)}, {claim.claim_id}"
    label = f"{claim.written()}{middle}, {claim.chip_model or 'kind not stated'}, {kind} ({who})"
    low = claim.value_low if claim.value_low is not None else math.nan
    high = claim.value_high if claim.value_high is not None else math.nan
    look, above = Look.RANGE, claim.value_high is None
    group = "Said to be in China, by others"
    return _mark(group, label, claim, best=best, low=low, high=high, look=look, colour=ORANGE, open_above=above)


def _mark(group: str, label: str, claim: Claim, **drawn: object) -> Mark:
    date = claim.date.text if claim.date else ""
    return Mark(group, label, date=date, ids=(claim.claim_id,), **drawn)  # type: ignore[arg-type]


# ---------------------------------------------------------------- density


def density_sheet(answer: Answer, dossier: Dossier, support: pd.DataFrame) -> Sheet:
    """Return MW per m2 of known halls, and what the claimed chips would take in the floor on file."""
    claims = {c.claim_id: c for c in dossier.all_claims}
    findings = [f for f in (answer.largest, answer.planned) if f]
    floors = [g for g in answer.paper_there.givens if g.quantity == "floor_m2" and g.best]
    chip = dossier.network.chips.get(answer.paper_there.chip)
    needed, density = [], []
    group = "Power of the servers per floor"
    if floors and chip:
        floor = float(floors[0].best or 0)
        for f in findings:
            low, best, high = (
                KW * f.claim.claimed / floor * kw / KW for kw in (chip.it_kw_low, chip.it_kw_best, chip.it_kw_high)
            )
            density.append(best)
            whole = ", claimed of all sites together" if f is answer.planned and f is not answer.largest else ""
            label = (
                f"{digits(f.claim.claimed)} {chip.chip} chips ({f.claim.claim_id}{whole}) in {digits(floor)} m2 "
                f"({floors[0].ids[0]}) would take {_kw(low, best, high)}"
            )
            ids = (f.claim.claim_id, *floors[0].ids)
            needed.append(Mark(group, label, best, low, high, Look.RANGE, RED, ids=ids))
    else:
        reason = "no floor on file where the largest number is claimed, or its chip is not named"
        needed.append(Mark(group, f"not known: {reason}", look=Look.EMPTY, reason=reason))
    chinese = _halls(support, ("floor_cn",), group, BLUE)
    others = _halls(
        support[~support["site"].isin(support.loc[support["relation"] == "floor_cn", "site"])],
        ("floor_conventional",),
        group,
        SKY,
    )
    built_for_ai = _halls(support, ("floor_ai",), "Power of the whole facility per floor", BLACK)
    marks = [*needed, *chinese, *others, *built_for_ai]
    lows, highs = [[m.low for m in chinese], [m.high for m in chinese]]
    known = (
        f"figures of {counted(len(chinese), 'Chinese hall')} give {min(lows):.2g} to {max(highs):.2g}"
        if chinese
        else "no Chinese hall is on file"
    )
    title = (
        f"In the floor on file at {answer.names[findings[0].claim.site_id]} {digits(findings[0].claim.claimed)} chips "
        f"would take {density[0]:.2g} kW of servers per m2; {known}"
        if density
        else f"How many kW per m2 the claimed chips would take is not known; {known}"
    )
    few = f"{counted(len(chinese), 'Chinese hall')} and {counted(len(built_for_ai), 'hall')} built for AI"
    used = [f.claim for f in findings] + [claims[g.ids[0]] for g in floors if g.ids[0] in claims]
    caption = Caption(
        title=title,
        subtitle="kW per m2 of gross floor, log scale; lines are ranges. A facility takes more than its servers.",
        source=f"{publishers(used)}; halls: relation_support.csv, each with its source",
        note=f"{few} say little of what is possible; floor is a weak witness of power.",
        alt=". ".join(m.label for m in marks) + ".",
    )
    question = "How dense would the claimed chips stand on the floor that is on file?"
    return _sheet("density", caption, marks, "kW per m2", log=True, numbers=_once(used), question=question)


def _halls(support: pd.DataFrame, relations: Sequence[str], group: str, colour: str) -> list[Mark]:
    rows = support[support["relation"].isin(relations)].sort_values(["best", "site"])
    out = []
    for row in rows.to_dict("records"):
        low, best, high = (KW * float(row[side]) for side in ("low", "best", "high"))
        how = " (worked out from a text)" if "(derived)" in str(row["source"]) else ""
        out.append(Mark(group, f"{row['site']}{how}: {_kw(low, best, high)}", best, low, high, Look.RANGE, colour))
    return out


def _kw(low: float, best: float, high: float) -> str:
    ends = f" ({low:.2g} to {high:.2g})" if f"{low:.2g}" != f"{high:.2g}" else ""
    return f"{best:.2g}{ends}"


# ---------------------------------------------------------------- stages


def stage_of(claim: Claim) -> str:
    """Return the stage at which a claim of compute puts it; empty for what is denied or withdrawn."""
    if claim.modality in TAKEN_BACK:
        return ""
    if claim.modality == Modality.CAN_CARRY:
        return STAGES[2]
    if claim.modality in (Modality.WILL, Modality.WOULD) or claim.rung is None:
        return STAGES[1] if claim.rung == Rung.FILED else STAGES[0]
    if claim.rung.height >= Rung.POWERED.height:
        return STAGES[3]
    if claim.rung.height >= Rung.GROUND_BROKEN.height:
        return STAGES[2]
    return STAGES[1] if claim.rung == Rung.FILED else STAGES[0]


def stages_sheet(dossier: Dossier) -> Sheet:
    """Return P by province and stage: sums over sites of the largest figure that a text gives at that stage."""
    marks, totals, used = [], dict.fromkeys(STAGES, 0.0), []
    provinces = dict.fromkeys(s.province for s in dossier.sites.values() if s.role == Role.ANNOUNCED)
    for province in provinces:
        for stage, colour in zip(STAGES, (SKY, BLUE, GREEN, BLACK), strict=True):
            total, rows = _sum_at(province, stage, dossier)
            used += rows
            totals[stage] += total
            sites = len({c.site_id for c in rows})
            label = f"{stage}: {digits(total)}P, sum of {counted(sites, 'site')}"
            ids = tuple(c.claim_id for c in rows)
            if rows:
                marks.append(Mark(province, label, total, look=Look.BAR, colour=colour, ids=ids))
            else:
                reason = "no text gives a figure"
                marks.append(Mark(province, f"{stage}: {reason}", look=Look.EMPTY, reason=reason))
        for claim in _whole(province, dossier):
            who = f"{claim.claimant}, {day_words(claim.date)} ({claim.claim_id})"
            label = f"{claim.written()}: the whole of {province}, {who}"
            above = claim.value_high is None
            marks.append(
                _mark(province, label, claim, best=claim.figure, look=Look.RANGE, colour=RED, open_above=above)
            )
            used.append(claim)
    latest = max((c.value_date.last.year for c in used if c.value_date), default="no day named")
    where = f" of {listed(named)}" if (named := [p for p in provinces if p]) else ""
    planned = max(STAGES[:2], key=lambda stage: totals[stage])  # one site may stand in both: no sum of the two
    caption = Caption(
        title=f"At single sites{where} texts say that {digits(totals[STAGES[3]])}P are there and "
        f"{digits(totals[planned])}P are {planned}",
        subtitle="P (PFLOPS), number format mostly not stated; the largest figure of each site at each stage",
        source=publishers(used),
        note="Sums of statements. Sites without a figure are missing, not zero: what is said of a whole region stands "
        f"apart, and can be more. Of a range the lower end is taken. Plans are for days up to {latest}.",
        alt=". ".join(f"{m.group}, {m.label}" for m in marks) + ".",
    )
    question = "How much of the announced computing power is said to be there?"
    return _sheet("stages", caption, marks, "P", numbers=_once(used), question=question)


def _sum_at(province: str, stage: str, dossier: Dossier) -> tuple[float, list[Claim]]:
    """Return the sum over sites of a province at a stage, and the claims that carry it; parts stand in their parent."""

    def largest(site_id: str) -> tuple[float, list[Claim]]:
        own = [c for c in dossier.claims[site_id] if _counts(c) and stage_of(c) == stage]
        top = max(own, key=lambda c: (_smaller(c), c.claim_id), default=None)
        below = [largest(part) for part in dossier.parts.get(site_id, ())]
        parts = sum(value for value, _ in below)
        if top is not None and _smaller(top) >= parts:
            return _smaller(top), [top]
        return parts, [c for _, rows in below for c in rows]

    roots = [s for s in dossier.sites.values() if s.role == Role.ANNOUNCED and s.province == province and not s.parent]
    found = [largest(site.site_id) for site in roots]
    return sum(value for value, _ in found), [c for _, rows in found for c in rows]


def _counts(claim: Claim) -> bool:
    return claim.quantity == "pflops" and not claim.error_test and claim.figure > 0


def _smaller(claim: Claim) -> float:
    return min(claim.readings) if claim.readings else claim.figure


def _whole(province: str, dossier: Dossier) -> list[Claim]:
    """Return what is said to be there in a whole province, the newest text alone."""
    totals = {s.site_id for s in dossier.sites.values() if s.role == Role.AGGREGATE and s.covers == province}
    rows = [
        c for c in dossier.all_claims if c.site_id in totals and _counts(c) and not c.part and stage_of(c) == STAGES[3]
    ]
    return sorted(rows, key=lambda c: c.day)[-1:]


def _once(claims: Iterable[Claim]) -> list[Claim]:
    """Return the claims that state a number, each once."""
    return list({c.claim_id: c for c in claims if not math.isnan(c.figure) or c.readings}.values())


def _number_of(room: HallRoom, name: str) -> Number | None:
    """Return room as a number with its way back; None where it is not known, or nothing stood there."""
    from osint.passport import Number

    if room.interval is None or not room.interval[2]:
        return None
    low, best, high = (sig(v, 2) for v in room.interval)
    label = f"{room.ground.value}: {room.chip or 'any'} chips at {', '.join(room.sites)}"
    return Number(
        label,
        best,
        low,
        high,
        unit="chips",
        kind="derived",
        sources=room.ids,
        computed_by="osint.model.posterior",
        id=f"room_{name}",
    )


def _sheet(
    name: str,
    caption: Caption,
    marks: Sequence[Mark],
    unit: str,
    log: bool = False,
    at: float = 0,
    numbers: Sequence[Number | Claim] = (),
    question: str = "",
) -> Sheet:
    ids = tuple(dict.fromkeys(i for m in marks for i in m.ids))

    def draw(narrow: bool) -> Figure:
        return charts.draw(marks, caption, unit, narrow, log, at)

    return Sheet(name, caption, charts.table(marks, unit), draw, ids, question, tuple(numbers))
