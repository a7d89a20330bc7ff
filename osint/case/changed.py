"""What rows that were written change: the finding on each claim before and after, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from osint import verdict
from osint.model import Dossier
from osint.register import Claim, Observation
from osint.verdict import Finding

OTHER_PART = "another part was seen"
"""The rule, of osint/verdict/findings.csv, by which a look at one part leaves a claim of the whole untested."""
SAY_PART = (
    "if the claim speaks of the part that was seen, its column `part` in claims.csv has to say so (`osint review "
    "--part` writes it)"
)
MOST_SAME = 4
"""Claims whose finding stays that are told in full; of more the ids."""


@dataclass(frozen=True, slots=True)
class Change:
    """The finding on one claim before and after something was written."""

    before: Finding | None
    """None of a claim that is new."""
    after: Finding

    @property
    def claim(self) -> Claim:
        """The claim that is judged."""
        return self.after.claim

    @property
    def is_other(self) -> bool:
        """Whether another finding is made; else only the room for it, or its reasons, are others."""
        return self.before is None or self.before.outcome != self.after.outcome

    def text(self) -> str:
        """Return what changed and why, as two or three lines."""
        was = "new" if self.before is None else self.before.outcome.value
        number = self.claim.told()
        arrow = f"{was} -> {self.after.outcome.value}" if self.is_other else f"still {was}"
        lines = [f"{self.claim.claim_id} {number}: {arrow}", f"    {self.after.shown()}"]
        room = self.after.room_text()
        return "\n".join([*lines, *([f"    {room}"] if room else [])])


class Entered(tuple[Observation | Claim, ...]):
    """Rows that were written, as a tuple, with what they changed."""

    changed: tuple[Change, ...]

    def __new__(cls, rows: Iterable[Observation | Claim], changed: Iterable[Change]) -> Self:
        """Return the rows with what they changed."""
        made = super().__new__(cls, rows)
        made.changed = tuple(changed)
        return made

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the rows."""
        return tuple(row.observation_id if isinstance(row, Observation) else row.claim_id for row in self)

    def text(self) -> str:
        """Return the ids of the rows, and what they changed and why."""
        count = f"{len(self)} row{'s' * (len(self) != 1)} written"
        lines = [f"{count}: {', '.join(self.ids)}" if self else "nothing was written"]
        other = [change for change in self.changed if change.is_other]
        same = [change for change in self.changed if not change.is_other]
        lines += [change.text() for change in (*other, *(same if len(same) <= MOST_SAME else ()))]
        if len(same) > MOST_SAME:
            ids = ", ".join(change.claim.claim_id for change in same)
            lines.append(f"of {len(same)} claims the finding stays and its reasons or its room are others: {ids}")
        if apart := [change.claim.claim_id for change in self.changed if change.after.rule.name == OTHER_PART]:
            lines.append(f"{', '.join(apart)}: {SAY_PART}")
        if self and not self.changed:
            lines.append("no finding changed, and no figure of room")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()


def judged(dossier: Dossier, site_ids: Iterable[str]) -> dict[str, Finding]:
    """Return the finding on each claim of some sites, by the id of the claim."""
    against = verdict.contradictions(verdict.cross_checks(dossier))
    return {
        claim.claim_id: verdict.judge(claim, dossier, against) for site in site_ids for claim in dossier.claims[site]
    }


def changes(before: dict[str, Finding], after: dict[str, Finding]) -> tuple[Change, ...]:
    """Return the claims whose finding, its sentence or the room for them is another than before."""
    return tuple(
        Change(before.get(claim_id), finding)
        for claim_id, finding in after.items()
        if (old := before.get(claim_id)) is None
        or (old.outcome, old.shown(), old.room_text()) != (finding.outcome, finding.shown(), finding.room_text())
    )
