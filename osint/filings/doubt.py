"""Why a number in a filing must not be taken as it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

UNNAMED = "\ufffd"
"""what stands in a text for a character that is drawn and has no name in the file"""
LONGEST_DOUBT = 400
"""characters of the longest passage that one doubt covers"""


class DoubtKind(StrEnum):
    """Kinds of doubt; the words are completed by the detail of the doubt."""

    FONT_DIFFERS = "text layer and picture disagree: the font draws other digits than the text says"
    PAGE_FONT_DIFFERS = "text layer and picture disagree: the page's font {} draws other digits than the text says"
    PAGE_FONT_MISSING = "set in a font of the page's own ({}) that is not in the file: compare with the page as drawn"
    PRIVATE_USE = "check: private-use characters stand in the number, only a web font draws them"
    UNNAMED = "check: a character beside the number has a shape and no name in the file"
    HIDDEN_LAYER = "text layer laid invisibly over a picture, read by an unknown machine: check against the picture"
    HIDDEN = "hidden in the file: perhaps not meant to be read"
    BY_MACHINE = "read by machine: check against the picture"
    READINGS_DIFFER = "check: two readings disagree, {}"
    SUSPECT = "check: {}"

    @property
    def refuses(self) -> bool:
        """Whether a number under this doubt loses its value."""
        return self not in (
            DoubtKind.PAGE_FONT_MISSING, DoubtKind.HIDDEN_LAYER, DoubtKind.HIDDEN, DoubtKind.BY_MACHINE,
        )  # fmt: skip


@dataclass(frozen=True, order=True, slots=True)
class FilingDoubt:
    """A passage in which a number must not be taken as it stands."""

    start: int
    """offset of its first character"""
    end: int
    """offset behind its last character"""
    kind: DoubtKind
    """why it is doubtful"""
    detail: str = ""
    """what completes the words of the kind: a font, two numbers, a slip"""

    @property
    def sentence(self) -> str:
        """Return the reason in words."""
        return self.kind.format(self.detail)


def hidden_doubts(spans: list[tuple[int, int]]) -> list[FilingDoubt]:
    """Return the doubts of passages that a file hides."""
    return [
        FilingDoubt(at, min(at + LONGEST_DOUBT, end), DoubtKind.HIDDEN)
        for start, end in spans
        for at in range(start, end, LONGEST_DOUBT)
    ]


_PAGES_NAMED = 8


def listed_pages(pages: Sequence[int]) -> str:
    """Return the first eight of some page numbers in words, each once."""
    once = list(dict.fromkeys(pages))
    return ", ".join(map(str, once[:_PAGES_NAMED])) + ("..." if len(once) > _PAGES_NAMED else "")


class BlockedReason(StrEnum):
    """Why a page holds nothing to be read, in the words for a reader."""

    SCRIPT = (
        "no text: the page is built by script; open it in a browser and save it, or print it and take the PDF in with "
        "`osint capture`"
    )
    LOGIN = "no text but a form to log in: open the page in a browser and save it"
    REFUSED = "no text but a refusal or a check for robots: wait, then open the page in a browser and save it"
    FRAME = "no text of its own: the page shows another in a frame or sends on to it; capture that address"
    TWICE = "the text looks decoded twice: fetch the page again, or save it from a browser"
    LOST = "question marks stand where letters were: the text was damaged when it was saved; fetch it again"
    EMPTY = "the file is empty of words, which says nothing of the document: fetch it again"


_FEW_WORDS = 120
"""characters of a page up to which it is a shell"""
_NO_QUANTITY = re.compile(
    r"(?:©|版权所有|copyright|ICP|公网安备|事件ID|[Vv](?=\d)|电话|热线|支持)[^。;；<]{0,40}|"
    r"40[0-9] ?(?=forbidden|unauthorized)",
    re.IGNORECASE,
)
"""what holds digits at the foot of any page"""
_LOGIN = re.compile(r"登录|登陆|请先登|密码|log ?in|sign ?in|password", re.IGNORECASE)
_PASSWORD = re.compile(r"<input[^>]{0,300}type\s{0,3}=\s{0,3}[\"']?password", re.IGNORECASE)
_REFUSES = re.compile(
    r"验证码|访问过于频繁|拦截|拒绝访问|禁止访问|"
    r"forbidden|access denied|unauthori[sz]ed|captcha|are (?:you )?(?:not )?a robot",
    re.IGNORECASE,
)
_FRAME = re.compile(r"<i?frame\b|http-equiv\s{0,3}=\s{0,3}[\"']?refresh", re.IGNORECASE)
_SCRIPT = re.compile(r"<script|<noscript", re.IGNORECASE)
_LEAST_LOST, _LOST = 8, re.compile(r"[?\ufffd]")
_LATIN_PAIRS = re.compile("[\u00c0-\u00ff][\u0080-\u00bf\u0152-\u0161\u2018-\u203a\u20ac\u2122]")
_SAMPLE, _FEWEST = 600, 4


def blocked(source: str, text: str) -> BlockedReason | None:
    """Return why a page holds nothing to be read, by its source and its main text; None where it may be read.

    `source` is empty for a plain text.
    """
    words = "".join(text.split())
    if not words and not source.strip():
        return BlockedReason.EMPTY
    if len(words) <= _FEW_WORDS and not re.search(r"\d", _NO_QUANTITY.sub("", text)):
        if _REFUSES.search(text) and not _PASSWORD.search(source):
            return BlockedReason.REFUSED
        if _PASSWORD.search(source) or (words and _LOGIN.search(text)):
            return BlockedReason.LOGIN
        if _FRAME.search(source) and len(words) * 2 <= _FEW_WORDS:
            return BlockedReason.FRAME
        if _SCRIPT.search(source) and len(words) * 2 <= _FEW_WORDS:
            return BlockedReason.SCRIPT
        if not words:
            return BlockedReason.EMPTY
    lost = len(_LOST.findall(words))
    if lost >= _LEAST_LOST and lost * 3 >= len(words):
        return BlockedReason.LOST
    return BlockedReason.TWICE if _is_decoded_twice(words[:_SAMPLE]) else None


def _is_decoded_twice(words: str) -> bool:
    """Say whether the bytes of a text were read in one codec, written in another and read again."""
    if len(_LATIN_PAIRS.findall(words)) >= _FEWEST and len(_LATIN_PAIRS.findall(words)) * 10 >= len(words):
        return True
    han = re.findall("[一-龥\ue000-\uf8ff]+", words)
    if sum(map(len, han)) < _FEWEST:
        return False
    try:
        back = "".join(han).encode("gb18030").decode("utf-8", "ignore")
    except UnicodeError:
        return False
    return len(re.findall("[一-龥]", back)) * 2 >= len("".join(han))
