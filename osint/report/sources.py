"""The documents behind the claims as numbered sources, each a link where its address is one, with its archived copy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from osint.model import Dossier
from osint.register import Claim, Tier
from osint.report.words import day_words, words_for

ADDRESS = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:()]")
"""An address that a page may link to; no other scheme is ever a link."""
COPIES = "https://web.archive.org/web/*/"
"""Where the Wayback Machine lists its copies of an address, if it has any; asked only when a reader follows it."""
_ARCHIVES = ("web.archive.org", "archive.org", "megalodon.jp", "archive.ph", "archive.today", "archive.is", "perma.cc")
_RETOLD = frozenset(
    {Tier.COMPANY_FILING_COPY, Tier.TENDER_DIGEST, Tier.MIRROR, Tier.SECONDARY, Tier.BLOG, Tier.UNSOURCED}
)
"""Kinds of publishers that hand on what others wrote, at hosts that change hands."""
_SAYS_COPY = re.compile(r"\b(?:copy|mirror|via)\b", re.I)
"""In the name of a publisher: the page is at the host of somebody else."""
_OF_RECORD = re.compile(
    r"(?:.+[.])?(?:(?:gov|edu|mil|int|ac)(?:[.][a-z]{2})?|(?:arxiv|doi|top500|openstreetmap|wikipedia)[.]org|(?:nvidia|github)[.]com)"
)
"""Hosts of governments, universities, registries and makers of chips, which are opened whoever names them."""
_COPIED_ON = re.compile(r"(?:/web/|/ref/|/)(\d{4})-?(\d{2})-?(\d{2})")


@dataclass(frozen=True, slots=True)
class Source:
    """One document."""

    number: int
    publisher: str
    kind: str
    """Kind of publisher, in words."""
    date: str
    """Date of the document, in words."""
    address: str
    """As the register has it."""
    link: str
    """Where a page leads to, by `followed`; empty where the address is none of the web."""
    strange: bool
    """Whether its host is not known to be the publisher's, so that no page leads to it."""
    archived: str
    """Where a web archive keeps a copy, in words; empty where none is known."""
    captured: str
    """When this case captured it last, and the digest of what came; empty where it keeps none."""
    claim_ids: tuple[str, ...]


@dataclass(frozen=True)
class Sources:
    """Every document of a case."""

    listed: tuple[Source, ...]
    """In the order in which the claims first name them."""
    by_claim: Mapping[str, Source]

    @classmethod
    def of(cls, dossier: Dossier, captures: Mapping[str, str] | None = None) -> Sources:
        """Return the documents, numbered: one for each address, or for each publisher and date without an address.

        `captures` are those of the case by address, as `OnFile` has them.
        """
        found: dict[str, list[Claim]] = {}
        for claim in dossier.all_claims:
            day = claim.date.text if claim.date else ""
            found.setdefault(claim.source_url or f"{claim.source_publisher}|{day}", []).append(claim)
        kept = captures or {}
        listed = tuple(_source(number, claims, kept) for number, claims in enumerate(found.values(), start=1))
        return cls(listed, {claim_id: source for source in listed for claim_id in source.claim_ids})


def _source(number: int, claims: list[Claim], captures: Mapping[str, str]) -> Source:
    first = claims[0]
    publishers = dict.fromkeys(c.source_publisher for c in claims)
    address = first.source_url.strip()
    published = min(publishers, key=lambda name: not _SAYS_COPY.search(name))
    whole = address if ADDRESS.fullmatch(address) or re.fullmatch(r"https?://[^\s<>\"']+", address) else ""
    return Source(
        number=number,
        publisher=", ".join(publishers),
        kind=words_for(first.source_tier.value),
        date=day_words(first.date),
        address=address,
        link=followed(whole, first.source_tier, published),
        strange=bool(whole) and followed(whole, first.source_tier, published) != whole,
        archived=archived(whole),
        captured=captures.get(first.source_url, ""),
        claim_ids=tuple(c.claim_id for c in claims),
    )


def followed(address: str, tier: str = "", publisher: str = "") -> str:
    """Return where a page leads to for a source: to the list of its archived copies, unless the host is known.

    Known are hosts of record, web archives, and a page that its row says is the publisher's own, by its tier and the
    name of the publisher. Others change hands and then serve other things than they did.

    >>> followed("http://mirror.example/a", "mirror"), followed("http://a.gov.cn/b")
    ('https://web.archive.org/web/*/http://mirror.example/a', 'http://a.gov.cn/b')
    """
    is_own = bool(tier) and tier not in _RETOLD and not _SAYS_COPY.search(publisher)
    is_known = is_own or _OF_RECORD.fullmatch(host_of(address)) or archived(address)
    return address if not address or is_known else COPIES + address


def host_of(address: str) -> str:
    """Return the host of an address in lower case, without its port."""
    return re.sub(r"^https?://", "", address).split("/")[0].split(":")[0].lower()


def archived(link: str) -> str:
    """Return where and when an address of a web archive was kept; empty for another address.

    >>> archived("https://megalodon.jp/ref/2025-0710-1432-45/https://x.com:443/a")
    'megalodon.jp, 2025-07-10'
    """
    host = host_of(link)
    if not any(host == name or host.endswith(f".{name}") for name in _ARCHIVES):
        return ""
    day = _COPIED_ON.search(link)
    return f"{host}, {'-'.join(day.groups())}" if day else host
