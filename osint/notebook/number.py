"""Notebook 04: could the number be true? What documents and what was seen allow, and by which assumptions."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from osint import model
from osint.errors import OsintError
from osint.model import Dependence, DependenceKind, Given, Posterior, Question, show
from osint.notebook.desk import NO_NUMBER, Desk, of_a_number, of_a_site, unit_of
from osint.notebook.endings import next_in_words, sayable, unsayable
from osint.notebook.forms import Form
from osint.notebook.shows import Cell, Said, Shown, Table, closing
from osint.report import plain, words_for
from osint.verdict import Finding

LEVERS = 3
"""Assumptions that have a slider: those on which the answer depends most."""
STEPS = 21
"""Positions of a slider."""
FAMILY = "chip family"
AS_IT_IS = "as it is"


# ---------------------------------------------------------------- the numbers


@of_a_site
def numbers(desk: Desk) -> Shown:
    """Return every number that is claimed of the site: as written, by whom, and what was found of it."""
    told = [f for f in desk.found.judged if math.isfinite(f.claim.figure) and not f.claim.error_test]
    rows = [
        (
            f.claim.claim_id,
            Cell(f.claim.written(), number=f.claim.figure),
            words_for(f.claim.quantity_kind),
            f.claim.claimant,
            f.claim.date.text if f.claim.date else "",
            f.outcome.value,
            f.room_text() or "nothing seen bears on it",
        )
        for f in told
    ]
    heads = ("claim", "as written", "of", "who says it", "when", "found", "room by what was seen")
    chosen = f"{desk.principal.claim.claim_id} is the one below." if desk.principal else ""
    return Table.of(heads, rows, chosen, NO_NUMBER)


@of_a_number(NO_NUMBER)
def by_documents(desk: Desk, finding: Finding) -> Shown:
    """Return what other documents would have room for, line by line; it decides nothing."""
    low, best, high = finding.paper.interval
    if not math.isfinite(high):
        return Said((f"No other document on file gives room for {finding.claim.claim_id}.",))
    ends = f"{show(best)} ({show(low)} to {show(high)})" if math.isfinite(low) else f"at most {show(high)}"
    lines = [f"On paper, other documents have room for {ends} {unit_of(finding)}; claimed: {finding.claim.written()}."]
    if finding.paper.posterior is not None:
        lines += map(plain, model.arithmetic(finding.paper.posterior, finding.claim.quantity, finding.paper.givens))
    return Said((*lines, "A figure on paper is not a building: this decides nothing."), heading="Documents alone")


@of_a_number(NO_NUMBER)
def by_what_was_seen(desk: Desk, finding: Finding) -> Shown:
    """Return what the sizes that were seen have room for, without any document."""
    room = finding.room_text()
    if not room:
        told = f"No size was seen at {desk.site_id}, so what stands there bounds nothing. Next: {next_in_words(desk)}"
        return Said((told,), heading="What was seen alone")
    lines = [room, *(map(plain, finding.arithmetic) if finding.room is not None else ())]
    stamp = "SIMULATED. " if any(s.row.simulated for s in finding.seen.sights) else ""
    return Said(tuple(lines), heading=f"{stamp}What was seen alone", warns=bool(stamp))


# ---------------------------------------------------------------- the assumptions


@dataclass(frozen=True, eq=False)
class Levers:
    """The answer to a question and the assumptions that it depends on, each of which can be set by hand."""

    desk: Desk
    finding: Finding
    question: Question
    givens: tuple[Given, ...]
    seen: bool
    """Whether the givens were seen; else they are documents, and no chance follows from them."""

    @classmethod
    def of(cls, desk: Desk) -> Levers | None:
        """Return those of the principal claim: by what was seen, else by documents; None where neither bounds it."""
        finding = desk.principal
        if finding is None:
            return None
        q = model.question(finding.claim, desk.dossier)
        last = finding.seen.room_for
        seen = [g for r in (last.rooms if last else ()) for s in r.seen if (g := s.given())]
        if last is not None and len(last.rooms) == 1 and seen:
            return cls(desk, finding, q, tuple(seen), seen=True)
        if any(not g.bound for g in finding.paper.givens):
            return cls(desk, finding, q, tuple(finding.paper.givens), seen=False)
        return None

    def posterior(self, held: Mapping[str, float] | None = None, fixed: Mapping[str, str] | None = None) -> Posterior:
        """Return the answer with relations held at values and discrete unknowns at options."""
        dossier = self.desk.dossier
        if held:
            dossier = replace(dossier, network=dossier.network.held(held))
        q, others = self.question, dict(fixed or {})
        if family := others.pop(FAMILY, ""):
            q = replace(q, families=(family,))
        readings = model.readings_for(q, self.givens, dossier, others)
        return model.posterior(q.quantity, self.givens, readings)[0]

    @cached_property
    def plain(self) -> Posterior:
        """The answer as it is, with nothing set by hand."""
        return self.posterior()

    @cached_property
    def most(self) -> tuple[Dependence, ...]:
        """The assumptions on which the answer depends most, that a person can set."""
        return tuple(
            d
            for d in model.dependences(self.plain)
            if (d.kind == DependenceKind.RELATION and d.factor is not None and d.factor.name in self._relations)
            or (d.kind == DependenceKind.READING and len(d.options) > 1)
        )[:LEVERS]

    @property
    def _relations(self) -> set[str]:
        network = self.desk.dossier.network
        return set(network.factors_cn if self.question.country == "CN" else network.factors_elsewhere)

    def settings(self, lever: Dependence) -> list[tuple[str, dict[str, float], dict[str, str]]]:
        """Return what a lever can be set to: a label, the relations held and the unknowns fixed."""
        if lever.factor is not None:
            f = lever.factor
            return [(f"{show(v)} {f.unit}", {f.name: v}, {}) for v in (f.low, f.best, f.high)]
        return [(name, {}, {lever.name: name}) for name, weight in lever.options if weight > 0]

    def told(self, answer: Posterior) -> str:
        """Return an answer in words, and where the claimed number lies in it."""
        low, best, high = answer.interval
        said = f"at most {show(high)}" if answer.ceiling else f"{show(best)} ({show(low)} to {show(high)}, 90%)"
        claimed = self.finding.claim
        where = model.lies(claimed.claimed, (math.nan, math.nan, high) if answer.ceiling else (low, best, high))
        return f"room for {said} {unit_of(self.finding)}; {claimed.written()} lies {where}"


@of_a_site
def assumptions(desk: Desk) -> Shown:
    """Return the assumptions on which the answer depends, what each does to it, and sliders to set them.

    The table needs no kernel. A slider solves the model again, exactly, in some thousandths of a second.
    """
    levers = Levers.of(desk)
    if levers is None:
        return Said((NO_NUMBER if desk.principal is None else "Nothing on file bounds the number from above.",))
    basis = "what was seen" if levers.seen else "documents alone, which decide nothing"
    rows: list[tuple[object, ...]] = [(AS_IT_IS, "", _answered(levers, levers.plain), "")]
    for lever in levers.most:
        name, share = words_for(lever.name), f"{lever.share:.0%} of the doubt"
        for label, held, fixed in levers.settings(lever):
            rows.append((name, label, _solved(levers, held, fixed), f"{share}; {plain(lever.source)}"))
    caption = f"{levers.finding.claim.claim_id}, {levers.finding.claim.written()}, by {basis}."
    table = Table.of(("assumption", "set to", "then there is", "how much depends on it, and its source"), rows, caption)
    return Form(table, lambda: sliders(levers))


def _solved(levers: Levers, held: Mapping[str, float], fixed: Mapping[str, str]) -> Cell:
    try:
        return _answered(levers, levers.posterior(held, fixed))
    except OsintError as error:
        return Cell(f"it cannot be: {error}")


def _answered(levers: Levers, answer: Posterior) -> Cell:
    low, best, high = answer.interval
    drawn = None if answer.ceiling else (low, best, high)
    return Cell(levers.told(answer), number=high if answer.ceiling else best, interval=drawn)


def sliders(levers: Levers) -> Any:
    """Return a slider or a list for each assumption, and below them the answer, redrawn as they move."""
    import ipywidgets as kit

    wide, label = kit.Layout(width="640px"), {"description_width": "290px"}
    controls: dict[str, Any] = {}
    for lever in levers.most:
        name = words_for(lever.name)
        if lever.factor is not None:
            f = lever.factor
            steps = [f.low * (f.high / f.low) ** (n / (STEPS - 1)) for n in range(STEPS)]
            options = [(AS_IT_IS, 0.0), *((f"{show(v, 3)} {f.unit}", v) for v in steps)]
            controls[f.name] = kit.SelectionSlider(options=options, description=name, layout=wide, style=label)
        else:
            controls[lever.name] = kit.Dropdown(
                options=[(AS_IT_IS, ""), *((option, option) for option, _ in lever.options)],
                description=name,
                layout=wide,
                style=label,
            )
    drawn = kit.HTML()
    low, _, high = levers.plain.interval
    claimed = levers.finding.claim.claimed
    axis = (min(low, claimed) / 6, max(high, claimed) * 6)

    def redraw(_: object = None) -> None:
        held = {name: c.value for name, c in controls.items() if isinstance(c.value, float) and c.value}
        fixed = {name: c.value for name, c in controls.items() if isinstance(c.value, str) and c.value}
        try:
            answer = levers.posterior(held, fixed)
            drawn.value = bar(answer.interval, claimed, axis, levers.told(answer))
        except OsintError as error:
            drawn.value = f"<p>{html.escape(str(error))}.</p>"

    for control in controls.values():
        control.observe(redraw, names="value")
    redraw()
    return kit.VBox([*controls.values(), drawn])


def bar(interval: Sequence[float], claimed: float, axis: tuple[float, float], words: str) -> str:
    """Return a range and a claimed number on a log axis as a drawing of some hundred bytes, with its words."""
    width = 640

    def at(value: float) -> float:
        share = math.log(max(value, axis[0]) / axis[0]) / math.log(axis[1] / axis[0])
        return round(10 + (width - 20) * min(max(share, 0.0), 1.0), 1)

    low, best, high = (at(end) for end in interval)
    line = at(claimed)
    said = html.escape(words, quote=True)
    return (
        f'<svg role="img" aria-label="{said}" width="{width}" height="46" style="max-width:100%">'
        f'<line x1="10" x2="{width - 10}" y1="38" y2="38" stroke="#bbb"/>'
        f'<rect x="{low}" y="14" width="{max(high - low, 1):.1f}" height="12" fill="#0072B2" fill-opacity="0.45"/>'
        f'<circle cx="{best}" cy="20" r="4" fill="#0072B2"/>'
        f'<line x1="{line}" x2="{line}" y1="4" y2="38" stroke="#000" stroke-width="3"/></svg><p>{said}. '
        "The black line is the number claimed; the axis is logarithmic.</p>"
    )


@of_a_site
def families(desk: Desk) -> Shown:
    """Return what each chip family would make of the same evidence, with its weight before and after it."""
    levers = Levers.of(desk)
    if levers is None:
        return Said((NO_NUMBER if desk.principal is None else "Nothing on file bounds the number from above.",))
    names = levers.plain.readings.labels(FAMILY) if FAMILY in levers.plain.readings.unknowns else None
    if names is None:
        return Said(("The chip family does not change this answer.",))
    prior, rows = levers.plain.readings.log_priors, []
    chips = desk.dossier.network.chips
    for name in dict.fromkeys(names.tolist()):
        if not name:
            continue
        before = float(sum(math.exp(p) for p, own in zip(prior, names, strict=True) if own == name))
        after = float(levers.plain.weights[names == name].sum())
        told = _solved(levers, {}, {FAMILY: name})
        source = chips[name].source if name in chips else ""
        rows.append((name, Cell(f"{before:.0%}", number=before), Cell(f"{after:.0%}", number=after), told, source))
    rows.sort(key=lambda row: -(row[2].number or 0.0))
    caption = "A weight is a judgement before the evidence, and follows from it after; no chip has been seen."
    return Table.of(("family", "weight before", "after", "then there is", "source"), rows, caption)


# ---------------------------------------------------------------- what would turn it


@of_a_site
def what_would_turn(desk: Desk) -> Shown:
    """Return what could be got, with how far it narrows the answer and the chance that it turns the finding."""
    rows = []
    for step in desk.found.next_steps[desk.site_id]:
        turns = Cell(f"{step.turns:.0%}", number=step.turns) if math.isfinite(step.turns) else Cell("not known")
        narrows = f"{step.now:g} to {step.narrows_to:g}" if math.isfinite(step.narrows_to) else ""
        narrows = narrows.replace("nan", "no bounds")
        rows.append(
            (Cell(str(step.rank), number=float(step.rank)), step.observation, narrows, turns, step.where, step.run)
        )
    heads = ("rank", "get", "narrows the 90% interval from a factor of", "chance to turn it", "where", "begin with")
    return Table.of(heads, rows, "Ranked; the place comes first where it is not confirmed.")


@of_a_site
def may_be_said_of_number(desk: Desk) -> Shown:
    """Return what may be said of the number and what may not, and the one next step."""
    return closing(sayable(desk), unsayable(desk), next_in_words(desk))
