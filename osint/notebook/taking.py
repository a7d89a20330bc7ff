"""Notebook 03: what a person says of the candidates, and what each answer would change.

Nothing is written by running the cells: a person presses a button under their own name.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from osint import verdict
from osint.case import changes
from osint.errors import OsintError
from osint.model import Dossier
from osint.notebook.forms import Form
from osint.notebook.ground import Ground
from osint.notebook.shows import Said, Shown, Table
from osint.register import SCHEMAS, Observation

EXAMPLE_PLACE = 0.95
"""Probability of the place that an example states: what an answer would change if the place were confirmed."""


def choose(ground: Ground) -> Shown:
    """Return the form at which a person says which candidates are the site's, or that nothing of it is there.

    Nothing is written before a button is pressed under a name. SIMULATED pictures never enter a case of real evidence.
    """
    if ground.look is None:
        return Said((ground.why,))
    if ground.look.simulated and not ground.desk.case.is_demo:
        told = (
            "These pictures are SIMULATED and this case holds real evidence, so the form tries out and writes nothing."
        )
    else:
        told = "Tick the candidates that are the site's, or none, and press a button. Nothing is written before that."
    lines = [
        told,
        'The same in code: look.look.take([NUMBERS], who="YOUR NAME", as_part="", place_reason="WHY IT IS THE PLACE")',
        'or: look.look.nothing_there(who="YOUR NAME", place_reason="WHY")',
    ]
    return Form(Said(tuple(lines)), lambda: _chooser(ground))


def _chooser(ground: Ground) -> Any:
    import ipywidgets as kit

    if ground.look is None:
        return kit.HTML("")
    who, part, reason = (
        kit.Text(description=name, placeholder=hint, layout=kit.Layout(width="420px"))
        for name, hint in (
            ("your name", "needed"),
            ("part", "as hall 2; empty: all of it"),
            ("why", "why it is the place"),
        )
    )
    said = kit.HTML()
    take = kit.Button(description="these are the site's", button_style="success", layout=kit.Layout(width="200px"))
    none = kit.Button(description="nothing of it is there", button_style="warning", layout=kit.Layout(width="200px"))

    def press(there: bool) -> None:
        numbers = ground.ticked if there else []
        said.value = html.escape(answer(ground, numbers, there, who.value, part.value, reason.value)).replace(
            "\n", "<br>"
        )

    take.on_click(lambda _: press(True))
    none.on_click(lambda _: press(False))
    return kit.VBox([ground.ticks, who, part, reason, kit.HBox([take, none]), said])


def answer(ground: Ground, numbers: Sequence[int], there: bool, who: str, part: str = "", reason: str = "") -> str:
    """Take the answer of a person: write it as observations, or, of SIMULATED pictures in a real case, try it out."""
    if ground.look is None:
        return ground.why
    if there and not numbers:
        return "Tick the candidates that are the site's, or press the other button."
    try:
        if ground.look.simulated and not ground.desk.case.is_demo:
            made = ground.look
            rows = made.rows_if_taken(numbers, **WHAT_IF) if there else [made.row_if_nothing_is_there(**WHAT_IF)]
            return "Tried out, not written (SIMULATED pictures do not enter a real case):\n" + _told(ground, rows)
        if there:
            return ground.look.take(numbers, who=who, as_part=part, place_reason=reason).text()
        return ground.look.nothing_there(who=who, place_reason=reason).text()
    except OsintError as error:
        return f"{error}."


def would_change(ground: Ground) -> Shown:
    """Return what each answer would change, if the place were confirmed: each candidate, and nothing there.

    Nothing is written. The rows are the ones that the form would write; only the doubt of the place is left out.
    """
    if ground.look is None:
        return Said((ground.why,))
    if not ground.desk.site.claims:
        return Said(("No claim is on file for this site, so no picture can change a finding yet. Next: notebook 02.",))
    stamp = "SIMULATED: " if ground.look.simulated else ""
    rows = []
    options: list[tuple[str, list[dict[str, Any]]]] = [
        (f"candidate {one.number} is all of the site", _taken(ground, [one.number])) for one in ground.buildings
    ]
    options.append(("nothing of the site is there", _nothing(ground)))
    for said, made in options:
        text = _told(ground, made) if made else "it gives no row: the look cannot carry it"
        rows.append((f"{stamp}{said}", text))
    caption = f"What an answer would change, if the place were confirmed ({EXAMPLE_PLACE:.0%}). Nothing is written."
    return Table.of(("answer", "what it changes"), rows, caption)


WHAT_IF: dict[str, Any] = {
    "who": "an example",
    "place_reason": "what if the place were confirmed",
    "p_place": EXAMPLE_PLACE,
}


def _taken(ground: Ground, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Return the rows that would be written if candidates were the site; none where the look cannot carry it."""
    try:
        return ground.look.rows_if_taken(numbers, **WHAT_IF) if ground.look else []
    except OsintError:
        return []


def _nothing(ground: Ground) -> list[dict[str, Any]]:
    """Return the row that would be written if nothing of the site were there; none where the look cannot carry it."""
    try:
        return [ground.look.row_if_nothing_is_there(**WHAT_IF)] if ground.look else []
    except OsintError:
        return []


def _told(ground: Ground, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return in words what some rows would change; they are judged and not written."""
    desk = ground.desk
    before = {f.claim.claim_id: f for f in desk.found.judged}
    after = verdict.check(with_rows(desk.dossier, desk.site_id, rows), [desk.site_id])
    changed = [c for c in changes(before, {f.claim.claim_id: f for f in after.judged}) if c.is_other]
    told = [
        f"{c.claim.claim_id} {c.claim.told()}: "
        f"{c.before.outcome.value if c.before else 'new'} → {c.after.outcome.value}"
        for c in changed
    ]
    stamp = "SIMULATED. " if any(row.get("simulated") for row in rows) else ""
    told = [stamp + line for line in told]
    known = {f.room_text() for f in before.values()}
    told += list(dict.fromkeys(f.room_text() for f in after.judged if f.room_text() not in {"", *known}))[:2]
    return "\n".join(told) or "no finding changes, and nothing that there is room for"


def with_rows(dossier: Dossier, site_id: str, rows: Sequence[Mapping[str, Any]]) -> Dossier:
    """Return a dossier with further observations of a site, that are on no file."""
    blank = dict.fromkeys(SCHEMAS["observations"].names, "")
    made = tuple(Observation.from_row({**blank, **row, "observation_id": f"E{n:03d}"}) for n, row in enumerate(rows, 1))
    kept = {**dossier.observations, site_id: (*dossier.observations[site_id], *made)}
    return replace(dossier, observations=kept)
