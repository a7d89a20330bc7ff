"""A third look where two contradict each other: what to get, where, of which days, and with which verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from osint.model import CONFIRMED, Dossier
from osint.verdict.bearing import HALL_AREAS, Sight, day_text
from osint.verdict.finding import Finding
from osint.verdict.judge import judge
from osint.verdict.rules import Outcome

SHARP_ZOOM = 17  # of map tiles: about 1 m


@dataclass(frozen=True, slots=True)
class ThirdLook:
    """What would settle a contradiction between observers."""

    observation: str
    where: str
    run: str
    """Line of the command `osint` that begins the work; empty where it has none."""

    def text(self) -> str:
        """Return it in one line."""
        return f"{self.observation}: {self.where}" + (f" (run: {self.run})" if self.run else "")


def third_look(finding: Finding, dossier: Dossier) -> ThirdLook | None:
    """Return the look that would settle the conflict of a finding; None where it has none."""
    if finding.outcome != Outcome.CONFLICT:
        return None
    rows, statements = finding.decided_by, finding.seen.statements
    sides = dict.fromkeys([*(s.row.observer for s in rows), *(c.claimant for c in statements)])
    days = [*(s.first for s in rows), *(s.last for s in rows), *(c.day for c in statements)]
    start, end = day_text(min(days)), day_text(max(days))
    parts = sorted({s.row.part for s in rows if s.row.part})
    place = f"{finding.claim.site_id}{', ' if parts else ''}{', '.join(parts)}"
    at = _position(rows)
    what, run = _what(rows, finding.claim.site_id, at, start, end, dossier)
    days_told = f"about {start}" if start == end else f"from {start} to {end}"
    told = f"{place}{f' at {at}' if at else ''}, {days_told}: {what}"
    return ThirdLook(f"a third look, by neither {' nor '.join(sides)}", told, run)


def _position(rows: Sequence[Sight]) -> str:
    """Return where the surest of the looks that give a coordinate was, as longitude and latitude; empty without one."""
    placed = [s for s in rows if s.row.lat is not None and s.row.lon is not None]
    if not placed:
        return ""
    surest = max(placed, key=lambda s: (s.p_place, -(s.row.position_error_m or 0.0), s.row.observation_id))
    return f"{surest.row.lon:.5f},{surest.row.lat:.5f}"


def _what(rows: Sequence[Sight], site_id: str, at: str, start: str, end: str, dossier: Dossier) -> tuple[str, str]:
    """Return what to get and the line that begins it: stages by a series, areas by a sharp picture, else papers."""
    quantities = {s.row.quantity for s in rows if s.sized}
    site = dossier.sites[site_id]
    if any(s.missing is not None for s in rows) or not quantities:
        line = f"osint observe --at {at}" if at else f"osint look {site_id}" if site.is_near_enough else ""
        run = f"{line} --start {start} --end {end}" if line else ""
        return "dated pictures", run
    if quantities <= HALL_AREAS:
        run = f"osint tiles {at or site_id} --zoom {SHARP_ZOOM}" if at or site.lat is not None else ""
        return "a dated picture of 1 m or sharper on which each roof is drawn and measured", run
    return "a paper of the power supply, the plant or the meter, or a visit", ""


def third_looks(site_id: str, dossier: Dossier, claim_id: str | None = None) -> list[ThirdLook]:
    """Return the looks that would settle what observers of a site contradict each other on, of all claims or of one."""
    if sum((o.p_place or 0) >= CONFIRMED for o in dossier.observations[site_id]) == 0:
        return []
    claims = [c for c in dossier.claims[site_id] if claim_id in {None, c.claim_id}]
    found = (third_look(judge(claim, dossier), dossier) for claim in claims)
    return list(dict.fromkeys(look for look in found if look is not None))
