"""The first cell of every notebook: open a case, name a site, and say errors in one sentence."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec
from urllib.parse import quote

from osint import model
from osint.case import Case, Site, open_case
from osint.errors import NotFoundError, OsintError
from osint.model import Dossier
from osint.notebook.shows import Said, Shown
from osint.register import TIERS, Claim, shipped_tables
from osint.report import COPIES, followed
from osint.verdict import Finding, Found

P = ParamSpec("P")
TESTED = ("chips", "servers", "pflops", "it_mw", "facility_mw", "power_mw", "racks")
"""Quantities of which the largest claim is the one that a notebook speaks of, the first that a site has."""
NO_NUMBER = "No number is on file for this site that a hall could be tested against, so there is nothing to ask here."
NO_SITE = "This case has no site yet. Next: notebook 01, which puts one there."


SHIPPED = "the shipped register"


def data_dir_shipped() -> Path:
    """Return the data folder whose tables come with the program."""
    return shipped_tables().resolve().parent


@dataclass(frozen=True, eq=False)
class Desk:
    """What every cell of a notebook works on: a case, one of its sites, and whether pictures are a SIMULATED demo."""

    case: Case
    site_id: str
    """Empty where the case has no site."""
    demo: bool = True

    @property
    def site(self) -> Site:
        """The site; raises NotFoundError where the case has none."""
        if not self.site_id:
            raise NotFoundError(NO_SITE)
        return self.case.site(self.site_id)

    @property
    def case_name(self) -> str:
        """Name of the case; that of the shipped one does not depend on the folder that it lies in."""
        return SHIPPED if (self.case.path.resolve() == data_dir_shipped()) else self.case.name

    @property
    def dossier(self) -> Dossier:
        """The rows of the case as records, as they are now."""
        return self.case.dossier

    @cached_property
    def _found(self) -> dict[int, Found]:
        return {}

    @property
    def found(self) -> Found:
        """The findings on the site, worked out once for the rows as they are."""
        key = id(self.dossier)
        if key not in self._found:
            self._found.clear()
            self._found[key] = self.site.check()
        return self._found[key]

    @property
    def principal(self) -> Finding | None:
        """The finding on the largest claim of chips, else of servers, compute or power; None without a number."""
        return principal_of(self.found)

    def __repr__(self) -> str:
        stamp = "SIMULATED pictures. " if self.demo else ""
        return f"{stamp}{self.site if self.site_id else NO_SITE}"

    def _repr_html_(self) -> str:
        return Said((repr(self),)).html()


def principal_of(found: Found) -> Finding | None:
    """Return the finding on the largest claim of the first of TESTED that was claimed; None without a number.

    Of equal numbers it is that of the source nearest to the fact, so that a rewrite is not cited for its original.
    """
    judged = [f for f in found.judged if not f.claim.error_test and f.claim.claimed == f.claim.claimed]
    for quantity in TESTED:
        if of_it := [f for f in judged if f.claim.quantity == quantity]:
            return min(of_it, key=lambda f: (-f.claim.claimed, TIERS.index(f.claim.source_tier), f.claim.claim_id))
    return None


def begin(case: str | Path | None = None, site: str = "", *, demo: bool = True) -> Desk:
    """Open a case (None is the one that is shipped) at one of its sites; the first cell of every notebook.

    `site` is an id or a name; with `demo` pictures come from a SIMULATED world on this machine, and no network is
    asked. From here on a fault in a cell is one sentence, with the traceback folded below it. Raises NotFoundError
    where the case is not there or has no site of this name.
    """
    _speak_plainly()
    opened = open_case(case)
    known = bool(opened.dossier.sites)
    return Desk(opened, opened.site(site).id if site and known else "", demo)


def of_a_site(show: Callable[P, Shown]) -> Callable[P, Shown]:
    """Make a function of a desk say that the case has no site, instead of failing."""

    @functools.wraps(show)
    def shown(*args: P.args, **named: P.kwargs) -> Shown:
        desk = args[0]
        if isinstance(desk, Desk) and not desk.site_id:
            return Said((NO_SITE,))
        return show(*args, **named)

    return shown


def of_a_number(none: str) -> Callable[[Callable[[Desk, Finding], Shown]], Callable[[Desk], Shown]]:
    """Make a function of a desk and its principal finding say `none` where no number is on file."""

    def made(show: Callable[[Desk, Finding], Shown]) -> Callable[[Desk], Shown]:
        @of_a_site
        @functools.wraps(show)
        def shown(desk: Desk) -> Shown:
            finding = desk.principal
            return Said((none,)) if finding is None else show(desk, finding)

        return shown

    return made


def _speak_plainly() -> None:
    """In a kernel, show an error of this library as its sentence, with the trace one press away."""
    if "IPython" not in sys.modules:
        return
    from IPython.core.getipython import get_ipython

    shell = get_ipython()  # type: ignore[no-untyped-call,unused-ignore]
    if shell is not None:
        shell.set_custom_exc((OsintError, NameError), _show_error)  # type: ignore[no-untyped-call,unused-ignore]


def _show_error(
    shell: Any, kind: type[BaseException], error: BaseException, trace: TracebackType, tb_offset: int | None = None
) -> list[str]:
    import traceback

    from IPython.display import HTML, display

    sentence = f"{error}."
    if isinstance(error, NameError) and not isinstance(error, OsintError):
        if error.name not in {"desk", "notebook", "look", "CASE", "SITE", "DEMO"}:
            shell.showtraceback((kind, error, trace), tb_offset=tb_offset)
            return []
        sentence = f"{error.name} is not there yet: run the cells above first, from the first one."
    lines = "".join(traceback.format_exception(kind, error, trace))
    display(HTML(error_html(sentence, lines)))  # type: ignore[no-untyped-call,unused-ignore]
    return [sentence]


def error_html(sentence: str, trace: str) -> str:
    """Return an error as its sentence, with its trace folded until it is asked for."""
    from markupsafe import escape

    return (
        f'<div role="alert" style="border-left:4px solid #D55E00;padding-left:8px">{escape(sentence)}'
        f"<details><summary>where in the program</summary><pre>{escape(trace)}</pre></details></div>"
    )


def unit_of(finding: Finding) -> str:
    """Return the unit of a claimed number without what the model reads into it."""
    return model.unit_of(finding.claim.quantity).split(",")[0]


def page_of(claim: Claim) -> tuple[tuple[str, str], ...]:
    """Return the page of a claim and the list of its copies as links; a host that is not known is not opened live."""
    url = claim.source_url
    copies = ("copies of it", COPIES + quote(url, safe=":/?&=%#"))
    live = followed(url, claim.source_tier, claim.source_publisher) == url
    return () if not url else (("page", url), copies) if live else (copies,)
