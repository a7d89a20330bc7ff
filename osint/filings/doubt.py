"""Why a number in a filing must not be taken as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DoubtKind(StrEnum):
    """Kinds of doubt; the words are completed by the detail of the doubt."""

    FONT_DIFFERS = "text layer and picture disagree: the font draws other digits than the text says"
    PAGE_FONT_DIFFERS = "text layer and picture disagree: the page's font {} draws other digits than the text says"
    PAGE_FONT_MISSING = "set in a font of the page's own ({}) that is not in the file: compare with the page as drawn"
    PRIVATE_USE = "check: private-use characters stand in the number, only a web font draws them"
    HIDDEN_LAYER = "text layer laid invisibly over a picture, read by an unknown machine: check against the picture"
    BY_MACHINE = "read by machine: check against the picture"
    READINGS_DIFFER = "check: two readings disagree, {}"
    SUSPECT = "check: {}"
    COLUMN = "column in doubt: {}"

    @property
    def refuses(self) -> bool:
        """Whether a number under this doubt loses its value."""
        return self not in (DoubtKind.PAGE_FONT_MISSING, DoubtKind.HIDDEN_LAYER, DoubtKind.BY_MACHINE)


@dataclass(frozen=True, order=True, slots=True)
class Doubt:
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

    def moved(self, by: int) -> Doubt:
        """Return the same doubt in a text in which this one begins at the offset `by`."""
        return Doubt(self.start + by, self.end + by, self.kind, self.detail)
