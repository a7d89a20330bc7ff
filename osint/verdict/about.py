"""All that is on file of one id: its row, its quote and source, its finding, its group, and what rests on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import pandas as pd

from osint.errors import NotFoundError
from osint.model import show
from osint.register import Claim, Register, chip_families, find_sites, match_id, near_ids, one_site
from osint.verdict.run import Found, check

if TYPE_CHECKING:
    from osint.archive import Entry

LISTED = 40
"""Rows of one heading that a text prints; the rest are counted."""
DIGEST_LENGTH = 8
"""Hexadecimal digits from which a text is taken for the beginning of a SHA-256."""


class Thing(StrEnum):
    """What an id names."""

    SITE = "site"
    CLAIM = "claim"
    OBSERVATION = "observation"
    GROUP = "group of copies"
    RELATION = "relation"
    CHIP = "chip"
    CALIBRATION = "calibration row"
    CAPTURE = "capture"


_TABLES = (
    (Thing.CLAIM, "claims", "claim_id"),
    (Thing.OBSERVATION, "observations", "observation_id"),
    (Thing.RELATION, "relations", "relation"),
    (Thing.CHIP, "chips", "chip"),
    (Thing.CALIBRATION, "calibration", "calibration_id"),
)


@dataclass(frozen=True)
class About:
    """All that is on file of one id."""

    kind: Thing
    id: str
    title: str
    """What it is, in one line."""
    row: Mapping[str, Any]
    """Its cells that hold something, by column."""
    linked: Mapping[str, tuple[str, ...]]
    """What belongs to it and what rests on it, by heading."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        linked = {heading: list(lines) for heading, lines in self.linked.items()}
        return {"kind": self.kind.value, "id": self.id, "title": self.title, "row": dict(self.row), "linked": linked}

    def text(self) -> str:
        """Return it as plain text."""
        lines = [f"{self.id}  {self.kind.value}: {self.title}"]
        width = max((len(name) for name in self.row), default=0)
        lines += [f"  {name:{width}}  {_cell(value)}" for name, value in self.row.items()]
        for heading, held in self.linked.items():
            lines += [f"  {heading}:", *(f"    {line}" for line in held[:LISTED])]
            lines += [f"    and {len(held) - LISTED} more"] * (len(held) > LISTED)
        return "\n".join(lines)


def about(text: str, register: Register, captures: Iterable[Entry] = ()) -> About:
    """Return all that is on file of an id.

    `text` is the id of a claim, an observation or a calibration row, a group, a relation, a chip, what `one_site`
    takes for a site, or the first digits of the SHA-256 of one of `captures`. Raises NotFoundError with near ids for
    anything else.
    """
    for kind, table, key in _TABLES:
        frame = getattr(register, table)
        found = match_id(text, frame[key])
        if found:
            row = _held(frame[frame[key] == found].iloc[0].to_dict())
            return _OF[kind](found, row, register)
    groups = pd.concat([register.claims["independence_group"], register.observations["independence_group"]])
    if group := match_id(text, (g for g in groups.unique() if g)):
        return _group(group, register)
    if entry := _capture_of(text, captures):
        return _capture(entry, register)
    if find_sites(register, text):
        return _site(one_site(register, text).site_id, register)
    families = chip_families(text)
    if len(families) == 1 and families[0] in set(register.chips["chip"]):
        return about(families[0], register)
    ids = [
        *groups.unique(),
        *register.sites["site_id"],
        *(i for _, t, key in _TABLES for i in getattr(register, t)[key]),
    ]
    near = near_ids(text, ids)
    offered = f"; spelt nearly so: {', '.join(near)}" if near else ""
    raise NotFoundError(
        f"nothing on file has the id {text!r}{offered}; ask for a site, a claim (C007), an observation (O002), a group "
        "(G001), a relation, a chip, or eight digits of a capture's SHA-256"
    )


def _held(row: Mapping[Any, Any]) -> dict[str, Any]:
    empty = {name for name, cell in row.items() if cell == "" or (isinstance(cell, float) and math.isnan(cell))}
    return {str(name): cell for name, cell in row.items() if name not in empty}


def _cell(value: Any) -> str:
    return f"{value:,.12g}" if isinstance(value, float) else str(value)


def claim_line(row: Mapping[Any, Any]) -> str:
    """Return a row of claims.csv in one line: id, the number as written, who says so and when.

    Numbers stand as their source has them.
    """
    claim = Claim.from_row(row)
    said = claim.written() or claim.quantity_kind.replace("_", " ")
    when = claim.date.text if claim.date else "undated"
    return f"{claim.claim_id}  {said} ({claim.claimant}, {when})"


def _lines(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(claim_line(row) for row in frame.to_dict("records"))


def _seen(row: Mapping[Any, Any]) -> str:
    what = row["rung"] or (f"not yet {row['not_yet']}" if row["not_yet"] else "")
    size = ""
    if row["quantity"]:
        ends = " to ".join(_cell(float(row[end])) for end in ("low", "high") if not math.isnan(row[end]))
        size = f"{row['quantity']} {ends}"
    said = ", ".join(part for part in (what, size) if part)
    return f"{row['observation_id']}  {row['site_id']} {said} ({row['observer']}, {row['how']}, {row['date']})"


def _observed(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(_seen(row) for row in frame.to_dict("records"))


def _kept(linked: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {heading: lines for heading, lines in linked.items() if lines}


def _resting(found: Found, id_: str) -> tuple[str, ...]:
    """Return the findings, the lines of room and the checks of a site that use a row."""
    others = [f for f in found.judged if f.claim.claim_id != id_]
    lines = [f"finding on {f.claim.claim_id}: {f.outcome.value}" for f in others if id_ in f.rests_on]
    rooms = [(f.claim.claim_id, f.seen.room_for) for f in others]
    lines += [f"room for {claim}: {show(room.at_most)} at most" for claim, room in rooms if room and id_ in room.ids]
    rows = (c.to_row() for c in found.tests if id_ in c.claim_ids)
    return (*lines, *(f"check [{row['finding']}] {row['check']}: {row['arithmetic']}" for row in rows))


def _site(site_id: str, register: Register) -> About:
    row = register.site(site_id)
    parts = register.sites[register.sites["parent"] == site_id]
    linked = {
        "parts": tuple(f"{part['site_id']}  {part['name_en']}" for part in parts.to_dict("records")),
        "claims": _lines(register.claims[register.claims["site_id"] == site_id]),
        "observations": _observed(register.observations[register.observations["site_id"] == site_id]),
    }
    return About(Thing.SITE, site_id, str(row["name_display"] or row["name_en"]), _held(row), _kept(linked))


def _claim(claim_id: str, row: dict[str, Any], register: Register) -> About:
    full = register.claims[register.claims["claim_id"] == claim_id].iloc[0].to_dict()
    claim, seen = Claim.from_row(full), register.observations
    found = check(register, [claim.site_id])
    finding = next(f for f in found.judged if f.claim.claim_id == claim_id)
    group = register.claims[register.claims["independence_group"] == claim.independence_group]
    by = (f"{finding.outcome.value}, by the rule: {finding.rule.name}", finding.shown(), finding.room_text())
    linked = {
        "read": tuple(part for part in (claim.written(), claim.read_as()) if part),
        "finding": tuple(line for line in by if line),
        "arithmetic": finding.arithmetic,
        "rests on": tuple(finding.rests_on),
        f"told by the same source ({claim.independence_group}, counts once)": _lines(
            group[(group["claim_id"] != claim_id) & (group["independence_group"] != "")]
        ),
        "rests on it": (*_resting(found, claim_id), *_observed(seen[seen["source_claim_id"] == claim_id])),
        "would change the finding": finding.would_change,
    }
    title = f"{claim.written() or claim.quantity_kind.replace('_', ' ')}, {register.site(claim.site_id)['name_en']}"
    return About(Thing.CLAIM, claim_id, title, row, _kept(linked))


def _observation(observation_id: str, row: dict[str, Any], register: Register) -> About:
    found = check(register, [row["site_id"]])
    linked = {"rests on it": _resting(found, observation_id)}
    if source := row.get("source_claim_id"):
        linked["comes from"] = _lines(register.claims[register.claims["claim_id"] == source])
    full = register.observations[register.observations["observation_id"] == observation_id]
    title = _observed(full)[0].removeprefix(observation_id).strip()
    return About(Thing.OBSERVATION, observation_id, title, row, _kept(linked))


def _group(group: str, register: Register) -> About:
    claims = register.claims[register.claims["independence_group"] == group]
    seen = register.observations[register.observations["independence_group"] == group]
    reasons = tuple(dict.fromkeys(r for r in claims["group_reason"] if r))
    title = f"{len(claims)} claims and {len(seen)} observations that have one source and so count once"
    linked = {"why": reasons, "claims": _lines(claims), "observations": _observed(seen)}
    return About(Thing.GROUP, group, title, {}, _kept(linked))


def _relation(relation: str, row: dict[str, Any], register: Register) -> About:
    support = register.relation_support[register.relation_support["relation"] == relation]
    lines = tuple(
        ", ".join(f"{name} {_cell(cell)}" for name, cell in _held(one).items() if name != "relation")
        for one in support.to_dict("records")
    )
    title = f"{row.get('to', '')} per {row.get('from', '')}: {' to '.join(_ends(row))} {row.get('unit', '')}"
    return About(Thing.RELATION, relation, title, row, _kept({"set by": lines}))


def _ends(row: Mapping[str, Any]) -> list[str]:
    return [_cell(row[end]) for end in ("low", "high") if end in row]


def _chip(chip: str, row: dict[str, Any], register: Register) -> About:
    naming = register.claims[[chip in chip_families(model) for model in register.claims["chip_model"]]]
    title = f"{row['family']}, {row['it_kw_best']:g} kW of IT a chip"
    return About(Thing.CHIP, chip, title, row, _kept({"claims that name it": _lines(naming)}))


def _calibration(calibration_id: str, row: dict[str, Any], register: Register) -> About:
    title = f"{row['site']}: {row['observable_kind']} against {row['truth_kind']}"
    support = register.relation_support
    used = tuple(support[support.eq(calibration_id).any(axis=1)]["relation"])
    return About(Thing.CALIBRATION, calibration_id, title, row, _kept({"sets": used}))


_OF = {
    Thing.CLAIM: _claim,
    Thing.OBSERVATION: _observation,
    Thing.RELATION: _relation,
    Thing.CHIP: _chip,
    Thing.CALIBRATION: _calibration,
}


def _capture_of(text: str, captures: Iterable[Entry]) -> Entry | None:
    """Return the first capture whose SHA-256 begins with a text of at least DIGEST_LENGTH hexadecimal digits."""
    wanted = text.strip().casefold()
    if len(wanted) < DIGEST_LENGTH or set(wanted) - set("0123456789abcdef"):
        return None
    return next((entry for entry in captures if entry.sha256.startswith(wanted)), None)


def _capture(entry: Entry, register: Register) -> About:
    row = {name: value for name, value in entry.to_row().items() if value not in (None, "", [], ())}
    claims = register.claims[register.claims["source_url"].isin([entry.url, entry.copy_of or entry.url])]
    title = f"{entry.url}, {entry.kind}, {entry.time}"
    return About(Thing.CAPTURE, entry.sha256, title, row, _kept({"claims of this address": _lines(claims)}))
