"""Sign a packet off: a line of a log beside it that names passport and list, and is void when either changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from osint import chain, files
from osint.errors import BadInputError, RefusedError
from osint.packet.build import open_packet, renew_zip
from osint.passport import REVIEW, digest_of, private_in


class ReviewRole(StrEnum):
    """Who signs."""

    MAKER = "maker"
    CHECKER = "checker"
    EDITOR = "editor"
    LAWYER = "lawyer"


class SignOffDecision(StrEnum):
    """What is decided."""

    APPROVE = "approve"
    CHANGES = "changes"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class SignOff:
    """One line of the log of sign-offs."""

    passport_id: str
    packet_sha256: str
    """Digest of the list of the packet, and by it of all its files."""
    role: ReviewRole
    who: str
    decision: SignOffDecision
    note: str
    time: str
    """UTC, by the clock of who signed."""

    def to_row(self) -> Mapping[str, str]:
        """Return the line."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Signed:
    """A sign-off that was written."""

    line: SignOff
    zip: Path | None
    """The zip beside the packet, which holds it too; None where no zip of this packet lies there."""


def sign_off(
    packet: str | Path, *, role: str, decision: str, who: str, note: str = "", time: str | None = None
) -> Signed:
    """Add a sign-off to the log of a packet (a folder), and to the zip of this packet beside it.

    Raises RefusedError for a packet that is not as its list says, and where one person would make and check it;
    BadInputError for a role or a decision that is none, `changes` and `hold` without a note, and a zip.
    """
    if role not in set(ReviewRole) or decision not in set(SignOffDecision):
        raise BadInputError(
            f"{role!r} decides {decision!r}; a role is one of {', '.join(ReviewRole)}, a decision one of "
            f"{', '.join(SignOffDecision)}"
        )
    folder = Path(packet)
    if folder.is_file():
        raise BadInputError(
            f"{folder} is a zip, and a sign-off is a file in the folder; sign the folder, or unpack it first"
        )
    if not who.strip() or len(who) > 80 or private_in(who) or re.search(r"[\x00-\x1f]", who):
        raise BadInputError("`who` is a name or a pseudonym of one line, without an e-mail address")
    if decision != SignOffDecision.APPROVE and not note.strip():
        raise BadInputError(f"{decision} needs a `note`: what must change, or what it waits for")
    opened = open_packet(folder)
    if opened.checked.status:
        raise RefusedError(
            f"{folder} is {opened.checked.verdict}: {opened.checked.shown[0]}; sign a packet that is intact"
        )
    maker = str(opened.view.core.get("people", {}).get("made_by", ""))
    roles = {(str(row.get("who", "")).casefold(), row.get("role")) for row in opened.view.reviews}
    roles |= {(maker.casefold(), ReviewRole.MAKER.value)} if maker else set()
    name = who.strip().casefold()
    clash = {ReviewRole.CHECKER: ReviewRole.MAKER, ReviewRole.MAKER: ReviewRole.CHECKER}.get(ReviewRole(role))
    if clash is not None and (name, clash.value) in roles:
        raise RefusedError(f"{who} is its {clash}; somebody else must be its {role}")
    when = time or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = SignOff(
        opened.passport.id,
        digest_of(opened.listing),
        ReviewRole(role),
        who.strip(),
        SignOffDecision(decision),
        note.strip(),
        when,
    )
    files.refuse_link(folder / REVIEW)
    chain.append(folder / REVIEW, [made.to_row()])
    return Signed(made, renew_zip(folder))
