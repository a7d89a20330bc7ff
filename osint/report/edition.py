"""Which edition of the data a page was made from: newest document, counts, versions, how to cite."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, fields

from osint import __version__
from osint.model import Dossier
from osint.register import Register, csv_text
from osint.report.sources import Sources
from osint.report.words import counted

TITLE = "osint-datacentres: checking announced data centres against filings, physics and pictures"
AUTHORS = "the osint-datacentres authors"
LICENCE = "Code: MIT. Tables and figures: CC BY 4.0. Quotes belong to their publishers."
CONTACT = "an issue in the repository of osint-datacentres, or your own desk for a case of your own"
DIGEST_LENGTH = 12  # hexadecimal digits of the digest that are printed


@dataclass(frozen=True, slots=True)
class Edition:
    """What a page was made from."""

    newest: dt.date | None
    """Day of the newest document, the first day that its date allows; None where none is dated."""
    documents: int
    claims: int
    groups: int
    """Independent groups of documents."""
    pictures: int
    """Observations made for this case, none of which comes from a claim on file."""
    relayed: int
    """Observations by others."""
    data: str
    """First digits of the SHA-256 of the tables."""
    code: str = __version__

    @classmethod
    def of(cls, register: Register, dossier: Dossier, sources: Sources) -> Edition:
        """Count the rows and digest the tables of a register."""
        rows = [row for of_site in dossier.observations.values() for row in of_site]
        return cls(
            newest=max((c.date.first for c in dossier.all_claims if c.date), default=None),
            documents=len(sources.listed),
            claims=len(dossier.all_claims),
            groups=len({c.independence_group for c in dossier.all_claims}),
            pictures=sum(not row.source_claim_id for row in rows),
            relayed=sum(bool(row.source_claim_id) for row in rows),
            data=digest(register)[:DIGEST_LENGTH],
        )

    def as_of(self) -> str:
        """Return the line under the answer."""
        newest = f"As of {self.newest.isoformat()}, the day of the newest document" if self.newest else "Undated"
        seen = f"{counted(self.pictures, 'observation')} of our own"
        return (
            f"{newest}. Made from {counted(self.claims, 'statement')} in {counted(self.documents, 'document')} "
            f"({counted(self.groups, 'independent group')}), {seen}, and {self.relayed or 'none'} by "
            f"others. Data version {self.data}."
        )

    def cite(self) -> str:
        """Return how the page is to be cited."""
        day = f", documents to {self.newest.isoformat()}" if self.newest else ""
        return f"{AUTHORS}, {TITLE}, code version {self.code}, data version {self.data}{day}."


def digest(register: Register) -> str:
    """Return the SHA-256 of the tables of a register, as they are written."""
    total = hashlib.sha256()
    for field in fields(register):
        total.update(f"{field.name}\n{csv_text(getattr(register, field.name))}".encode())
    return total.hexdigest()
