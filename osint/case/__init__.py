"""A case: a folder of evidence as something to hold in one's hand, its sites, and what is seen of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osint.case.begin import CaseVersion
from osint.case.case import Case, Hit, new_case, open_case
from osint.case.changed import Change, Entered, changes
from osint.case.reading import ReadDocument, Review, changed_values, read_as
from osint.case.site import Site

if TYPE_CHECKING:
    from osint.case.look import Look, open_look
    from osint.case.looking import look_at, look_at_outline
    from osint.case.own_pictures import OwnPictures
    from osint.case.spotted import SIMULATED, Spotted

__all__ = [
    "SIMULATED",
    "Case",
    "CaseVersion",
    "Change",
    "Entered",
    "Hit",
    "Look",
    "OwnPictures",
    "ReadDocument",
    "Review",
    "Site",
    "Spotted",
    "changed_values",
    "changes",
    "look_at",
    "look_at_outline",
    "new_case",
    "open_case",
    "open_look",
    "read_as",
]

_OF_PICTURES = {
    **dict.fromkeys(("Look", "open_look"), "look"),
    **dict.fromkeys(("SIMULATED", "Spotted"), "spotted"),
    **dict.fromkeys(("look_at", "look_at_outline"), "looking"),
    "OwnPictures": "own_pictures",
}
"""Names that need the readers of pictures, which take long to import, and the module of each."""


def __getattr__(name: str) -> Any:
    if name not in _OF_PICTURES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_OF_PICTURES[name]}"), name)
