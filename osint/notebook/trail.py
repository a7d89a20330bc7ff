"""Notebook 06: for the editor. One number walked back to its words, its bytes, its arithmetic and its sources."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io

from osint import archive, files, filings, model
from osint.errors import OsintError
from osint.model import show
from osint.notebook.desk import Desk, of_a_number, of_a_site, page_of
from osint.notebook.endings import citation, next_in_words, sayable, unsayable
from osint.notebook.shows import Cell, Said, Shown, Table, closing
from osint.register import Claim, Observation
from osint.report import plain, words_for
from osint.verdict import Finding

NO_CLAIM = "No number is on file for this site, so there is none to walk back."
REVIEWED = frozenset({filings.ReviewDecision.ACCEPTED, filings.ReviewDecision.CHANGED})
"""First word of the note of a row that a person took in."""
CORRECTIONS = "corrections.csv"
MOST_BYTES = 8 << 20


@of_a_number(NO_CLAIM)
def the_number(desk: Desk, finding: Finding) -> Shown:
    """Return the number under review with its words, its translation, its page and the copies of that page."""
    claim = finding.claim
    links = page_of(claim)
    rows: list[tuple[object, object]] = [
        ("claim", f"{claim.claim_id}, {claim.site_id} {desk.site.name}"),
        ("the number, as its source writes it", claim.written()),
        ("read as", claim.read_as() or "as it stands"),
        ("words", claim.quote if claim.quote_language != "zh" else Cell(claim.translation, chinese=claim.quote)),
        ("who says it", claim.claimant),
        ("where it was read", Cell(f"{claim.source_publisher} ({claim.source_tier.value})", links=links)),
        ("date of the text", claim.date.text if claim.date else "undated"),
        ("for which day", claim.value_date.text if claim.value_date else "no day is named"),
        ("state, and how it is said", f"{claim.rung or 'none'}; {claim.modality or 'not stated'}"),
        ("how sure the reading is", claim.reading_confidence),
        ("note", claim.note or "none"),
    ]
    return Table.of(("of the number", "on file"), rows, f"{finding.outcome.value}: {finding.shown()}")


@of_a_number(NO_CLAIM)
def the_bytes(desk: Desk, finding: Finding) -> Shown:
    """Return the captures of the page that the case keeps, with time and SHA-256; say so where it keeps none."""
    url, rows = finding.claim.source_url, []
    if not url:
        return Said((f"No address is on file for the page of {finding.claim.claim_id}, so no capture can be shown.",))
    with contextlib.suppress(OsintError, OSError):
        held = archive.Archive(archive.captures_directory(desk.case.path))
        rows = [
            (entry.time, f"{entry.kind}, {entry.status or 'no answer'}", entry.sha256)
            for entry in held.entries(mentioning=url)
            if url in (entry.url, entry.copy_of)
        ]
    line = hashlib.sha256("\n".join((finding.claim.quote, url)).encode()).hexdigest()
    none = (
        "The case keeps no capture of this page: the words were read from it before, and its bytes cannot be shown. "
        f"osint capture '{url}' gets it (network). Digest of the words and the address as they stand in the register: "
        f"{line}."
    )
    return Table.of(("asked", "answer", "SHA-256 of the body"), rows, f"Captures of {url}", none)


@of_a_number(NO_CLAIM)
def the_arithmetic(desk: Desk, finding: Finding) -> Shown:
    """Return every step from the evidence to the answer, line by line, with the rows that it rests on."""
    lines = list(finding.arithmetic)
    basis = "what was seen" if finding.decided_by else "documents alone, which decide nothing"
    if not lines:
        return Said((f"No arithmetic stands behind {finding.claim.claim_id}: nothing on file bears on its number.",))
    return Said(tuple(lines), heading=f"By {basis}; rests on {', '.join(finding.rests_on) or 'no row'}")


@of_a_number(NO_CLAIM)
def the_relations(desk: Desk, finding: Finding) -> Shown:
    """Return each relation between the evidence and the answer: its range as used, how it was set, and its source."""
    answer = _answer(finding)
    if answer is None:
        return Said(("No relation was used: nothing on file bears on the number.",))
    used = {f.name: f for edge in answer.likeliest[0].edges.values() for _, f in edge.factors}
    counted = {d.factor.name: d.share for d in model.dependences(answer) if d.factor is not None}
    table = {row["relation"]: row for row in desk.case.register.relations.to_dict("records")}
    rows = []
    for name, share in counted.items():
        f = used[name]
        mark = table.get(name, {}).get("mark", "") or "chips.csv"
        note = table.get(name, {}).get("note", "")
        ends = f"{show(f.best)} ({show(f.low)} to {show(f.high)}) {f.unit}"
        rows.append((f"{words_for(name)} ({name})", ends, f"{share:.0%}", mark, plain(f.source), plain(note)))
    heads = ("relation", "as used (90%)", "share of the doubt", "mark", "source", "note")
    return Table.of(heads, rows, "Ranges as they are used: few systems behind one widen it.", "No relation was used.")


def _answer(finding: Finding) -> model.Posterior | None:
    room = finding.room.posterior if finding.room is not None else None
    return room if isinstance(room, model.Posterior) else finding.paper.posterior


@of_a_number(NO_CLAIM)
def the_rows(desk: Desk, finding: Finding) -> Shown:
    """Return the rows that the finding rests on, each with its words and its page."""
    claims = {c.claim_id: c for c in desk.dossier.all_claims}
    seen = {o.observation_id: o for of_site in desk.dossier.observations.values() for o in of_site}
    rows: list[tuple[object, ...]] = []
    for row_id in finding.rests_on:
        row = claims.get(row_id) or seen.get(row_id)
        if isinstance(row, Claim):
            words = row.quote if row.quote_language != "zh" else Cell(row.translation, chinese=row.quote)
            rows.append((row_id, row.told(), words, Cell("", links=page_of(row))))
        elif isinstance(row, Observation):
            rows.append((row_id, row.quantity or str(row.rung or row.not_yet or ""), f"{row.observer}, {row.how}", ""))
    return Table.of(("row", "number or state", "words", "source"), rows, "", "The finding rests on no row.")


@of_a_number(NO_CLAIM)
def what_changed(desk: Desk, finding: Finding) -> Shown:
    """Return what was changed in the rows of the number since they were first written, cell by cell, and why."""
    wanted = {finding.claim.claim_id, *finding.rests_on}
    path = desk.case.path / CORRECTIONS
    if not path.is_file():
        return Said(("The case keeps no list of corrections.",))
    body = files.read_regular(path, MOST_BYTES).decode("utf-8-sig", "replace")
    rows = [tuple(r.values()) for r in csv.DictReader(io.StringIO(body)) if wanted & set(map(str, r.values()))]
    heads = csv.DictReader(io.StringIO(body)).fieldnames or ("row",)
    return Table.of(
        tuple(heads), rows, "Cells that do not stand as they were collected.", "No cell of these rows was changed."
    )


@of_a_number(NO_CLAIM)
def who_reviewed(desk: Desk, finding: Finding) -> Shown:
    """Return who took each row into the register and when, as the row says it."""
    claims = {c.claim_id: c for c in desk.dossier.all_claims}
    rows = []
    for row_id in dict.fromkeys((finding.claim.claim_id, *finding.rests_on)):
        claim = claims.get(row_id)
        if claim is not None:
            stated = claim.note if claim.note.split(" ", 1)[0] in REVIEWED else "no reviewer is on file"
            rows.append((row_id, stated))
    return Table.of(("row", "taken in by"), rows)


@of_a_number(NO_CLAIM)
def sheet_to_sign(desk: Desk, finding: Finding) -> Shown:
    """Return the list that an editor goes through before a number is printed."""
    told = (
        f"[ ] The words of {finding.claim.claim_id} stand on the page or on a copy of it.",
        "[ ] The translation says no more than the words.",
        "[ ] The number, its bound and its unit are printed as the source has them.",
        "[ ] Who says it, and when, stands beside it.",
        f"[ ] The finding is printed with it: {finding.outcome.value}.",
        f"[ ] What is not known is printed with it: {finding.not_shown()}",
        "[ ] Nothing SIMULATED is in the figure.",
        "Name:                         Day:",
    )
    return Said(told, heading=citation(desk))


@of_a_site
def may_be_said_of_trail(desk: Desk) -> Shown:
    """Return what may be printed of the number and what may not, and the one next step."""
    return closing(sayable(desk), unsayable(desk), next_in_words(desk))
