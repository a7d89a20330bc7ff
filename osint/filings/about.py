"""What a document says of itself, and what it links to."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from osint.filings.facts import FILES, DocumentFacts, joined_url, read_notice
from osint.filings.filing import Filing, Medium

_NOTICE = re.compile(
    r"公告|公示|通知|更正|变更|中标|成交|招标|采购|批复|审查意见|备案|announcement|tender|award|notice", re.IGNORECASE
)
_MOST_LINKS = 100


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a document."""

    address: str
    """absolute where the name of the filing is an address"""
    words: str
    """the words of the link"""


@dataclass(frozen=True)
class About:
    """What a document says of itself, and what it links to."""

    file: str
    """name of the filing"""
    medium: Medium
    """kind of document"""
    facts: DocumentFacts
    """title, publisher, place, project code, parties"""
    published: str
    """date of the document, YYYY-MM-DD or YYYY-MM; empty where unknown"""
    attachments: tuple[Link, ...]
    """files that it links to"""
    related: tuple[Link, ...]
    """other notices that it links to"""
    pages_without_text: tuple[int, ...]
    """scanned pages that were not read"""
    remarks: tuple[str, ...]
    """what a reader must know about the reading"""

    def to_row(self) -> dict[str, Any]:
        """Return the fields as JSON takes them, those of the facts among them, the date as ISO."""
        row = asdict(self)
        facts = row.pop("facts")
        return {"file": row.pop("file"), "medium": row.pop("medium"), **facts, **row}


def about(filing: Filing) -> About:
    """Return what the document says of itself, with the files and notices that it links to."""
    facts, links = filing.facts, list(filing.links)
    published = facts.published.isoformat() if facts.published else ""
    files: set[str] = set()
    notice = None
    if filing.medium is Medium.HTML:
        notice = read_notice(filing.name, filing.data, f"text/html; charset={filing.codec or 'utf-8'}")
    if notice:
        code = facts.project_code or next(iter(notice.project_codes), "")
        title, publisher = facts.title or notice.title, facts.publisher or notice.publisher
        facts = replace(facts, title=title, publisher=publisher, project_code=code)
        published, files = published or notice.date, set(notice.attachments)
        links += [(address, "") for address in notice.attachments] + [(path, stage) for stage, path in notice.related]
    base = filing.name if filing.name.startswith(("http://", "https://")) else ""
    named: dict[str, str] = {}
    for written, words in links:
        address = joined_url(base, written, written)
        named[address] = named.get(address) or words
    files |= {address for address in named if FILES.search(address)}
    stages = tuple(path for _, path in notice.related) if notice else ()
    attachments, related = list[Link](), list[Link]()
    for address, words in named.items():
        if address in files:
            attachments.append(Link(address, words))
        elif _NOTICE.search(words) or address.endswith(stages):
            related.append(Link(address, words))
    return About(
        filing.name, filing.medium, facts, published, tuple(attachments[:_MOST_LINKS]), tuple(related[:_MOST_LINKS]),
        filing.unread, filing.remarks,
    )  # fmt: skip
