"""Check announced data centres and their chip counts against filings, physics and pictures.

Each name below is a room of the library, loaded when it is first used, so that `import osint` costs nothing. The way
from a filing to a finding: `sources` fetches and `archive` keeps, `filings` reads, `claims` finds the quantities,
`register` holds the tables, `geo`, `imagery` and `change` say what stands where and since when, `model` says what that
allows, `verdict` judges each claim, `passport` ties a figure to its sources (`export` writes one), `report` writes the
page, `packet` what an editor signs. `open_case` gives a `Case` with its `Site`s, which holds all of this in one hand.
`demo` serves a SIMULATED world.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osint.errors import OsintError

if TYPE_CHECKING:
    from osint import (
        archive,
        case,
        change,
        claims,
        errors,
        filings,
        geo,
        imagery,
        model,
        notebook,
        packet,
        passport,
        portals,
        register,
        report,
        sources,
        verdict,
    )
    from osint.case import Case, Site, open_case
    from osint.passport.export import export
    from osint.simulated import demo

__version__ = "0.1.0"

__all__ = [
    "Case",
    "OsintError",
    "Site",
    "__version__",
    "archive",
    "case",
    "change",
    "claims",
    "demo",
    "errors",
    "export",
    "filings",
    "geo",
    "imagery",
    "model",
    "notebook",
    "open_case",
    "packet",
    "passport",
    "portals",
    "register",
    "report",
    "sources",
    "verdict",
]


_OF_ROOMS = {"Case": "case", "Site": "case", "open_case": "case", "export": "passport"}
"""Names that are given here, and the room of each."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'osint' has no attribute {name!r}; it has: {', '.join(__all__)}")
    if name in _OF_ROOMS:
        return getattr(import_module(f"osint.{_OF_ROOMS[name]}"), name)
    return import_module("osint.simulated.demo" if name == "demo" else f"osint.{name}")


def __dir__() -> list[str]:
    return list(__all__)
